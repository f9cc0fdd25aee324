"""Prove the books from their rows.

Nothing is trusted but the transfers: every chain that their links make is walked without a gap, every account is
compared with what its chains say, every asset must sum to zero, and every allocation must say what its posting says.
It works in parts, of so many entries or so many transfers: its memory stays bounded however much there is, and it can
go on where it was cut off. Each check is one statement and so sees one snapshot: postings may go on meanwhile. The
triggers make each contradiction impossible; this finds what came around them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from kit import clock, tenancy

# Each returns at most one row: the first contradiction, in words; of a part's accounts, of its transfers, or of all.
CHAINS = (
    # an account's entries count from 1 without a gap, and each continues the balance before it
    """
    SELECT format('Entry %s of account %s (version %s) says %s after %s, but version %s said %s.',
                  id, account_id, version, balance_after, amount, before_version, before)
    FROM (SELECT id, account_id, version, amount, balance_after,
                 lag(version, 1, 0::bigint) OVER chain AS before_version,
                 lag(balance_after, 1, 0::numeric) OVER chain AS before
          FROM wallets_entry WHERE account_id BETWEEN :first AND :last
          WINDOW chain AS (PARTITION BY account_id ORDER BY version)) links
    WHERE version <> before_version + 1 OR balance_after <> before + amount
    ORDER BY id LIMIT 1
    """,
    # so do its holds
    """
    SELECT format('Hold %s of account %s (version %s) says %s held after %s, but version %s said %s.',
                  id, account_id, version, held_after, amount, before_version, before)
    FROM (SELECT id, account_id, version, amount, held_after,
                 lag(version, 1, 0::bigint) OVER chain AS before_version,
                 lag(held_after, 1, 0::numeric) OVER chain AS before
          FROM wallets_hold WHERE account_id BETWEEN :first AND :last
          WINDOW chain AS (PARTITION BY account_id ORDER BY version)) links
    WHERE version <> before_version + 1 OR held_after <> before + amount
    ORDER BY id LIMIT 1
    """,
)

TRANSFERS = (
    # a transfer that moves money is a link of both accounts, any other of none; one that reserves or releases is a hold
    """
    SELECT format('Transfer %s (%s, %s %s) has links that do not belong to its phase, or lacks one.',
                  id, phase, amount, asset)
    FROM wallets_transfer
    WHERE id BETWEEN :first AND :last AND (
       num_nonnulls(debit_version, debit_balance, credit_version, credit_balance)
          <> CASE WHEN phase IN ('posted', 'settle') THEN 4 ELSE 0 END
       OR num_nonnulls(held_version, held_change, held_after) <> CASE phase WHEN 'posted' THEN 0 ELSE 3 END
       OR (phase IN ('settle', 'void')) <> (pending_id IS NOT NULL))
    ORDER BY id LIMIT 1
    """,
    # a transfer stays within one owner, one asset and one of the owner's postings
    """
    SELECT format('Transfer %s in %s joins account %s in %s with account %s in %s, or two owners.',
                  t.id, t.asset, t.debit_id, d.asset, t.credit_id, c.asset)
    FROM wallets_transfer t
    LEFT JOIN wallets_account d ON d.id = t.debit_id
    LEFT JOIN wallets_account c ON c.id = t.credit_id
    LEFT JOIN wallets_posting p ON p.id = t.posting_id
    WHERE t.id BETWEEN :first AND :last AND (d.asset, d.owner_id, c.asset, c.owner_id, p.owner_id)
          IS DISTINCT FROM (t.asset, t.owner_id, t.asset, t.owner_id, t.owner_id)
    ORDER BY t.id LIMIT 1
    """,
    # a hold reserves what its pending transfer says, or releases what the resolved one reserved
    """
    SELECT format('Transfer %s (%s) should change what account %s holds by %s and changes it by %s.',
                  t.id, t.phase, t.debit_id, COALESCE(expected, 0), COALESCE(t.held_change, 0))
    FROM wallets_transfer t
    LEFT JOIN wallets_transfer p ON p.id = t.pending_id,
    LATERAL (SELECT CASE t.phase WHEN 'pending' THEN t.amount WHEN 'settle' THEN -p.amount
                                 WHEN 'void' THEN -p.amount END AS expected) e
    WHERE t.id BETWEEN :first AND :last AND expected IS DISTINCT FROM t.held_change
    ORDER BY t.id LIMIT 1
    """,
    # a resolution fits its pending transfer, and there is one at most
    """
    SELECT format('Transfer %s (%s of %s) does not fit the pending transfer %s of %s, or is not the only one.',
                  t.id, t.phase, t.amount, t.pending_id, p.amount)
    FROM wallets_transfer t LEFT JOIN wallets_transfer p ON p.id = t.pending_id
    WHERE t.id BETWEEN :first AND :last AND t.phase IN ('settle', 'void')
      AND ((p.phase, p.debit_id, p.credit_id) IS DISTINCT FROM ('pending', t.debit_id, t.credit_id)
           OR t.amount > p.amount
           OR EXISTS (SELECT FROM wallets_transfer o WHERE o.pending_id = t.pending_id AND o.id < t.id))
    ORDER BY t.id LIMIT 1
    """,
)

ACCOUNTS = (
    # an account is what its entries and its open reservations add up to
    """
    SELECT format('Account %s (%s %s) says %s with %s held; its rows add up to %s with %s held.',
                  a.id, a.asset, a.kind, a.balance, a.held, COALESCE(e.total, 0), COALESCE(p.total, 0))
    FROM wallets_account a
    LEFT JOIN (SELECT account_id, sum(amount) AS total, count(*) AS links FROM wallets_entry
               WHERE account_id BETWEEN :first AND :last GROUP BY account_id) e
           ON e.account_id = a.id
    LEFT JOIN (SELECT account_id, sum(amount) AS total, count(*) AS links FROM wallets_hold
               WHERE account_id BETWEEN :first AND :last GROUP BY account_id) h
           ON h.account_id = a.id
    LEFT JOIN (SELECT t.debit_id, sum(t.amount) AS total FROM wallets_transfer t
               WHERE t.phase = 'pending' AND t.debit_id BETWEEN :first AND :last
                 AND NOT EXISTS (SELECT FROM wallets_transfer r WHERE r.pending_id = t.id) GROUP BY t.debit_id) p
           ON p.debit_id = a.id
    WHERE a.id BETWEEN :first AND :last AND
          (a.balance, a.version, a.held, a.held_version, a.held)
          IS DISTINCT FROM (COALESCE(e.total, 0), COALESCE(e.links, 0), COALESCE(h.total, 0), COALESCE(h.links, 0),
                            COALESCE(p.total, 0))
    ORDER BY a.id LIMIT 1
    """,
)

WHOLE = (
    # nobody spends what is not there
    """
    SELECT format('Account %s (%s) has %s and %s of it held: more is spent than was there.',
                  id, asset, balance, held)
    FROM wallets_account WHERE held < 0 OR (kind = 'wallet' AND balance < held)
    ORDER BY id LIMIT 1
    """,
    # every asset of every owner sums to zero over all accounts; each account is what its rows add up to
    """
    SELECT format('The entries of owner %s in %s sum to %s, not to zero.', a.owner_id, a.asset, sum(a.balance))
    FROM wallets_account a
    GROUP BY a.owner_id, a.asset HAVING sum(a.balance) <> 0
    ORDER BY a.owner_id, a.asset LIMIT 1
    """,
    # a posting moved something
    """
    SELECT format('Posting %s (%s) has no transfer.', id, kind) FROM wallets_posting p
    WHERE NOT EXISTS (SELECT FROM wallets_transfer t WHERE t.posting_id = p.id)
    ORDER BY id LIMIT 1
    """,
    # an allocation is of its posting's kind and owner; one that is only previewed has none
    """
    SELECT format('Allocation %s (%s, %s) says something else than its posting %s.', id, kind, status, posting_id)
    FROM wallets_fundallocation a WHERE NOT ledger_allocation_agrees(a)
    ORDER BY id LIMIT 1
    """,
    # its line says what a leg of the posting says that no other says: asset, amount, from where and to where
    """
    SELECT format('Allocation %s (line %s of %s %s) says something else than its posting %s.',
                  a.id, l.number, l.amount, l.asset, a.posting_id)
    FROM wallets_allocationline l JOIN wallets_fundallocation a ON a.id = l.allocation_id
    WHERE a.posting_id IS NOT NULL AND NOT ledger_line_agrees(l, a.posting_id)
    ORDER BY a.id, l.number LIMIT 1
    """,
    # and there is a line for each leg
    """
    SELECT format('Allocations of posting %s have %s lines, and it has %s legs.', p.posting_id, p.lines, legs)
    FROM (
        SELECT a.posting_id, count(l.id) AS lines
        FROM wallets_fundallocation a LEFT JOIN wallets_allocationline l ON l.allocation_id = a.id
        WHERE a.posting_id IS NOT NULL GROUP BY a.posting_id
    ) AS p,
    LATERAL (SELECT count(*) AS legs FROM wallets_transfer t WHERE t.posting_id = p.posting_id) AS t
    WHERE p.lines <> legs ORDER BY p.posting_id LIMIT 1
    """,
)

# In this order: what is wrong is told where it is nearest to its cause.
STAGES = {"chains": CHAINS, "transfers": TRANSFERS, "accounts": ACCOUNTS}

COUNTS = """
    SELECT (SELECT count(DISTINCT owner_id) FROM wallets_account), (SELECT count(*) FROM wallets_account),
           (SELECT count(*) FROM wallets_posting), (SELECT count(*) FROM wallets_transfer),
           (SELECT COALESCE(sum(version), 0) FROM wallets_account),
           (SELECT COALESCE(sum(held_version), 0) FROM wallets_account)
"""
SUMS = """
    SELECT asset, sum(balance), COALESCE(sum(balance) FILTER (WHERE kind = 'wallet'), 0)
    FROM wallets_account WHERE version > 0 GROUP BY asset ORDER BY asset
"""
# A part holds as many entries and holds, or transfers, as this; a single account may have more.
PART = 500_000
SIZES = "SELECT id, version + held_version FROM wallets_account ORDER BY id"
NUMBERS = "SELECT COALESCE(min(id), 0), COALESCE(max(id), -1) FROM wallets_transfer"
# What sorting may take before it goes to the disk.
MEMORY = "SET LOCAL work_mem = '64MB'"


@dataclass(frozen=True, slots=True)
class AssetSum:
    """One asset over all accounts (`total`, zero in sound books) and over wallets alone, in units of the asset."""

    asset: str
    total: Decimal
    in_wallets: Decimal


@dataclass(frozen=True, slots=True)
class Report:
    """What was counted, and the first contradiction in words, or None."""

    owners: int
    accounts: int
    postings: int
    transfers: int
    entries: int
    holds: int
    assets: tuple[AssetSum, ...]
    contradiction: str | None
    checked_at: datetime

    @property
    def ok(self) -> bool:
        return self.contradiction is None


@dataclass(frozen=True, slots=True)
class Part:
    """Accounts or transfers from `first` to `last`; its checks are made together."""

    stage: str
    first: int
    last: int


Told = Callable[[Part, int, int], None]


def verify(*, owner_id: UUID | None = None, after: Part | None = None, told: Told | None = None) -> Report:
    """Recompute everything from entries and holds: of all owners as the system role, or of one as that owner.

    `told` is called after each part with its number and how many there are; a run that was cut off goes on `after` the
    last that it was told of.
    """
    if owner_id is None:
        with transaction.atomic(using=tenancy.SYSTEM_DB_ALIAS), connections[tenancy.SYSTEM_DB_ALIAS].cursor() as cursor:
            return _report(cursor, after, told)
    with tenancy.tenant(owner_id), connections["default"].cursor() as cursor:
        return _report(cursor, after, told)


def _report(cursor: CursorWrapper, after: Part | None, told: Told | None) -> Report:
    cursor.execute(MEMORY)
    cursor.execute(COUNTS)
    owners, accounts, postings, transfers, entries, holds = cursor.fetchone()
    cursor.execute(SUMS)
    assets = tuple(AssetSum(*row) for row in cursor.fetchall())
    return Report(
        owners=owners,
        accounts=accounts,
        postings=postings,
        transfers=transfers,
        entries=int(entries),
        holds=int(holds),
        assets=assets,
        contradiction=_first_contradiction(cursor, after, told),
        checked_at=clock.now(),
    )


def _first_contradiction(cursor: CursorWrapper, after: Part | None, told: Told | None) -> str | None:
    parts = _parts(cursor)
    skipped = parts.index(after) + 1 if after in parts else 0
    for number, part in enumerate(parts[skipped:], skipped + 1):
        for check in STAGES[part.stage]:
            # Whole numbers of our own, put in as text: the words of a check are full of the driver's placeholders.
            if found := _ask(cursor, check.replace(":first", str(part.first)).replace(":last", str(part.last))):
                return found
        if told is not None:
            told(part, number, len(parts))
    return next((found for check in WHOLE if (found := _ask(cursor, check))), None)


def _ask(cursor: CursorWrapper, check: str) -> str | None:
    cursor.execute(check)
    found = cursor.fetchone()
    return str(found[0]) if found else None


def _parts(cursor: CursorWrapper) -> list[Part]:
    """Accounts by how many entries they have, transfers by number, and the accounts again."""
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
    cursor.execute(NUMBERS)
    lowest, highest = cursor.fetchone()
    return [
        *(Part("chains", *one) for one in ranges),
        *(Part("transfers", at, at + PART - 1) for at in range(lowest, highest + 1, PART)),
        *(Part("accounts", *one) for one in ranges),
    ]
