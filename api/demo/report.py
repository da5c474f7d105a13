"""What the demo prints at its end: the state, how right it is, and where to look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from api.demo.comparison import Difference
from api.simulator.truth import Row, Truth

SHOWN_DIFFERENCES = 20


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """Lines of a table: numbers to the right, the rest to the left."""
    cells = [list(head), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    right = [bool(rows) and isinstance(rows[0][column], int) for column in range(len(head))]
    for number, line in enumerate(cells):
        padded = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        )
        yield ("  " + "  ".join(padded)).rstrip()
        if number == 0:
            yield "  " + "  ".join("─" * width for width in widths)


def state(summary: Sequence[Mapping[str, Any]], rows: Mapping[str, Mapping[str, Row]]) -> list[str]:
    """The money of all orders from the summary, then each kind's rows by status."""
    money: dict[tuple[str, str, str], Counter[str]] = {}
    for line in summary:
        mode = "live" if line["livemode"] else "test"
        key = (line["account"] or "own account", mode, line["currency"] or "none")
        for totals in line["orders"].values():
            money.setdefault(key, Counter()).update(totals)
    names = ("count", "amount", "amount_received", "amount_refunded")
    sums = [[*key, *(totals[name] for name in names)] for key, totals in sorted(money.items())]
    head = ("account", "mode", "currency", "orders", "asked", "received", "refunded")
    counted = []
    for kind, there in rows.items():
        by_status = Counter(str(row.get("status", "known")) for row in there.values())
        said = ", ".join(f"{n} {status}" for status, n in by_status.most_common())
        counted.append([kind, len(there), said])
    lines = ["Money of the orders, in minor units:", *table(head, sums), ""]
    return [*lines, "Rows by status:", *table(("kind", "rows", "by status"), counted)]


def verdict(truth: Truth, wrong: Sequence[Difference]) -> list[str]:
    """How many rows are as they should be, per kind, and what is wrong with the others."""
    bad = {(difference.kind, difference.id) for difference in wrong}
    rows = []
    for kind, known in truth.items():
        of_kind = {row_id for bad_kind, row_id in bad if bad_kind == kind}
        rows.append([kind, len(known) - len(of_kind & known.keys()), len(known)])
    lines = ["Compared with what really happened:", *table(("kind", "right", "known"), rows)]
    lines += [f"  ✗ {difference}" for difference in wrong[:SHOWN_DIFFERENCES]]
    if len(wrong) > SHOWN_DIFFERENCES:
        lines.append(f"  … and {len(wrong) - SHOWN_DIFFERENCES} more")
    return lines


def where_to_look(url: str, key: str, truth: Truth) -> list[str]:
    """Addresses and commands that show more; of an order that something happened to."""
    url = url.rstrip("/")
    orders = sorted(truth.get("orders", {}).values(), key=lambda row: -int(row["events"]))
    lines = ["Where to look:", f"  {url}/docs", f"  {url}/metrics"]
    paths = ["/v1/orders?status=partially_refunded", "/v1/summary", "/v1/projections"]
    if orders:
        busiest = orders[0]
        paths += [
            f"/v1/orders/{busiest['id']}",
            f"/v1/orders/{busiest['id']}?as_of={busiest['created']}",
            f"/v1/orders/{busiest['id']}/timeline",
        ]
    curl = f'curl -s -H "Authorization: Bearer {key}"'
    return [*lines, *(f"  {curl} '{url}{path}'" for path in paths)]


def _text(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
