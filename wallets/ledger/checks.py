"""What is proved of the books: each check with the sentence that it stands for, and the statements that look for what
contradicts it.

A statement returns at most one row: the first contradiction, in words. It is of a part (`:first` to `:last` of its
stage), or of everything. Checks of other floors are registered by them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

# How far a clock may be ahead, of a venue's or of another machine of ours.
AHEAD: Final = "interval '5 minutes'"


@dataclass(frozen=True, slots=True)
class Check:
    """`says` is what is so where none of the statements, which are by stage, finds anything.

    Where `is_of_books` is false, a finding is a difference that is told and kept apart elsewhere, and no contradiction.
    """

    slug: str
    says: str
    statements: Mapping[str, tuple[str, ...]]
    is_of_books: bool = True


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

COVERED = (
    # nobody spends what is not there
    """
    SELECT format('Account %s (%s) has %s and %s of it held: more is spent than was there.',
                  id, asset, balance, held)
    FROM wallets_account WHERE held < 0 OR (kind = 'wallet' AND balance < held)
    ORDER BY id LIMIT 1
    """,
)

ZERO = (
    # every asset of every owner sums to zero over all accounts; each account is what its rows add up to
    """
    SELECT format('The entries of owner %s in %s sum to %s, not to zero.', a.owner_id, a.asset, sum(a.balance))
    FROM wallets_account a
    GROUP BY a.owner_id, a.asset HAVING sum(a.balance) <> 0
    ORDER BY a.owner_id, a.asset LIMIT 1
    """,
)

MOVED = (
    # a posting moved something
    """
    SELECT format('Posting %s (%s) has no transfer.', id, kind) FROM wallets_posting p
    WHERE NOT EXISTS (SELECT FROM wallets_transfer t WHERE t.posting_id = p.id)
    ORDER BY id LIMIT 1
    """,
)

PLANS = (
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
    # what was taken back has a posting that moves each line the other way
    """
    SELECT format('Allocation %s is undone, and nothing moves its line %s of %s %s back.',
                  a.id, l.number, l.amount, l.asset)
    FROM wallets_fundallocation a JOIN wallets_allocationline l ON l.allocation_id = a.id
    WHERE a.status = 'undone' AND NOT EXISTS (
        SELECT FROM wallets_posting p
        JOIN wallets_transfer t ON t.posting_id = p.id
        JOIN wallets_account d ON d.id = t.debit_id
        JOIN wallets_account c ON c.id = t.credit_id
        WHERE (p.owner_id, p.key) = (a.owner_id, 'undo:' || a.id) AND (t.asset, t.amount) = (l.asset, l.amount)
          AND (d.wallet_id, d.kind) = (l.target_id, 'wallet')
          AND (c.wallet_id, c.kind) = (COALESCE(l.source_id, l.target_id),
                                       CASE WHEN l.source_id IS NULL THEN 'external' ELSE 'wallet' END)
    )
    ORDER BY a.id, l.number LIMIT 1
    """,
    # and nothing else was
    """
    SELECT format('Allocation %s is %s, and posting %s takes it back.', a.id, a.status, p.id)
    FROM wallets_fundallocation a JOIN wallets_posting p ON (p.owner_id, p.key) = (a.owner_id, 'undo:' || a.id)
    WHERE a.status <> 'undone' ORDER BY a.id LIMIT 1
    """,
)

# The last look at each connection that was not cut off; what it found while orders were under way does not count, nor
# what had been missing before it and has been booked since.
VENUES = (
    """
    SELECT format('At the last look at %s (%s) the venue had %s %s, wallets %s, %s were unassigned: %s unexplained.',
                  c.name, run.created_at::timestamptz(0), r.venue_total, r.asset, r.books_total, r.unassigned,
                  r.drift + r.suspense)
    FROM wallets_connection c
    CROSS JOIN LATERAL (
        SELECT id, created_at, status FROM wallets_syncrun
        WHERE connection_id = c.id AND status IN ('ok', 'drift') ORDER BY created_at DESC LIMIT 1
    ) AS run
    JOIN wallets_reconciliation r ON r.run_id = run.id
    WHERE (r.suspense <> 0 OR run.status = 'drift') AND r.drift + r.suspense <> 0
       OR r.drift <> r.venue_total - r.books_total - r.unassigned - r.suspense
    ORDER BY c.name, r.asset LIMIT 1
    """,
)

FUTURE_TRANSFERS = (
    f"""
    SELECT format('Transfer %s is of %s, which is yet to come.', id, created_at) FROM wallets_transfer
    WHERE id BETWEEN :first AND :last AND created_at > now() + {AHEAD} ORDER BY id LIMIT 1
    """,  # noqa: S608 - a constant
)
FUTURE = (
    f"""
    SELECT format('Posting %s is of %s, which is yet to come.', id, created_at) FROM wallets_posting
    WHERE created_at > now() + {AHEAD} ORDER BY id LIMIT 1
    """,  # noqa: S608 - a constant
    f"""
    SELECT format('The look %s at connection %s is of %s, which is yet to come.', id, connection_id, created_at)
    FROM wallets_syncrun WHERE created_at > now() + {AHEAD} ORDER BY id LIMIT 1
    """,  # noqa: S608 - a constant
)

CHAIN, TRANSFER, ACCOUNT, ALL = "chains", "transfers", "accounts", "all"
# Where the parts of a stage come from: SQL for the lowest and the highest id, or none for accounts. `ALL` comes last.
STAGES: Final = {
    CHAIN: "",
    TRANSFER: "SELECT COALESCE(min(id), 0), COALESCE(max(id), -1) FROM wallets_transfer",
    ACCOUNT: "",
}
# In this order: what is wrong is told where it is nearest to its cause.
CHECKS: Final = {
    check.slug: check
    for check in (
        Check("chains", "Every balance follows from the entry before it", {CHAIN: CHAINS}),
        Check("transfers", "Every transfer has two sides, one owner and one asset", {TRANSFER: TRANSFERS}),
        Check("accounts", "Every account is what its entries add up to", {ACCOUNT: ACCOUNTS}),
        Check("covered", "Nobody spends what is not there", {ALL: COVERED}),
        Check("zero", "Every asset sums to zero", {ALL: ZERO}),
        Check("postings", "Every posting moved something", {ALL: MOVED}),
        Check("plans", "Plans that were applied or undone say what was moved", {ALL: PLANS}),
        Check("venues", "The books agree with the last look at each venue", {ALL: VENUES}, is_of_books=False),
        Check("time", "No posting and no look at a venue is of the future", {TRANSFER: FUTURE_TRANSFERS, ALL: FUTURE}),
    )
}


def register(*checks: Check, stages: Mapping[str, str] = MappingProxyType({})) -> None:
    """What an upper floor proves as well, and SQL for the lowest and the highest id of stages of its own."""
    STAGES.update(stages)
    CHECKS.update({check.slug: check for check in checks})
