"""A desk at a real exchange's double: an agent's wallet with 100,000 USDT in the books and at the venue."""

from decimal import Decimal

from kit import clock
from kit.users.models import User
from markets.services import ensure_instrument
from tests.simulators.server import Exchanges
from tests.trading.desk import Desk, set_price
from tests.wallets.books import fund
from tests.wallets.keys import key_of
from trading import services
from wallets.models import Connection, Platform, Wallet
from wallets.venues.credentials import store_credentials
from wallets.venues.joining import make_live


def desk_at(exchanges: Exchanges, owner: User, slug: str) -> Desk:
    """A live connection there; call it as the owner."""
    wire = exchanges.wires[slug]
    instrument, _ = ensure_instrument(
        venue=slug,
        symbol="BTC/USDT",
        tick_size=Decimal("0.1"),
        lot_size=Decimal("0.0001"),
        base="BTC",
        quote="USDT",
    )
    set_price(instrument, "50000")
    connection = Connection.objects.create(
        owner=owner, platform=Platform.objects.get(slug=slug), name=slug, venue=slug, is_paper=False
    )
    store_credentials(connection=connection, values=key_of(wire))
    make_live(user=owner, connection_id=connection.pk, password=f"password of {owner.email}", typed=slug)
    above: Wallet | None = None
    wallets = []
    for role in (Wallet.Role.MASTER, Wallet.Role.FARM, Wallet.Role.AGENT):
        above = Wallet.objects.create(owner=owner, connection=connection, name=role, role=role, parent=above)
        wallets.append(above)
    Connection.objects.filter(pk=connection.pk).update(orders_compared_at=clock.now())
    connection.refresh_from_db()
    desk = Desk(owner, connection, *wallets, instrument)
    fund(desk.wallet, 100_000)
    wire.account.deposit("USDT", 100_000)
    services.set_limits(on=connection, allowed_symbols=["BTC/USDT"], maximum_notional=Decimal(50_000))
    return desk
