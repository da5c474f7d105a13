"""A kind is added in one file; table, REST, OpenAPI, docs, totals and README's table follow."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

TRANSFERS = '''
"""Transfers: money moved to a connected account."""

from projections.objects.declaration import StripeObject
from projections.objects.paths import at
from projections.objects.types import Type, lower
from projections.rows.kind import Field, Kind, reads_of

_FIELDS = (
    Field("status", Type.CODE, "`paid`, or `reversed`.", at("reversed"),
          convert=lambda value: "reversed" if value else "paid"),
    Field("amount", Type.INTEGER, "Amount in the minor unit.", at("amount")),
    Field("currency", Type.CODE, "ISO code, lower case.", at("currency"), convert=lower),
    Field("destination", Type.ID, "The account it goes to.", at("destination")),
)

TRANSFER = StripeObject("transfer", event_types=("transfer.*",), reads=reads_of(*_FIELDS))

KIND = Kind(
    name="transfers", object="transfer", about="Money moved to connected accounts.",
    members=(TRANSFER,), fields=_FIELDS, summary=("amount",),
)
'''

PROGRAM = """
import json, sys
from pathlib import Path
import projections
from api.commands.output import kind_type
from scripts.helpers.documents import DOCUMENTS
from tests.api.client import ApiClient
from tests.api.deliveries import event
assert Path(projections.__file__).is_relative_to(Path.cwd()), projections.__file__
client = ApiClient(f"sqlite:///{Path.cwd() / 'ledger.db'}")
transfer = {"object": "transfer", "id": "tr_1", "amount": 500, "currency": "EUR", "reversed": False,
            "destination": {"id": "acct_2"}, "created": 1}
client.store(event(type="transfer.created", data={"object": transfer}))
client.follow()
schema = client.http.get("/openapi.json").get_json()
with client.projections.catalog.engine.connect() as connection:
    view = connection.exec_driver_sql("SELECT id, amount FROM transfers").all()
readme, upcasting, *_ = (text() for text in DOCUMENTS.values())
print(json.dumps({
    "row": client.get("/v1/transfers/tr_1").get_json(),
    "listed": [row["id"] for row in client.items("/v1/transfers?status=paid")],
    "timeline": len(client.items("/v1/transfers/tr_1/timeline")),
    "totals": [item["transfers"] for item in client.items("/v1/summary")],
    "kinds": [item["kind"] for item in client.items("/v1/projections?limit=100")],
    "paths": [path for path in schema["paths"] if "transfers" in path],
    "schemas": [name for name in schema["components"]["schemas"] if "Transfer" in name],
    "summary": "transfers" in schema["components"]["schemas"]["Summary"]["properties"],
    "view": [list(row) for row in view],
    "docs": "Money moved to connected accounts." in client.http.get("/docs").text,
    "command": "transfers" in kind_type().choices,
    "readme": "| `transfers` | Money moved to connected accounts. | `transfer.*` |" in readme,
    "upcasting": "## transfers" in upcasting,
}))
"""


def test_a_kind_is_one_file(tmp_path: Path) -> None:
    """A file beside the others, and nothing else: everything that names kinds names it too."""
    for name in ("ledger", "projections", "api", "tests", "scripts", "docs"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copy(ROOT / "README.md", tmp_path)
    (tmp_path / "projections" / "kinds" / "transfers.py").write_text(TRANSFERS)

    output = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    shown = json.loads(output.splitlines()[-1])

    row = shown.pop("row")
    assert (row["object"], row["status"], row["amount"], row["currency"], row["destination"]) == (
        "transfer", "paid", 500, "eur", "acct_2",
    )  # fmt: skip
    assert shown.pop("totals") == [{"paid": {"count": 1, "amount": 500}}]
    assert "transfers" in shown.pop("kinds")
    assert shown.pop("paths") == [
        "/v1/transfers", "/v1/transfers/{id}", "/v1/transfers/{id}/timeline",
        "/v1/transfers/{id}/fields",
    ]  # fmt: skip
    assert shown.pop("view") == [["tr_1", 500]]
    assert (shown.pop("listed"), shown.pop("timeline")) == (["tr_1"], 1)
    assert shown.pop("schemas") == ["Transfer", "TransferList", "TransferTotal"]
    assert shown == dict.fromkeys(("summary", "docs", "command", "readme", "upcasting"), True)
