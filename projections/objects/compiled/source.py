"""The source of the functions that read an object's struct: one line where a walk takes ten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import UNSET

from projections.objects.compiled import steps as parts
from projections.objects.compiled.shape import Node
from projections.objects.declaration import Link, MergedList, Read, StripeObject
from projections.objects.observation import Key, Observation
from projections.objects.types import UNTOLD, Type, coerce

__all__ = ["Source"]

# `is_id` of a text, without the call.
_IS_ID = "x and len(x) <= 255 and x.isascii() and x.isprintable()"
_ABSENT = "x is None or x is UNSET"
_PRESENT = "x is not None and x is not UNSET"

_ENVELOPE = "if scope.account is not None: links[{!r}] = [scope.account]"
# What `order_of_events` goes by, all but how final the object is.
_EVIDENCE = [
    "x = s.status_transitions",
    "reached = len(x) - list(x.values()).count(None) if x.__class__ is dict else 0",
    "n = s.amount_received",
    "if n.__class__ is not int:",
    "    n = s.amount_captured",
    "    if n.__class__ is not int:",
    "        n = s.amount_paid",
    "        if n.__class__ is not int:",
    "            x = s.amount",
    "            n = x if s.captured is True and x.__class__ is int else 0",
    "x = s.payment_status",
    "paid = 1 if x.__class__ is str and x == 'paid' else 0",
    "x = s.amount_refunded",
    "refunded = x if x.__class__ is int else 0",
    "x = s.attempt_count",
    "attempts = x if x.__class__ is int else 0",
]


class Source:
    """Functions being written; each reads the struct of one place of a tree."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.lists_objects = False
        self.names: dict[str, Any] = {
            "UNSET": UNSET, "Observation": Observation, "Key": Key, "add_ids": parts.add_ids,
            "each": parts.each, "odd": parts.odd, "plain_id": parts.plain_id,
            "united": parts.united, "settled": parts.settled, "bent": parts.bent,
        }  # fmt: skip

    def function(self, name: str) -> Callable[..., Any]:
        """One of the functions, compiled with all the others."""
        exec(compile("\n".join(self.lines), "<typed reading>", "exec"), self.names)
        function: Callable[..., Any] = self.names[name]
        return function

    def tell(
        self, thing: StripeObject, node: Node, things: Mapping[str, StripeObject],
        inside: tuple[str, ...] = (),
    ) -> str:  # fmt: skip
        """Writes what appends the observation of a struct, and of those embedded in it."""
        body = [f"if event.type in {self._name('ignores', thing.ignores)}: return"]
        body *= bool(thing.ignores)
        body += ["x = s.id", f"if not (x.__class__ is str and {_IS_ID}): return"]
        body += self._values(thing.all_reads, node, {})
        body.append("links = {}")
        for link in thing.links:
            body += [_ENVELOPE.format(link.to)] if link.envelope else self._link(link, node)
        body.append("all_united = {}")
        for name, unite in thing.merged_lists.items():
            body += self._unite(name, unite, node)
        body += _EVIDENCE
        if thing.from_event_type is not None and not inside:
            body.append(
                f"{self._name('adjust', thing.from_event_type)}(values, event.type, event.created)"
            )
        body.append(
            f"told.append(Observation(Key(scope, {thing.name!r}, s.id), event.event_id, event.type,"
            f" event.created, event.position, {bool(inside)}, event.body, values, links,"
            " all_united, (reached, n, paid), (refunded, attempts)))"
        )
        for embed in thing.embeds:
            if embed.object in things:
                deeper = (*inside, thing.name)
                body += self._embed(embed.object, embed.path, node, things, deeper)
        return self._define("tell", "s, event, scope, told", body)

    def _define(self, name: str, arguments: str, body: list[str]) -> str:
        named = self._name(name, None)
        self.lines += [f"def {named}({arguments}):", *(f"    {line}" for line in body), ""]
        return named

    def _name(self, kind: str, value: Any) -> str:
        name = f"{kind}_{len(self.names)}"
        self.names[name] = value
        return name

    def _walk(self, node: Node, path: str, start: str = "s") -> tuple[list[str], Node | None]:
        """Lines that leave in ``x`` what stands at a path, and its node where it is typed."""
        lines, place = [f"x = {start}"], None if node.is_raw else node
        steps = path.split(".") if path else []
        for index, step in enumerate(steps):
            if step == "*":
                rest = ".".join(steps[index + 1 :])
                inner, end = self._rest(None if place is None else place.item, rest)
                lines += [f"if x.__class__ is list: x = each(x, {inner})",
                          f"elif {_PRESENT}: raise odd()"]  # fmt: skip
                return lines, end
            if step.isdigit():
                lines += [f"if x.__class__ is list: x = x[{step}] if len(x) > {step} else None",
                          f"elif {_PRESENT}: raise odd()"]  # fmt: skip
                place = None if place is None else place.item
            elif place is node and start == "s":
                lines, place = [f"x = s.{node.attribute(step)}"], node.keys[step]
            else:
                lines += self._step(place, step)
                place = None if place is None else place.keys[step]
            if place is not None and place.is_raw:
                place = None
        return lines, place

    def _step(self, place: Node | None, key: str) -> list[str]:
        if place is None:
            found = f"if x.__class__ is dict: x = x.get({key!r}, UNSET)"
        else:
            struct = self._name("Struct", place.struct)
            found = f"if x.__class__ is {struct}: x = x.{place.attribute(key)}"
        # A null stays one; an id where other shapes have the object tells nothing of its inside.
        return [f"if {_PRESENT}:", f"    {found}",
                "    elif x.__class__ is str: x = UNSET", "    else: raise odd()"]  # fmt: skip

    def _rest(self, node: Node | None, path: str) -> tuple[str, Node | None]:
        raw = Node(leaves={"raw"})
        lines, end = self._walk(node or raw, path, "item")
        return self._define("rest", "item", [*lines, "return x"]), end

    def _values(self, reads: tuple[Read, ...], node: Node, blank: Mapping[str, None]) -> list[str]:
        """Lines that leave in ``values`` what the reads find; what is untold keeps its blank."""
        lines: list[str] = []
        for number, read in enumerate(reads):
            *before, last = self._read(read, node)
            # Most values are taken as they are decoded.
            taken = last.removeprefix("x = ") if last.startswith("x = s.") else "x"
            lines += [*before, *([] if taken != "x" else [last]), f"v{number} = {taken}"]
        # One display, made at its full size: storing key by key would have it grow.
        told = ", ".join(f"{read.name!r}: v{number}" for number, read in enumerate(reads))
        lines.append(f"values = {{{told}}}")
        for number, read in enumerate(reads):
            gone = f"values[{read.name!r}] = None" if read.name in blank else (
                f"del values[{read.name!r}]")  # fmt: skip
            lines.append(f"if v{number} is UNSET: {gone}")
        return lines

    def _read(self, read: Read, node: Node) -> list[str]:
        """Lines that leave in ``x`` the value of a read, or ``UNSET``."""
        walks = [self._walk(node, path) for path in read.paths]
        lines = list(walks[0][0])
        for more, _ in walks[1:]:
            # The first that is not null; null where any is there.
            lines += [f"if {_ABSENT}:", "    y = x", *(f"    {line}" for line in more),
                      "    if x is UNSET: x = y"]  # fmt: skip
        if read.items is not None:
            return lines + self._items(read, walks[0][1] if len(walks) == 1 else None)
        of = self._name("read", read)
        if read.fallback is not None:
            lines.append(f"if {_ABSENT}: {self._older(read)}")
        present = f"{'if' if read.fallback is None else 'elif'} {_PRESENT}"
        if read.convert is not None:
            seen = self._name("known", parts.Known(read))
            lines.append(f"{present}: x = {seen}[x] if x.__class__ is str else bent({of}, x)")
        elif not all(_is_typed(read, end) for _, end in walks):
            lines.append(f"{present}: x = settled({of}, x)")
        elif read.type is Type.ID:
            lines.append(f"{present} and x.__class__ is not str: x = plain_id(x)")
        return lines

    def _older(self, read: Read) -> str:
        """What stands in for an absent value, where that hangs on nothing in the snapshot."""
        assert read.fallback is not None
        try:
            value = read.fallback(_Untouched())
        except _Touched:
            return "raise odd()"
        if value is UNTOLD:
            return "x = UNSET"
        return f"x = {self._name('older', coerce(read.type, value, read.name))}"

    def _items(self, read: Read, place: Node | None) -> list[str]:
        item = None if place is None else place.item
        if item is None or item.struct is None or read.convert or read.fallback:
            return [f"if {_PRESENT}: raise odd()"]
        assert read.items is not None
        self.lists_objects = True
        of = self._reading(read.items, item, dict.fromkeys(inner.name for inner in read.items))
        return [f"if x.__class__ is list: x = list(map({of}, x))",
                f"elif {_PRESENT}: raise odd()"]  # fmt: skip

    def _reading(self, reads: tuple[Read, ...], item: Node, blank: Mapping[str, None]) -> str:
        struct = self._name("Struct", item.struct)
        body = [f"if s.__class__ is not {struct}: raise odd()"]
        body += self._values(reads, item, blank)
        return self._define("read", "s", [*body, "return values"])

    def _link(self, link: Link, node: Node) -> list[str]:
        lines = ["found = []"]
        starts = f" and x.startswith({link.prefix!r})" if link.prefix else ""
        for number, path in enumerate(link.paths):
            new = " and x not in found" if number else ""
            lines += [*self._walk(node, path)[0],
                      f"if {_PRESENT}:",
                      "    if x.__class__ is str:",
                      f"        if {_IS_ID}{starts}{new}: found.append(x)",
                      f"    else: add_ids(found, x, {link.prefix!r})"]  # fmt: skip
        return [*lines, f"if found: links[{link.to!r}] = found"]

    def _unite(self, name: str, unite: MergedList, node: Node) -> list[str]:
        lines, place = self._walk(node, unite.path)
        item = None if place is None else place.item
        if item is None or item.struct is None:
            return [*lines, f"if {_PRESENT}: raise odd()", f"all_united[{name!r}] = {{}}"]
        struct = self._name("Struct", item.struct)
        of = self._reading(unite.reads, item, {})
        return [*lines, f"all_united[{name!r}] = united(x, {struct}, {of})"]

    def _embed(
        self, name: str, path: str, node: Node, things: Mapping[str, StripeObject],
        inside: tuple[str, ...],
    ) -> list[str]:  # fmt: skip
        lines, place = self._walk(node, path)
        item = None if place is None else place.item
        if item is None or item.struct is None or name in inside:
            return [*lines, f"if {_PRESENT}: raise odd()"]
        struct = self._name("Struct", item.struct)
        tell = self.tell(things[name], item, things, inside)
        return [*lines,
                "if x.__class__ is list:",
                "    for item in x:",
                f"        if item.__class__ is {struct}"
                f" and (item.object is UNSET or item.object == {name!r}):",
                f"            {tell}(item, event, scope, told)"]  # fmt: skip


class _Touched(Exception):
    """Somebody asked for what is in the snapshot."""


class _Untouched(Mapping[str, Any]):
    """A snapshot nobody may look at."""

    def __getitem__(self, key: str) -> Any:
        raise _Touched

    def __iter__(self) -> Any:
        raise _Touched

    def __len__(self) -> int:
        raise _Touched


def _is_typed(read: Read, place: Node | None) -> bool:
    leaf = None if place is None else place.leaf
    return leaf == (Type.INTEGER if read.type is Type.TIME else read.type)
