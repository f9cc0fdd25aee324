"""The ledger and a plain-Python model of it, driven by the same random requests, must accept and refuse alike.

After every step all balances, holds and statements are compared; at the end of every run `verify` recomputes the books.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from kit import tenancy
from tests.conftest import make_user
from tests.wallets.books import make_wallet
from wallets.ledger import (
    AccountRef,
    AlreadyResolvedError,
    IdempotencyConflictError,
    InsufficientFundsError,
    InvalidLegError,
    LedgerError,
    Leg,
    PendingTransferError,
    post,
    verify,
)
from wallets.models import Account, Entry

ASSETS = ("USDT", "BTC")
KINDS = ("wallet", "wallet", "external", "clearing")
WALLETS = 3
AMOUNTS = st.one_of(
    st.integers(1, 60).map(Decimal),
    st.decimals("0.000000000000000001", 5, places=18, allow_nan=False),
)


@dataclass(frozen=True)
class Wish:
    """A leg by indexes; `reserved` picks one of the pending transfers for settle and void."""

    debit: tuple[int, str]
    credit: tuple[int, str]
    asset: str
    amount: Decimal
    phase: str
    reserved: int


WISHES = st.builds(
    Wish,
    debit=st.tuples(st.integers(0, WALLETS - 1), st.sampled_from(KINDS)),
    credit=st.tuples(st.integers(0, WALLETS - 1), st.sampled_from(KINDS)),
    asset=st.sampled_from(ASSETS),
    amount=AMOUNTS,
    phase=st.sampled_from(("posted", "posted", "pending", "settle", "void")),
    reserved=st.integers(0, 50),
)


@dataclass
class Model:
    """What the books must say, kept the obvious way."""

    balances: dict[AccountRef, Decimal] = field(default_factory=dict)
    held: dict[AccountRef, Decimal] = field(default_factory=dict)
    statements: dict[AccountRef, list[Decimal]] = field(default_factory=dict)
    pending: dict[int, Leg] = field(default_factory=dict)
    resolved: set[int] = field(default_factory=set)
    keys: dict[str, tuple[tuple[Leg, ...], tuple[int, ...]]] = field(default_factory=dict)

    def copy(self) -> "Model":
        return Model(
            dict(self.balances),
            dict(self.held),
            {account: list(lines) for account, lines in self.statements.items()},
            dict(self.pending),
            set(self.resolved),
            dict(self.keys),
        )

    def apply(self, leg: Leg) -> None:
        assert leg.amount is not None
        available = self.balances.get(leg.debit, Decimal(0)) - self.held.get(leg.debit, Decimal(0))
        if leg.phase in {"settle", "void"}:
            reserved = self.pending.get(leg.pending_id or 0)
            if reserved is None or (reserved.debit, reserved.credit) != (leg.debit, leg.credit):
                raise PendingTransferError
            assert reserved.amount is not None
            if leg.pending_id in self.resolved:
                raise AlreadyResolvedError
            if leg.amount > reserved.amount:
                raise PendingTransferError
            if leg.phase == "void" and leg.amount != reserved.amount:
                raise PendingTransferError
            self.held[leg.debit] -= reserved.amount
            self.resolved.add(leg.pending_id or 0)
        elif leg.debit == leg.credit:
            raise InvalidLegError
        elif leg.debit.kind == "wallet" and available < leg.amount:
            raise InsufficientFundsError(asset=leg.debit.asset, available=available, needed=leg.amount)
        if leg.phase == "pending":
            self.held[leg.debit] = self.held.get(leg.debit, Decimal(0)) + leg.amount
        if leg.phase in {"posted", "settle"}:
            self._enter(leg.debit, -leg.amount)
            self._enter(leg.credit, leg.amount)

    def _enter(self, account: AccountRef, amount: Decimal) -> None:
        self.balances[account] = self.balances.get(account, Decimal(0)) + amount
        self.statements.setdefault(account, []).append(self.balances[account])


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.count = 0
        self.owner = make_user(f"machine-{id(self)}-{self._number()}@example.com")
        self.tenant = tenancy.tenant(self.owner.pk)
        self.tenant.__enter__()
        self.wallets = [make_wallet(self.owner, f"Wallet {number}") for number in range(WALLETS)]

    numbers = iter(range(1_000_000))

    def _number(self) -> int:
        return next(self.numbers)

    def teardown(self) -> None:
        assert verify(owner_id=self.owner.pk).contradiction is None
        self.tenant.__exit__(None, None, None)

    @initialize()
    def fund(self) -> None:
        for number in range(WALLETS):
            for asset in ASSETS:
                self.request([Wish((number, "external"), (number, "wallet"), asset, Decimal(50), "posted", 0)])

    @rule(wishes=st.lists(WISHES, min_size=1, max_size=4))
    def request(self, wishes: Sequence[Wish]) -> None:
        self.count += 1
        self._post(f"key {self.count}", tuple(self._leg(wish) for wish in wishes))

    @rule(wish=WISHES, reserved=st.integers(0, 50), phase=st.sampled_from(("settle", "void")))
    def resolve(self, wish: Wish, reserved: int, phase: str) -> None:
        """Mostly sensible resolutions, which random legs rarely are."""
        self.request([replace(wish, phase=phase, reserved=reserved)])

    @rule(number=st.integers(1, 30))
    def repeat(self, number: int) -> None:
        key = f"key {number}"
        if key in self.model.keys:
            self._post(key, self.model.keys[key][0])

    @rule(number=st.integers(1, 30), wish=WISHES)
    def reuse(self, number: int, wish: Wish) -> None:
        self._post(f"key {number}", (self._leg(wish),))

    @invariant()
    def the_books_say_what_the_model_says(self) -> None:
        accounts = {AccountRef(row.wallet_id, row.asset, row.kind): row for row in Account.objects.all()}
        assert {ref: row.balance for ref, row in accounts.items() if row.version} == self.model.balances
        assert {ref: row.held for ref, row in accounts.items() if row.held} == {
            ref: held for ref, held in self.model.held.items() if held
        }
        statements: dict[AccountRef, list[Decimal]] = {}
        for entry in Entry.objects.select_related("account").order_by("account", "version"):
            ref = AccountRef(entry.account.wallet_id, entry.account.asset, entry.account.kind)
            statements.setdefault(ref, []).append(entry.balance_after)
        assert statements == self.model.statements

    def _leg(self, wish: Wish) -> Leg:
        debit, credit = (
            AccountRef(self.wallets[number].pk, wish.asset, kind) for number, kind in (wish.debit, wish.credit)
        )
        if wish.phase in {"posted", "pending"}:
            return Leg(debit, credit, wish.amount, wish.phase)  # type: ignore[arg-type]
        if not self.model.pending or wish.reserved == 50:
            return Leg(debit, credit, wish.amount, wish.phase, 1)  # type: ignore[arg-type]
        transfer, reserved = list(self.model.pending.items())[wish.reserved % len(self.model.pending)]
        amount = reserved.amount if wish.phase == "void" or wish.amount > 20 else wish.amount
        return Leg(reserved.debit, reserved.credit, amount, wish.phase, transfer)  # type: ignore[arg-type]

    def _post(self, key: str, legs: tuple[Leg, ...]) -> None:
        after = self.model.copy()
        expected: type[LedgerError] | None = None
        if key in after.keys:
            expected = None if after.keys[key][0] == legs else IdempotencyConflictError
        else:
            try:
                for leg in legs:
                    after.apply(leg)
            except LedgerError as error:
                expected = type(error)
        answer = self._ask(key, legs)
        event(f"{expected.__name__ if expected else 'accepted'}")
        if expected is not None or not isinstance(answer, tuple):
            assert type(answer) is expected, f"{answer!r} instead of {expected or 'a posting'}"
            return
        if key in after.keys:
            assert answer == after.keys[key][1]
            return
        after.keys[key] = (legs, answer)
        after.pending |= {transfer: leg for leg, transfer in zip(legs, answer, strict=True) if leg.phase == "pending"}
        self.model = after

    def _ask(self, key: str, legs: tuple[Leg, ...]) -> tuple[int, ...] | LedgerError:
        try:
            return post(owner_id=self.owner.pk, key=key, kind="correct", legs=legs).transfer_ids
        except LedgerError as refusal:
            return refusal


@pytest.mark.django_db
def test_the_ledger_and_its_model_accept_and_refuse_alike() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        LedgerMachine,
        settings=settings(
            max_examples=30,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
