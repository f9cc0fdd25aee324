"""A desk that trades the perpetual beside its market: leverage, margin, funding and liquidation on paper."""

from decimal import Decimal
from typing import Any

from kit import tenancy
from kit.users.models import User
from markets.models import Instrument
from markets.services import list_perpetuals
from tests.trading.desk import SYMBOL, Desk, assert_books_prove_themselves, make_desk, set_price
from trading import services
from trading.models import Order, Position
from wallets.models import DemoPosition, VenuePosition

PERPETUAL = "BTC/USDT-PERP"
FEE = Decimal("0.001")


class PerpetualDesk(Desk):
    """The same desk, at the perpetual. `spot` is the market whose prices it has."""

    spot: Instrument

    def price(self, price: str, **changes: Any) -> None:
        set_price(self.spot, price, **changes)

    def watch(self) -> list[Order]:
        """What the monitor does at the price of now, and the venue with it."""
        with tenancy.tenant(self.owner.pk):
            placed = services.keep_protection(owner_id=self.owner.pk)
        return [self.execute(order) for order in placed]

    def position(self) -> Position | None:
        with tenancy.tenant(self.owner.pk):
            rows = Position.objects.select_related("instrument", "hold")
            return rows.filter(wallet=self.wallet, instrument=self.instrument, closed_at=None).first()

    def closed(self) -> list[Position]:
        with tenancy.tenant(self.owner.pk):
            return list(
                Position.objects.filter(wallet=self.wallet, closed_at__isnull=False).order_by("closed_at", "pk")
            )

    def told(self) -> list[VenuePosition]:
        with tenancy.tenant(self.owner.pk):
            return list(VenuePosition.objects.filter(wallet=self.wallet))

    def assert_settled(self) -> None:
        """Venue, ledger and positions say the same, and the books prove themselves."""
        position = self.position()
        with tenancy.tenant(self.owner.pk):
            at_venue = DemoPosition.objects.filter(connection=self.connection, symbol=PERPETUAL).first()
        size = at_venue.quantity if at_venue else Decimal(0)
        if position is None:
            assert (size, self.told(), self.held("USDT")) == (0, [], 0)
        else:
            assert at_venue is not None
            assert (abs(size), size > 0) == (position.quantity, position.is_long)
            assert (at_venue.cost, at_venue.margin) == (position.cost, position.margin)
            assert self.held("USDT") == position.margin
        assert self.balance("BTC") == 0
        assert self.balance("USDT", "clearing") == 0
        assert self.balance("USDT", "pnl") == 0
        assert self.books_agree()
        assert_books_prove_themselves(self)


def make_perpetual_desk(owner: User, *, slippage: bool = False, **changes: Any) -> PerpetualDesk:
    """The desk with its perpetual allowed; without slippage unless it is asked for."""
    desk = make_desk(owner, **changes)
    list_perpetuals(venue="simulated")
    perpetual = Instrument.objects.get(venue="simulated", symbol=PERPETUAL)
    desk.connection.platform.options = {} if slippage else {"slippage_bps": "0", "impact_bps": "0"}
    desk.connection.platform.save()
    with tenancy.tenant(owner.pk):
        services.set_limits(on=desk.connection, allowed_symbols=[SYMBOL, PERPETUAL], maximum_notional=Decimal(50_000))
    found = PerpetualDesk(desk.owner, desk.connection, desk.master, desk.farm, desk.wallet, perpetual)
    found.spot = desk.instrument
    return found
