"""The module that LEDGER_HANDLERS names: imported from the working directory, and checked."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from api.notify.handler_pool import patterns_of
from api.notify.handlers import HandlersRefused, Notification, check_handlers, load_handlers
from projections import Cause
from tests.notify.conftest import TYPES
from tests.notify.handing import due_to_handler, handler_processes, write_module

URL = make_url("sqlite:////nowhere/ledger.db")


@pytest.fixture(autouse=True)
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The shop's; that of `ledger serve`. What is imported from it is forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
        del sys.modules[name]


def test_a_module_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the working directory and with the environment; the process ends with that."""
    text = (
        "import os, enum\n"  # of Python, though a file here has its name
        "def fulfil(notification, *, priority=1): pass\n"
        "HANDLERS = {os.environ['SHOP_TYPE']: fulfil, 'dispute.*': print, '*': lambda n, c: 1}\n"
    )
    (tmp_path / "enum.py").write_text("raise RuntimeError('not Python s')")
    monkeypatch.setenv("SHOP_TYPE", "order.paid")
    module = write_module(tmp_path, text=text)

    assert patterns_of(module, URL, TYPES) == ("order.paid", "dispute.*", "*")
    assert handler_processes() == []


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("", ["has no HANDLERS", 'HANDLERS = {"order.paid": fulfil}']),
        ("HANDLERS = [print]", ["has a list as its HANDLERS"]),
        ("HANDLERS = {}", ["HANDLERS is empty"]),
        ("HANDLERS = {1: print}", ["types like 'order.paid', 1 is none"]),
        ("HANDLERS = {'order.paid': 'fulfil'}", ["['order.paid'] is no function but 'fulfil'"]),
        ("HANDLERS = {'order.payed': print}", ["'order.payed'", "did you mean", "order.paid"]),
        ("HANDLERS = {'orders.*': print}", ["'orders.*'", "did you mean order.*"]),
        ("HANDLERS = {'*': lambda: 1}", ["must take a notification"]),
        ("HANDLERS = {'*': lambda n, c, m: 1}", ["must take a notification"]),
        ("HANDLERS = {'*': lambda n, *, mailer: 1}", ["must take a notification"]),
        ("async def f(n): pass\nHANDLERS = {'*': f}", ["is async"]),
        ("import shipping", ["No module named 'shipping'", "fulfilment.py, line 1"]),
        ("x = 1\nHANDLERS = {'*': y}", ["NameError: name 'y'", "fulfilment.py, line 2"]),
        ("HANDLERS = {", ["SyntaxError", "fulfilment.py, line 1"]),
        ("import sys; sys.exit('no\\nlicence')", ["SystemExit: no licence"]),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, reasons: list[str]) -> None:
    """In one line that says what is wrong, and where."""
    module = write_module(tmp_path, text=text)
    with pytest.raises(HandlersRefused) as refused:
        check_handlers(module, load_handlers(module), TYPES)
    line = str(refused.value)

    assert line.startswith("LEDGER_HANDLERS=shop.fulfilment: ") and "\n" not in line
    assert [reason for reason in reasons if reason not in line] == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import os; os._exit(5)", "cannot be imported: its process ended with status 5"),
        ("import shipping", "cannot be imported: ModuleNotFoundError: No module named 'shipping'"),
    ],
)
def test_a_module_is_imported_in_a_process_of_its_own(
    tmp_path: Path, text: str, reason: str
) -> None:
    """What it does there is no matter of the ledger's; the process ends with that."""
    with pytest.raises(HandlersRefused) as refused:
        patterns_of(write_module(tmp_path, text=text), URL, TYPES)

    assert str(refused.value).startswith(f"LEDGER_HANDLERS=shop.fulfilment: {reason}")
    assert handler_processes() == []


def test_a_module_that_is_not_there(tmp_path: Path) -> None:
    """The line says where it is looked for, and what is there instead."""
    write_module(tmp_path)
    with pytest.raises(HandlersRefused) as refused:
        load_handlers("shopp.fulfilment")

    assert "No module named 'shopp' (did you mean shop?)" in str(refused.value)
    assert str(tmp_path) in str(refused.value)


def test_a_notification_is_what_a_webhook_says() -> None:
    """Field by field."""
    due = due_to_handler(3, "nothing")
    notification, body = Notification.of(due.body), json.loads(due.body)
    data = body["data"]

    assert notification.timestamp.isoformat() == "2023-11-14T22:13:20+00:00"
    assert notification.cause == Cause(**data["cause"])
    assert notification.type == body["type"]
    for name in ("id", "position", "ordinal", "late", "holds", "object"):
        assert getattr(notification, name) == data[name]
