"""Prove the books from their rows.

Nothing is trusted but the transfers: every chain that their links make is walked without a gap, every account is
compared with what its chains say, every asset must sum to zero, and plans and trades must say what their postings say.
It works in parts, of so many entries or so many rows: its memory stays bounded however much there is, and it can go on
where it was cut off. Each statement sees one snapshot: postings may go on meanwhile. The triggers make each
contradiction impossible; this finds what came around them. What is proved stands in `wallets.ledger.checks`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from kit import clock, tenancy
from wallets.ledger.checks import ALL, CHECKS, STAGES, Check

COUNTS: Final = """
    SELECT (SELECT count(DISTINCT owner_id) FROM wallets_account), (SELECT count(*) FROM wallets_account),
           (SELECT count(*) FROM wallets_posting), (SELECT count(*) FROM wallets_transfer),
           (SELECT COALESCE(sum(version), 0) FROM wallets_account),
           (SELECT COALESCE(sum(held_version), 0) FROM wallets_account)
"""
SUMS: Final = """
    SELECT asset, sum(balance), COALESCE(sum(balance) FILTER (WHERE kind = 'wallet'), 0)
    FROM wallets_account WHERE version > 0 GROUP BY asset ORDER BY asset
"""
# A part holds as many entries and holds, or rows, as this; a single account may have more.
PART = 500_000
SIZES: Final = "SELECT id, version + held_version FROM wallets_account ORDER BY id"
# What sorting may take before it goes to the disk.
MEMORY: Final = "SET LOCAL work_mem = '64MB'"


@dataclass(frozen=True, slots=True)
class AssetSum:
    """One asset over all accounts (`total`, zero in sound books) and over wallets alone, in units of the asset."""

    asset: str
    total: Decimal
    in_wallets: Decimal


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a check: when it was last asked, and the first contradiction in words, empty where there is none."""

    check: str
    at: datetime
    said: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was counted, and what came of each check; `is_whole` where all of them were done to their end."""

    owners: int
    accounts: int
    postings: int
    transfers: int
    entries: int
    holds: int
    assets: tuple[AssetSum, ...]
    found: tuple[Found, ...]
    checked_at: datetime
    is_whole: bool

    @property
    def contradiction(self) -> str | None:
        """The first that the books hold; a difference to a venue is none."""
        return next((one.said for one in self.found if one.said and CHECKS[one.check].is_of_books), None)

    @property
    def ok(self) -> bool:
        return self.is_whole and not any(one.said for one in self.found)


@dataclass(frozen=True, slots=True)
class Part:
    """Accounts or rows from `first` to `last`, whose checks are made together; of the last stage, one check."""

    stage: str
    first: int
    last: int


Told = Callable[[Part, int, int, Mapping[str, Found]], None]


def verify(
    *,
    owner_id: UUID | None = None,
    after: Part | None = None,
    found: Mapping[str, Found] | None = None,
    only: Collection[str] | None = None,
    told: Told | None = None,
    is_over: Callable[[], bool] = lambda: False,
) -> Report:
    """Recompute everything from entries and holds: of all owners as the system role, or of one as that owner.

    `told` is called after each part with its number, how many there are, and what was found until then, by check; a run
    that was cut off goes on `after` the last that it told of, with what was `found`. It ends early once it `is_over`,
    after one part at least.
    Only those checks are made that are named by `only`, if any are.
    """
    so_far = dict(found or {})
    checks = [check for check in CHECKS.values() if only is None or check.slug in only]
    with _reading(owner_id) as cursor:
        parts = _parts(cursor, checks)
    skipped = parts.index(after) + 1 if after in parts else 0
    is_whole = True
    for number, part in enumerate(parts[skipped:], skipped + 1):
        if number > skipped + 1 and is_over():
            is_whole = False
            break
        with _reading(owner_id) as cursor:
            _prove(cursor, part, checks, so_far)
        if told is not None:
            told(part, number, len(parts), so_far)
    with _reading(owner_id) as cursor:
        return _report(cursor, so_far, is_whole=is_whole)


@contextmanager
def _reading(owner_id: UUID | None) -> Iterator[CursorWrapper]:
    if owner_id is None:
        with transaction.atomic(using=tenancy.SYSTEM_DB_ALIAS), connections[tenancy.SYSTEM_DB_ALIAS].cursor() as cursor:
            cursor.execute(MEMORY)
            yield cursor
    else:
        with tenancy.tenant(owner_id), connections["default"].cursor() as cursor:
            cursor.execute(MEMORY)
            yield cursor


def _prove(cursor: CursorWrapper, part: Part, checks: Sequence[Check], found: dict[str, Found]) -> None:
    for check in [checks[part.first]] if part.stage == ALL else checks:
        for statement in check.statements.get(part.stage, ()):
            said = found[check.slug].said if check.slug in found else ""
            found[check.slug] = Found(check.slug, clock.now(), said or _ask(cursor, statement, part))


def _ask(cursor: CursorWrapper, statement: str, part: Part) -> str:
    # Whole numbers of our own, put in as text: the words of a check are full of the driver's placeholders.
    cursor.execute(statement.replace(":first", str(part.first)).replace(":last", str(part.last)))
    row = cursor.fetchone()
    return str(row[0]) if row else ""


def _report(cursor: CursorWrapper, found: Mapping[str, Found], *, is_whole: bool) -> Report:
    cursor.execute(COUNTS)
    owners, accounts, postings, transfers, entries, holds = cursor.fetchone()
    cursor.execute(SUMS)
    return Report(
        owners=owners,
        accounts=accounts,
        postings=postings,
        transfers=transfers,
        entries=int(entries),
        holds=int(holds),
        assets=tuple(AssetSum(*row) for row in cursor.fetchall()),
        found=tuple(found[slug] for slug in CHECKS if slug in found),
        checked_at=clock.now(),
        is_whole=is_whole,
    )


def _parts(cursor: CursorWrapper, checks: Sequence[Check]) -> list[Part]:
    """Stage by stage: accounts by how many entries they have, rows by number, and then each check of all at once."""
    ranges: list[tuple[int, int]] = []
    cursor.execute(SIZES)
    first, last, size = None, 0, 0
    for account, entries in cursor.fetchall():
        first, last, size = account if first is None else first, account, size + entries
        if size >= PART:
            ranges.append((first, last))
            first, size = None, 0
    if first is not None:
        ranges.append((first, last))
    parts = []
    for stage, numbers in STAGES.items():
        if not any(stage in check.statements for check in checks):
            continue
        spans = ranges
        if numbers:
            cursor.execute(numbers)
            lowest, highest = cursor.fetchone()
            spans = [(at, at + PART - 1) for at in range(lowest, highest + 1, PART)]
        parts += [Part(stage, *span) for span in spans]
    return parts + [Part(ALL, at, at) for at, check in enumerate(checks) if ALL in check.statements]
