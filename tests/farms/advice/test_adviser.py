"""The role that a model's answer is written down with: what it may write, and that everything else is refused it."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from farms.advice.asking import answer
from kit import clock, tenancy
from kit.approvals import services as approvals
from kit.approvals.models import Approval
from kit.users.models import User
from tests.farms.advice.conftest import Board
from tests.farms.advice.simulator import proposal
from tests.farms.advice.test_following import WRITES
from trading.models import AiState, Order
from trading.risk.path import Caps
from trading.selectors.ai_state import wished
from trading.services import place_order, set_limits

ROLE: Final = "moniqo_adviser"
# What it may do with a whole table; and what with columns of it.
TABLES: Final = {
    "farms_advicecall": {"SELECT"},
    "farms_adviceproposal": {"SELECT", "INSERT"},
    "trading_aistate": {"SELECT", "INSERT"},
    "audit_auditentry": {"INSERT"},
}
COLUMNS: Final = {
    "farms_advicecall": {
        ("UPDATE", name)
        for name in (
            "status", "cause", "answers", "tokens_in", "tokens_out", "cost", "milliseconds", "finished_at"
        )
    },
    "audit_auditentry": {("SELECT", "id")},
}  # fmt: skip
_TABLES: Final = """
SELECT table_.relname, acl.privilege_type FROM pg_class AS table_, aclexplode(table_.relacl) AS acl
WHERE table_.relnamespace = 'public'::regnamespace AND table_.relkind IN ('r', 'p', 'v', 'm', 'S')
      AND acl.grantee IN (0, %s::regrole)
"""
_COLUMNS: Final = """
SELECT table_.relname, acl.privilege_type, attname
FROM pg_attribute JOIN pg_class AS table_ ON table_.oid = attrelid, aclexplode(attacl) AS acl
WHERE table_.relnamespace = 'public'::regnamespace AND acl.grantee IN (0, %s::regrole)
"""
# What a function with its owner's rights does, its caller's rights do not say; those that only triggers call are none.
_FUNCTIONS: Final = """
SELECT proname FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND prosecdef AND prorettype <> 'trigger'::regtype
      AND has_function_privilege(%s, oid, 'EXECUTE')
"""
# Each table with a column of its own.
_EVERY: Final = """
SELECT relname, (SELECT attname FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum > 0 LIMIT 1)
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname
"""


def rows(statement: str, *given: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.fetchall()


def who() -> str:
    return str(rows("SELECT current_user")[0][0])


@contextmanager
def adviser(board: Board) -> Iterator[None]:
    with tenancy.tenant(board.owner_id), tenancy.as_adviser():
        yield


def refused(statement: str) -> bool:
    """Whether it lacks the right; what is wrong with a statement otherwise raises."""
    with transaction.atomic(), connection.cursor() as cursor:
        try:
            with transaction.atomic():
                cursor.execute(statement)
        except DatabaseError as error:
            if "permission denied" in str(error):
                return True
            raise
    return False


def test_what_it_may_do_is_this_and_no_function_does_more_for_it(db: None) -> None:
    found: dict[str, set[str]] = {}
    for table, privilege in rows(_TABLES, ROLE):
        found.setdefault(table, set()).add(privilege)
    assert found == TABLES
    columns: dict[str, set[tuple[str, str]]] = {}
    for table, privilege, column in rows(_COLUMNS, ROLE):
        columns.setdefault(table, set()).add((privilege, column))
    assert columns == COLUMNS
    assert rows(_FUNCTIONS, ROLE) == []


def test_every_table_but_its_own_refuses_it_to_write_and_to_read(board: Board) -> None:
    tables = rows(_EVERY)
    asked = {"trading_order", "wallets_posting", "trading_risklimit", "users_token", "users_user", "wallets_credential"}
    assert asked <= {table for table, _ in tables}
    with adviser(board):
        assert who() == ROLE
        for table, column in tables:
            may = TABLES.get(table, set()) | {privilege for privilege, _ in COLUMNS.get(table, set())}
            for statement in (
                f'INSERT INTO "{table}" DEFAULT VALUES', f'UPDATE "{table}" SET "{column}" = "{column}"',
                f'DELETE FROM "{table}"', f'TRUNCATE "{table}"', f'SELECT "{column}" FROM "{table}"',
            ):  # fmt: skip
                assert statement.split()[0] in may or refused(statement), statement
        for statement in ("UPDATE farms_advicecall SET owner_id = owner_id", "SELECT subject FROM audit_auditentry"):
            assert refused(statement), statement
    assert who() == "moniqo_app"


def test_what_it_writes_of_ai_state_is_within_its_bounds_its_owners_and_takes_away_only(
    board: Board, other_owner: User
) -> None:
    board.level("act")
    wallet = board.agent.wallet
    row = "INSERT INTO trading_aistate (owner_id, wallet_id, version, exposure, sentiment_text, sentiment_source,"
    row += " note, written_by, created_at) VALUES (%s, %s, 1, %s, '', '', '', 'Me', now())"
    with adviser(board), connection.cursor() as cursor:
        for owner_id, exposure, error in (
            (board.owner_id, "1.5", IntegrityError), (board.owner_id, "NaN", DatabaseError),
            (other_owner.pk, "0.5", DatabaseError),
        ):  # fmt: skip
            with pytest.raises(error), transaction.atomic():
                cursor.execute(row, [owner_id, wallet.pk, exposure])
        cursor.execute(row, [board.owner_id, wallet.pk, "1"])
    assert AiState.objects.get().exposure == 1
    with tenancy.tenant(board.owner_id):
        quarter = Caps(maximum_exposure=Decimal("0.25"))
        set_limits(on=wallet, allowed_symbols=None, maximum_notional=None, caps=quarter)
        assert wished(wallet_id=wallet.pk).exposure.applies == Decimal("0.25")


def test_an_answer_is_written_by_it_and_followed_by_who_serves_its_owner(board: Board) -> None:
    board.level("act")
    call = board.taken(board.request())
    board.model.answers = [proposal(exposure=0.5)]
    with CaptureQueriesContext(connection) as asked:
        assert answer(call).proposal.became == "ordered"
    written: dict[bool, set[str]] = {True: set(), False: set()}
    is_adviser = False
    for statement in (one["sql"] for one in asked.captured_queries):
        if "set_config('role'" in statement:
            is_adviser = ROLE in statement
        elif found := WRITES.match(statement):
            written[is_adviser].add(found[1])
    assert written[True] == {"farms_advicecall", "farms_adviceproposal", "trading_aistate", "audit_auditentry"}
    assert "trading_order" in written[False]
    assert "trading_aistate" not in written[False]
    assert AiState.objects.get().exposure == Decimal("0.5")


def test_a_mistake_of_ours_while_an_answer_is_written_is_refused_and_leaves_nothing(board: Board) -> None:
    """As if our code ordered in the step that may only write down."""
    board.level("act")
    agent = board.agent
    with pytest.raises(DatabaseError, match="permission denied"), adviser(board):
        place_order(
            wallet=agent.wallet, instrument=agent.instrument, side="buy", quantity=Decimal(1), key="wrong", reason=""
        )
    assert (who(), Order.objects.count()) == ("moniqo_app", 0)


def test_a_proposal_that_is_open_in_two_tabs_is_answered_once(board: Board) -> None:
    board.level("propose")
    made = board.propose()
    asked = Approval.objects.get()
    first, second = (
        approvals.answer(owner_id=board.owner_id, approval_id=asked.pk, is_approved=True) for _ in range(2)
    )
    assert first.result == second.result
    assert Order.objects.count() == 1
    with pytest.raises(approvals.ConflictError, match="It is over: approved"):
        approvals.answer(owner_id=board.owner_id, approval_id=asked.pk, is_approved=False)
    made.refresh_from_db()
    assert (made.became, made.order) == ("ordered", Order.objects.get())
    assert clock.now() < made.due_at
