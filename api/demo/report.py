"""The texts that the demo prints at its end: the state, its comparison, and where to look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from api.demo.comparison import Difference
from api.simulator import Row, Truth
from api.text_table import text_table

DIFFERENCES_SHOWN_MAX = 20


def state(summary: Sequence[Mapping[str, Any]], rows: Mapping[str, Mapping[str, Row]]) -> list[str]:
    """Return the totals of all orders, from the summary, and each kind's rows by status."""
    totals: dict[tuple[str, str, str], Counter[str]] = {}
    for summary_row in summary:
        mode = "live" if summary_row["livemode"] else "test"
        key = (summary_row["account"] or "own account", mode, summary_row["currency"] or "none")
        for status_totals in summary_row["orders"].values():
            totals.setdefault(key, Counter()).update(status_totals)
    names = ("count", "amount", "amount_received", "amount_refunded")
    sums = [[*key, *(counts[name] for name in names)] for key, counts in sorted(totals.items())]
    head = ("account", "mode", "currency", "orders", "amount", "received", "refunded")
    kinds = []
    for kind, kind_rows in rows.items():
        by_status = Counter(str(row.get("status", "known")) for row in kind_rows.values())
        statuses = ", ".join(f"{count} {status}" for status, count in by_status.most_common())
        kinds.append([kind, len(kind_rows), statuses])
    lines = ["Totals of the orders, in minor units:", *text_table(head, sums), ""]
    return [*lines, "Rows by status:", *text_table(("kind", "rows", "by status"), kinds)]


def verdict(truth: Truth, differences: Sequence[Difference]) -> list[str]:
    """Return how many rows of each kind are right, and the first differences."""
    wrong = {(difference.kind, difference.id) for difference in differences}
    rows = []
    for kind, expected in truth.items():
        wrong_ids = {row_id for wrong_kind, row_id in wrong if wrong_kind == kind}
        rows.append([kind, len(expected) - len(wrong_ids & expected.keys()), len(expected)])
    lines = ["Compared with the expected rows:", *text_table(("kind", "right", "expected"), rows)]
    lines += [f"  ✗ {difference}" for difference in differences[:DIFFERENCES_SHOWN_MAX]]
    if len(differences) > DIFFERENCES_SHOWN_MAX:
        lines.append(f"  … and {len(differences) - DIFFERENCES_SHOWN_MAX} more")
    return lines


def verdict_of_notifications(
    expected: Counter[tuple[str, str]], differences: Sequence[Difference]
) -> list[str]:
    """Return how many notifications there have to be, and the first differences."""
    types: Counter[str] = Counter()
    for (_, type), count in expected.items():
        types[type] += count
    frequent = ", ".join(f"{count} {type}" for type, count in types.most_common(4))
    lines = [f"Compared with the {types.total()} expected notifications ({frequent}, …):"]
    lines += [f"  ✗ {difference}" for difference in differences[:DIFFERENCES_SHOWN_MAX]]
    return lines if differences else [*lines, "  each is there once"]


def where_to_look(url: str, key: str, truth: Truth) -> list[str]:
    """Return URLs and commands that show more, of the order with the most events among them."""
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
