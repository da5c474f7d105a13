"""The module that LEDGER_HANDLERS names: imported from the working directory, and checked."""

from __future__ import annotations

import json
import os
from pathlib import Path

import psutil
import pytest
from sqlalchemy import make_url

from api.notify.handler_pool import patterns_of
from api.notify.handlers import HandlersRefused, Notification
from projections import Cause
from tests.notify.conftest import TYPES
from tests.notify.handing import due_to_handler, write_module

URL = make_url("sqlite:////nowhere/ledger.db")


def read(directory: Path, text: str, name: str = "fulfilment") -> tuple[str, ...]:
    """The patterns of a module with a text."""
    return patterns_of(write_module(directory, name, text), URL, TYPES)


@pytest.fixture(autouse=True)
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shop's; that of `ledger serve`."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_module_is_read(tmp_path: Path) -> None:
    """From the working directory and with the environment; the process ends with that."""
    text = (
        "import os, enum\n"  # of Python, though a file here has its name
        "def fulfil(notification, *, priority=1): pass\n"
        "HANDLERS = {os.environ['SHOP_TYPE']: fulfil, 'dispute.*': print, '*': lambda n, c: 1}\n"
    )
    (tmp_path / "enum.py").write_text("raise RuntimeError('not Python s')")
    os.environ["SHOP_TYPE"] = "order.paid"
    try:
        assert read(tmp_path, text) == ("order.paid", "dispute.*", "*")
    finally:
        del os.environ["SHOP_TYPE"]
    assert psutil.Process().children() == []


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
        ("import os; os._exit(5)", ["its process ended with status 5"]),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, reasons: list[str]) -> None:
    """In one line that says what is wrong, and where."""
    with pytest.raises(HandlersRefused) as refused:
        read(tmp_path, text)
    line = str(refused.value)

    assert line.startswith("LEDGER_HANDLERS=shop.fulfilment: ") and "\n" not in line
    assert [reason for reason in reasons if reason not in line] == []
    assert psutil.Process().children() == []


def test_a_module_that_is_not_there(tmp_path: Path) -> None:
    """The line says where it is looked for, and what is there instead."""
    write_module(tmp_path)
    with pytest.raises(HandlersRefused) as refused:
        patterns_of("shopp.fulfilment", URL, TYPES)

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
