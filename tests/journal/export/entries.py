"""Entries of no event: many for the programs that read them, hostile ones for the laws."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

from hypothesis import strategies as st

from projections.journal import accounts
from projections.journal.entry import Book, Entry, Line, Posting
from projections.journal.export.statement import Statement

__all__ = [
    "BEGIN",
    "BOOK",
    "CURRENCIES",
    "STATEMENT",
    "entry_lines",
    "hostile_entries",
    "joined",
    "many_entries",
]

BOOK = Book("acct_1Nx", livemode=True)
STATEMENT = Statement(BOOK, at_position=100_000, before=None, rules_version=1)
# Two decimals, none, three, none but two on the wire; and a fifth.
CURRENCIES = ("eur", "jpy", "kwd", "isk", "usd")
BEGIN = 1_767_225_600  # 2026-01-01

ACCOUNTS = (*accounts.TYPES, accounts.bank("ba_1Nx"), accounts.connect("acct_2"))


def entry(number: int, date: int, lines: tuple[Line, ...], category: str = "charge") -> Entry:
    """The entry of a made-up object with that number."""
    object_id = f"ch_{number:06}"
    posting = Posting(
        BOOK, date, object_id, "charge", f"evt_{number:06}", category, None, lines
    )  # fmt: skip
    return Entry.of(posting, number + 1)


def balanced(
    rng: random.Random, object_id: str, currency: str, counts: tuple[int, ...] = (2, 3, 4)
) -> list[Line]:
    """Lines that sum to zero, on different accounts."""
    names = rng.sample(ACCOUNTS, rng.choice(counts))
    cuts = [0, *(rng.randint(-(10**9), 10**9) for _ in names[1:]), 0]
    return [
        Line(name, object_id, end - begin, currency)
        for name, (begin, end) in zip(names, pairwise(cuts), strict=True)
    ]


def many_entries(count: int) -> Iterator[Entry]:
    """Entries of five currencies, oldest first, some of which are in two."""
    rng = random.Random(count)
    for number in range(count):
        object_id = f"ch_{number:06}"
        currencies = rng.sample(CURRENCIES, 2 if rng.random() < 0.1 else 1)
        lines = [
            line for currency in currencies for line in balanced(rng, object_id, currency)
        ]  # fmt: skip
        yield entry(number, BEGIN + 1_000 * number, tuple(lines))


def joined(parts: Iterator[tuple[str, str]]) -> dict[str, str]:
    """The files of an export."""
    files: dict[str, list[str]] = {}
    for file, text in parts:
        files.setdefault(file, []).append(text)
    return {file: "".join(texts) for file, texts in files.items()}


_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_IDS = st.one_of(st.from_regex(r"[a-z]{2}_[A-Za-z0-9]{1,8}", fullmatch=True), _TEXTS)
_CODES = st.one_of(st.sampled_from(CURRENCIES), _TEXTS.filter(bool))
_NAMES = st.one_of(
    st.sampled_from(list(accounts.TYPES)), _IDS.map(accounts.bank), _IDS.map(accounts.connect)
)
_AMOUNTS = st.integers(-(2**63), 2**63 - 1)


@st.composite
def hostile_entries(draw: st.DrawFn) -> list[Entry]:
    """Some entries with texts as nobody would choose them, oldest first."""
    dates = sorted(draw(st.lists(st.integers(0, 4_000_000_000), max_size=4)))
    return [_hostile(draw, number, date) for number, date in enumerate(dates)]


def _hostile(draw: st.DrawFn, number: int, date: int) -> Entry:
    lines: list[Line] = []
    for currency in draw(st.lists(_CODES, min_size=1, max_size=2, unique=True)):
        amounts = draw(st.lists(_AMOUNTS, min_size=1, max_size=3))
        for amount in [*amounts, -sum(amounts)]:
            lines.append(Line(draw(_NAMES), draw(_IDS), amount, currency))
    posting = Posting(
        BOOK, date, draw(_IDS), draw(_TEXTS), draw(_IDS), draw(_TEXTS), None, tuple(lines)
    )
    return Entry.of(posting, number + 1)


def entry_lines(*amounts: tuple[str, int]) -> list[Entry]:
    """One entry of 2026-01-31 in euros."""
    lines = tuple(Line(account, "ch_000001", amount, "eur") for account, amount in amounts)
    return [entry(1, BEGIN + 30 * 86_400, lines)]
