"""The books and the positions as they stood at a moment of the past, led on from there step by step and never back."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Q, Sum

from trading.models import Fill, Position, Side
from trading.positions.accounting import Execution, Holding, after_buy, after_sell
from wallets.models import Account, Transfer

ZERO: Final = Decimal(0)
# A trade may be told so much later than it happened and is still found when the books of before are opened.
LATEST: Final = timedelta(days=31)


@dataclass(slots=True)
class Sums:
    """What the accounts of a wallet in one asset say together, as `wallet_books` has it."""

    held: Decimal = ZERO
    flow: Decimal = ZERO
    fees: Decimal = ZERO
    adjustments: Decimal = ZERO
    realized: Decimal = ZERO
    funding: Decimal = ZERO

    def add(self, kind: str, amount: Decimal) -> None:
        if kind == Account.Kind.WALLET:
            self.held += amount
        if kind not in (Account.Kind.EXTERNAL, Account.Kind.SUSPENSE):
            self.flow += amount
        if kind in (Account.Kind.FEES, Account.Kind.COSTS):
            self.fees += amount
        if kind == Account.Kind.PNL:
            self.adjustments -= amount
        if kind in (Account.Kind.PROFIT, Account.Kind.COSTS):
            self.realized -= amount
        if kind == Account.Kind.FUNDING:
            self.funding -= amount


class Books:
    """The owner's books as they stood, opened at one moment and led on from there. Read it as the tenant."""

    def __init__(self, *, owner_id: UUID, at: datetime, until: datetime) -> None:
        self.sums: dict[tuple[UUID, str], Sums] = defaultdict(Sums)
        accounts = {account.pk: account for account in Account.objects.filter(owner_id=owner_id)}
        with connection.cursor() as cursor:
            cursor.execute("SELECT account_id, balance FROM ledger_as_of(%s, NULL, %s)", [sorted(accounts), at])
            for pk, balance in cursor.fetchall():
                self._add(accounts[pk], balance)
        self._moves: list[tuple[datetime, Account, Decimal]] = []
        happened = _happened(owner_id, since=at - LATEST, until=until)
        transfers = Transfer.objects.filter(owner_id=owner_id, debit_version__isnull=False).filter(
            Q(created_at__gt=at, created_at__lte=until) | Q(posting__in=happened, created_at__gt=at)
        )
        for one in transfers.order_by("pk"):
            moment = min(happened.get(one.posting_id, one.created_at), one.created_at)
            for pk, amount in ((one.debit_id, -one.amount), (one.credit_id, one.amount)):
                self._moves.append((moment, accounts[pk], amount))
        self._moves.sort(key=lambda move: move[0])
        self._next = 0
        self.lead_to(at)

    def lead_to(self, at: datetime) -> None:
        """Take in what happened up to and including `at`, never back."""
        while self._next < len(self._moves) and self._moves[self._next][0] <= at:
            _, account, amount = self._moves[self._next]
            self._add(account, amount)
            self._next += 1

    def _add(self, account: Account, amount: Decimal) -> None:
        self.sums[account.wallet_id, account.asset].add(account.kind, amount)

    def told(self) -> dict[str, list[Any]]:
        rows = list(self.sums.items())
        names = ("held", "flow", "fees", "adjustments", "funding")
        return {
            "book_wallets": [key[0] for key, _ in rows],
            "book_assets": [key[1] for key, _ in rows],
            "book_realized": [sums.realized for _, sums in rows],  # the positions tell one of their own
            **{name: [getattr(sums, name) for _, sums in rows] for name in names},
        }


def _happened(owner_id: UUID, *, since: datetime, until: datetime) -> dict[int, datetime]:
    """When the trades of these postings happened, by their venue."""
    rows = Fill.objects.filter(owner_id=owner_id, filled_at__gt=since, filled_at__lte=until)
    return dict(rows.values_list("posting_id", "filled_at"))


class Positions:
    """What had been realized by a moment, and what stood in positions then. Read it as the tenant."""

    def __init__(self, *, owner_id: UUID, at: datetime, until: datetime) -> None:
        every = Position.objects.filter(owner_id=owner_id, leverage=None)  # what derivatives made stands in the books
        closed = every.filter(closed_at__lte=at).order_by().values_list("wallet_id", "instrument_id")
        self._before = {(wallet, one): gain for wallet, one, gain in closed.annotate(Sum("realized_pnl"))}
        self._open = list(every.filter(Q(closed_at__isnull=True) | Q(closed_at__gt=at), opened_at__lte=until))
        self._fills: dict[tuple[UUID, int], list[Fill]] = defaultdict(list)
        if self._open:
            since = min(position.opened_at for position in self._open)
            fills = Fill.objects.filter(owner_id=owner_id, filled_at__gte=since, filled_at__lte=until)
            for fill in fills.select_related("instrument").order_by("filled_at", "pk"):
                self._fills[fill.wallet_id, fill.instrument_id].append(fill)

    def told(self, at: datetime) -> dict[str, list[Any]]:
        realized: dict[tuple[UUID, int], Decimal] = defaultdict(Decimal, self._before)
        standing: dict[tuple[UUID, int], Holding] = {}
        for position in self._open:
            key = (position.wallet_id, position.instrument_id)
            if position.closed_at is not None and position.closed_at <= at:
                realized[key] += position.realized_pnl
            elif position.opened_at <= at:
                holding = self._replayed(position, at)
                realized[key] += holding.realized_pnl
                standing[key] = holding
        keys = list(realized.keys() | standing.keys())
        none = Holding()
        return {
            "position_wallets": [wallet for wallet, _ in keys],
            "instruments": [instrument for _, instrument in keys],
            "realized": [realized.get(key, ZERO) for key in keys],
            "quantities": [standing.get(key, none).quantity for key in keys],
            "entries": [standing.get(key, none).entry_price for key in keys],
        }

    def _replayed(self, position: Position, at: datetime) -> Holding:
        """The position after its trades up to `at`; as it stands where there are none of it, as one taken over."""
        every = self._fills[position.wallet_id, position.instrument_id]
        own = [fill for fill in every if fill.filled_at >= position.opened_at]
        if not own:
            return Holding(position.entry_quantity, position.entry_quantity, position.entry_price)
        # What it began with, and nothing here bought: dust that was there before, at the price of then.
        bought = sum((fill.quantity for fill in own if fill.side == Side.BUY), ZERO)
        dust, holding = position.entry_quantity - bought, Holding()
        if 0 < dust < own[0].instrument.lot_size:
            holding = after_buy(holding, Execution(dust, own[0].price))
        for fill in own:
            if fill.filled_at > at:
                break
            holding = _after(holding, fill)
        return holding


def _after(holding: Holding, fill: Fill) -> Holding:
    in_base = fill.fee if fill.fee_asset == fill.instrument.base else ZERO
    worth = in_base * fill.price if in_base else fill.fee if fill.fee_asset == fill.instrument.quote else ZERO
    execution = Execution(fill.quantity, fill.price, worth, in_base)
    if fill.side == Side.BUY:
        return after_buy(holding, execution)
    sold = min(fill.quantity, holding.quantity)
    return after_sell(holding, Execution(sold, fill.price, worth, in_base)) if sold else holding
