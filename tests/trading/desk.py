"""A desk to test with: a funded agent wallet under a farm and a master, a demo account, an instrument, a price."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import Any

from kit import clock, tenancy
from kit.users.models import User
from markets.models import Instrument, Ticker
from tests.wallets.venues.faulty import Fault, FaultyVenue
from trading import services
from trading.models import Order
from wallets.ledger import AccountRef, Leg, post, verify
from wallets.models import Account, Connection, Platform, Wallet
from wallets.venues import registry
from wallets.venues.demo import account as demo

SYMBOL = "BTC/USDT"
CASH = Decimal(100_000)
_numbers = count(1)


@dataclass
class Desk:
    """One owner's desk. Its methods run as the owner."""

    owner: User
    connection: Connection
    master: Wallet
    farm: Wallet
    wallet: Wallet
    instrument: Instrument

    def place(self, side: str = "buy", quantity: str = "1", **changes: Any) -> Order:
        with tenancy.tenant(self.owner.pk):
            return services.place_order(
                **{
                    "wallet": self.wallet,
                    "instrument": self.instrument,
                    "side": side,
                    "quantity": Decimal(quantity),
                    "key": f"order {next(_numbers)}",
                    "reason": f"The test wants to {side}.",
                    **changes,
                }
            )

    def execute(self, order: Order) -> Order:
        return services.execute_order(owner_id=self.owner.pk, order_id=order.pk)

    def trade(self, side: str = "buy", quantity: str = "1", **changes: Any) -> Order:
        return self.execute(self.place(side, quantity, **changes))

    def resolve(self, order: Order) -> Order:
        return services.resolve_order(owner_id=self.owner.pk, order_id=order.pk)

    def fall_due(self, order: Order) -> None:
        """Let the order's lease be over."""
        with tenancy.tenant(self.owner.pk):
            Order.objects.filter(pk=order.pk).update(due_at=clock.now())

    def fresh(self, order: Order) -> Order:
        with tenancy.tenant(self.owner.pk):
            return Order.objects.select_related("instrument").get(pk=order.pk)

    def balance(self, asset: str, kind: str = "wallet") -> Decimal:
        account = self._account(asset, kind)
        return account.balance if account else Decimal(0)

    def held(self, asset: str) -> Decimal:
        account = self._account(asset, "wallet")
        return account.held if account else Decimal(0)

    def _account(self, asset: str, kind: str) -> Account | None:
        with tenancy.tenant(self.owner.pk):
            return Account.objects.filter(wallet=self.wallet, asset=asset, kind=kind).first()

    def venue_totals(self) -> dict[str, Decimal]:
        with tenancy.tenant(self.owner.pk):
            venue = registry.open_venue(self.connection)
            return {balance.asset: balance.total for balance in venue.balances()}

    def books_agree(self) -> bool:
        """Whether the venue's books and ours say the same of every asset that was traded."""
        totals = self.venue_totals()
        return all(self.balance(asset) == totals.get(asset, Decimal(0)) for asset in ("BTC", "USDT"))


def make_desk(owner: User, *, cash: Decimal = CASH, limits: bool = True) -> Desk:
    """The desk, with `cash` USDT in the agent's wallet and at the venue; call it outside of `as_owner` or inside."""
    Platform.objects.get_or_create(
        slug="desk",
        defaults={"name": "Desk", "adapter": "demo", "fees": {"maker": "0.001", "taker": "0.001"}, "options": {}},
    )
    instrument, _ = Instrument.objects.get_or_create(
        venue="simulated",
        symbol=SYMBOL,
        defaults={
            "base": "BTC",
            "quote": "USDT",
            "tick_size": Decimal("0.01"),
            "lot_size": Decimal("0.001"),
            "minimum_notional": Decimal(10),
        },
    )
    set_price(instrument, "100")
    with tenancy.tenant(owner.pk):
        connection = Connection.objects.create(owner=owner, platform_id="desk", name="Desk", venue="simulated")
        master = _wallet(owner, connection, "Fund", Wallet.Role.MASTER, None)
        farm = _wallet(owner, connection, "Trend farm", Wallet.Role.FARM, master)
        wallet = _wallet(owner, connection, "Agent", Wallet.Role.AGENT, farm)
        desk = Desk(owner, connection, master, farm, wallet, instrument)
        if cash:
            fund(desk, "USDT", cash)
        if limits:
            services.set_limits(on=connection, allowed_symbols=[SYMBOL], maximum_notional=Decimal(50_000))
    return desk


def fund(desk: Desk, asset: str, amount: Decimal) -> None:
    """The same deposit in the agent's books and at the venue."""
    post(
        owner_id=desk.owner.pk,
        key=f"fund {next(_numbers)}",
        kind="deposit",
        legs=[Leg(AccountRef(desk.wallet.pk, asset, "external"), AccountRef(desk.wallet.pk, asset), amount)],
    )
    demo.credit(owner_id=desk.owner.pk, connection_id=desk.connection.pk, asset=asset, amount=amount)


def set_price(instrument: Instrument, price: str, **changes: Any) -> None:
    defaults = {"price": Decimal(price), "bid": None, "ask": None, "source": "simulated", "at": clock.now(), **changes}
    Ticker.objects.update_or_create(instrument=instrument, defaults=defaults)


def fail_with(monkeypatch: Any, *faults: Fault) -> FaultyVenue:
    """Put a venue that fails in front of the demo exchange; returns it."""
    venue = FaultyVenue(inner=None, faults=faults)  # type: ignore[arg-type]  # the real one comes with the first order

    def adapter(connection: Connection) -> FaultyVenue:
        venue.inner = demo.open_demo_venue(connection)
        return venue

    use_adapter(monkeypatch, adapter)
    return venue


def use_adapter(monkeypatch: Any, adapter: Callable[[Connection], Any]) -> None:
    monkeypatch.setitem(registry.ADAPTERS, "demo", adapter)


def assert_books_prove_themselves(desk: Desk) -> None:
    report = verify(owner_id=desk.owner.pk)
    assert report.ok, report.contradiction


def _wallet(owner: User, connection: Connection, name: str, role: str, parent: Wallet | None) -> Wallet:
    return Wallet.objects.create(owner=owner, connection=connection, name=name, role=role, parent=parent)
