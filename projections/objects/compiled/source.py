"""The source code of the generated readers: one line where a generic walk takes ten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import UNSET

from projections.objects.compiled import steps
from projections.objects.compiled.shape import Node
from projections.objects.declaration import Link, Measure, MergedList, Read, StripeObject
from projections.objects.observation import Key, Observation
from projections.objects.types import ABSENT, Type, coerce

__all__ = ["Source"]

# `is_id` of a text, without the call.
_IS_ID = "x and len(x) <= 255 and x.isascii() and x.isprintable()"
_IS_NULL = "x is None or x is UNSET"
_IS_PRESENT = "x is not None and x is not UNSET"

_ENVELOPE = "if scope.account is not None: links[{!r}] = [scope.account]"


class Source:
    """Functions being written; each reads the struct at one node of a tree, called ``s``.

    Lines leave their result in ``x``. ``lists_objects`` is set once a list of objects is read.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.lists_objects = False
        self.names: dict[str, Any] = {
            "UNSET": UNSET, "Observation": Observation, "Key": Key, "add_ids": steps.add_ids,
            "each": steps.each, "odd": steps.odd, "plain_id": steps.plain_id,
            "by_id": steps.by_id, "coerced": steps.coerced, "converted": steps.converted,
        }  # fmt: skip

    def function(self, name: str) -> Callable[..., Any]:
        """One of the functions, compiled with all the others."""
        exec(compile("\n".join(self.lines), "<generated reader>", "exec"), self.names)
        function: Callable[..., Any] = self.names[name]
        return function

    def observe(
        self, declared: StripeObject, node: Node, objects: Mapping[str, StripeObject],
        inside: tuple[str, ...] = (),
    ) -> str:  # fmt: skip
        """Write the function that appends the observation of a struct, and of those in it."""
        body = []
        if declared.ignored_types:
            body.append(f"if event.type in {self._name('types', declared.ignored_types)}: return")
        body += ["x = s.id", f"if not (x.__class__ is str and {_IS_ID}): return"]
        body += self._values(declared.all_reads, node, {})
        body.append("links = {}")
        for link in declared.links:
            body += [_ENVELOPE.format(link.to)] if link.envelope else self._link(link, node)
        body.append("merged = {}")
        for name, merged_list in declared.merged_lists.items():
            body += self._merged_list(name, merged_list, node)
        if declared.from_event_type is not None and not inside:
            from_type = self._name("from_type", declared.from_event_type)
            body.append(f"{from_type}(values, event.type, event.created)")
        body.append(
            f"observations.append(Observation(Key(scope, {declared.name!r}, s.id), event.event_id,"
            f" event.type, event.api_version, event.created, event.position, {bool(inside)},"
            " event.body, values,"
            f" links, merged, {self._measures(declared.progress, node)},"
            f" {self._measures(declared.tie_breakers, node)}))"
        )
        for embed in declared.embeds:
            if embed.object in objects:
                deeper = (*inside, declared.name)
                body += self._embed(embed.object, embed.path, node, objects, deeper)
        return self._define("observe", "s, event, scope, observations", body)

    def _define(self, name: str, arguments: str, body: list[str]) -> str:
        unique = self._name(name, None)
        self.lines += [f"def {unique}({arguments}):", *(f"    {line}" for line in body), ""]
        return unique

    def _name(self, prefix: str, value: Any) -> str:
        name = f"{prefix}_{len(self.names)}"
        self.names[name] = value
        return name

    def _measures(self, measures: tuple[Measure, ...], node: Node) -> str:
        """An expression for the tuple of some measures."""
        calls = [
            f"{self._name('measure', measure.value)}"
            f"({', '.join(f's.{node.attribute(key)}' for key, _ in measure.keys)})"
            for measure in measures
        ]
        return f"({''.join(f'{call}, ' for call in calls)})"

    def _walk(self, node: Node, path: str, start: str = "s") -> tuple[list[str], Node | None]:
        """Lines that leave in ``x`` the value at a path, and its node where it is typed."""
        lines, place = [f"x = {start}"], None if node.is_raw else node
        keys = path.split(".") if path else []
        for index, key in enumerate(keys):
            if key == "*":
                rest = ".".join(keys[index + 1 :])
                inner, end = self._rest(None if place is None else place.item, rest)
                lines += [f"if x.__class__ is list: x = each(x, {inner})",
                          f"elif {_IS_PRESENT}: raise odd()"]  # fmt: skip
                return lines, end
            if key.isdigit():
                lines += [f"if x.__class__ is list: x = x[{key}] if len(x) > {key} else None",
                          f"elif {_IS_PRESENT}: raise odd()"]  # fmt: skip
                place = None if place is None else place.item
            elif place is node and start == "s":
                lines, place = [f"x = s.{node.attribute(key)}"], node.keys[key]
            else:
                lines += self._step(place, key)
                place = None if place is None else place.keys[key]
            if place is not None and place.is_raw:
                place = None
        return lines, place

    def _step(self, place: Node | None, key: str) -> list[str]:
        if place is None:
            step = f"if x.__class__ is dict: x = x.get({key!r}, UNSET)"
        else:
            struct = self._name("Struct", place.struct)
            step = f"if x.__class__ is {struct}: x = x.{place.attribute(key)}"
        # A null stays null; an id where other shapes have the object says nothing of its inside.
        return [f"if {_IS_PRESENT}:", f"    {step}",
                "    elif x.__class__ is str: x = UNSET", "    else: raise odd()"]  # fmt: skip

    def _rest(self, node: Node | None, path: str) -> tuple[str, Node | None]:
        raw = Node(leaves={"raw"})
        lines, end = self._walk(node or raw, path, "item")
        return self._define("rest", "item", [*lines, "return x"]), end

    def _values(self, reads: tuple[Read, ...], node: Node, blank: Mapping[str, None]) -> list[str]:
        """Lines that leave in ``values`` what the reads yield; absent values keep their blank."""
        lines: list[str] = []
        for number, read in enumerate(reads):
            *before, last = self._read(read, node)
            # Most values are taken as they are decoded.
            source = last.removeprefix("x = ") if last.startswith("x = s.") else "x"
            lines += [*before, *([] if source != "x" else [last]), f"v{number} = {source}"]
        # One display, made at its full size: storing key by key would have it grow.
        display = ", ".join(f"{read.name!r}: v{number}" for number, read in enumerate(reads))
        lines.append(f"values = {{{display}}}")
        for number, read in enumerate(reads):
            if read.name in blank:
                lines.append(f"if v{number} is UNSET: values[{read.name!r}] = None")
            else:
                lines.append(f"if v{number} is UNSET: del values[{read.name!r}]")
        return lines

    def _read(self, read: Read, node: Node) -> list[str]:
        """Lines that leave in ``x`` the value of a read, or ``UNSET``."""
        walks = [self._walk(node, path) for path in read.paths]
        if read.items is not None:
            walks = [(lines + self._items(read, end), end) for lines, end in walks]
        lines = list(walks[0][0])
        for more, _ in walks[1:]:
            # The first that is not null; null where any path is there.
            lines += [f"if {_IS_NULL}:", "    y = x", *(f"    {line}" for line in more),
                      "    if x is UNSET: x = y"]  # fmt: skip
        if read.items is not None:
            # What a fallback makes of the snapshot is a raw list: the generic decoder reads that.
            return [*lines, f"if {_IS_NULL}: raise odd()"] if read.fallback else lines
        name = self._name("read", read)
        if read.fallback is not None:
            lines.append(f"if {_IS_NULL}: {self._fallback(read)}")
        present = f"{'if' if read.fallback is None else 'elif'} {_IS_PRESENT}"
        if read.convert is not None:
            texts = self._name("texts", steps.Converted(read))
            lines.append(
                f"{present}: x = {texts}[x] if x.__class__ is str else converted({name}, x)"
            )
        elif not all(_is_typed(read, end) for _, end in walks):
            lines.append(f"{present}: x = coerced({name}, x)")
        elif read.type is Type.ID:
            lines.append(f"{present} and x.__class__ is not str: x = plain_id(x)")
        return lines

    def _fallback(self, read: Read) -> str:
        """What replaces an absent value, where that depends on nothing in the snapshot."""
        assert read.fallback is not None
        try:
            value = read.fallback(_Untouchable())
        except _Touched:
            return "raise odd()"
        if value is ABSENT:
            return "x = UNSET"
        return f"x = {self._name('fallback', coerce(read.type, value, read.name))}"

    def _items(self, read: Read, place: Node | None) -> list[str]:
        item = None if place is None else place.item
        if item is None or item.struct is None or read.convert:
            return [f"if {_IS_PRESENT}: raise odd()"]
        assert read.items is not None
        self.lists_objects = True
        reads = self._item(read.items, item, dict.fromkeys(inner.name for inner in read.items))
        return [f"if x.__class__ is list: x = list(map({reads}, x))",
                f"elif {_IS_PRESENT}: raise odd()"]  # fmt: skip

    def _item(self, reads: tuple[Read, ...], item: Node, blank: Mapping[str, None]) -> str:
        struct = self._name("Struct", item.struct)
        body = [f"if s.__class__ is not {struct}: raise odd()"]
        body += self._values(reads, item, blank)
        return self._define("item", "s", [*body, "return values"])

    def _link(self, link: Link, node: Node) -> list[str]:
        lines = ["ids = []"]
        starts = f" and x.startswith({link.prefix!r})" if link.prefix else ""
        for number, path in enumerate(link.paths):
            new = " and x not in ids" if number else ""
            lines += [*self._walk(node, path)[0],
                      f"if {_IS_PRESENT}:",
                      "    if x.__class__ is str:",
                      f"        if {_IS_ID}{starts}{new}: ids.append(x)",
                      f"    else: add_ids(ids, x, {link.prefix!r})"]  # fmt: skip
        return [*lines, f"if ids: links[{link.to!r}] = ids"]

    def _merged_list(self, name: str, merged_list: MergedList, node: Node) -> list[str]:
        lines, place = self._walk(node, merged_list.path)
        item = None if place is None else place.item
        if item is None or item.struct is None:
            return [*lines, f"if {_IS_PRESENT}: raise odd()", f"merged[{name!r}] = {{}}"]
        struct = self._name("Struct", item.struct)
        reads = self._item(merged_list.reads, item, {})
        return [*lines, f"merged[{name!r}] = by_id(x, {struct}, {reads})"]

    def _embed(
        self, name: str, path: str, node: Node, objects: Mapping[str, StripeObject],
        inside: tuple[str, ...],
    ) -> list[str]:  # fmt: skip
        lines, place = self._walk(node, path)
        item = None if place is None else place.item
        if item is None or item.struct is None or name in inside:
            return [*lines, f"if {_IS_PRESENT}: raise odd()"]
        struct = self._name("Struct", item.struct)
        observe = self.observe(objects[name], item, objects, inside)
        return [*lines,
                "if x.__class__ is list:",
                "    for item in x:",
                f"        if item.__class__ is {struct}"
                f" and (item.object is UNSET or item.object == {name!r}):",
                f"            {observe}(item, event, scope, observations)"]  # fmt: skip


class _Touched(Exception):
    """A fallback looked into the snapshot."""


class _Untouchable(Mapping[str, Any]):
    """A snapshot that raises when it is looked into."""

    def __getitem__(self, key: str) -> Any:
        raise _Touched

    def __iter__(self) -> Any:
        raise _Touched

    def __len__(self) -> int:
        raise _Touched


def _is_typed(read: Read, place: Node | None) -> bool:
    leaf = None if place is None else place.leaf
    return leaf == (Type.INTEGER if read.type is Type.TIME else read.type)
