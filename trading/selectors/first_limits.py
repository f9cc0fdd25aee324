"""What a new account begins with, and what is in force when it is made live."""

from decimal import Decimal
from typing import Final

from kit.errors import InvalidInputError
from kit.sentences import Told, Value, amount, number, sentence, share
from markets.assets import dollar_in
from markets.models import Instrument
from markets.services import well_known_first
from trading.models import RiskLimit
from trading.risk.limits import base_currency, set_limits
from trading.selectors.limits import connection_limits
from wallets.connections.limits import FirstLimits, InForce
from wallets.models import Connection

# Of play money a quarter of what one usually begins with; of real money what a mistake may cost.
PAPER_ORDER: Final = Decimal(2500)
REAL_ORDER: Final = Decimal(100)
DAILY_LOSS: Final = Decimal("0.03")
MARKETS: Final = 3
NONE_AT_ALL: Final = "Nobody says which markets and how much may be bought: nothing can be, until you set it."
ONLY_WALLETS: Final = (
    "It does not say itself what may be bought and how much: only its wallets' limits hold orders back."
)

# What a limit says, where the owner has set it; amounts are in its asset, fractions in percent.
_IN_WORDS: Final = {
    "maximum_notional": "An order is worth {most} at most.",
    "maximum_daily_loss": "Nothing is bought any more on a day on which it has lost {most}.",
    "maximum_position": "A position is worth {most} at most after a buy.",
    "maximum_open_positions": "At most {most} positions are open at once.",
    "maximum_risk": "A trade risks {most} of its wallet at most.",
    "maximum_exposure": "Buys have {most} of their usual size at most.",
    "maximum_distance": "No price is worse than the middle of the market by more than {most}.",
    "maximum_orders_per_minute": "At most {most} orders are sent within a minute.",
    "maximum_correlated": "What is open comes to {most} of what is there at most, by how it moves together.",
    "cooldown_bars": "After a stop nothing is bought in its market for {most} bars.",
    "maximum_drawdown": "Nothing is bought for a while once a wallet has fallen by {most}.",
    "minimum_profit_factor": "Nothing is bought for a while where trades won less than {most} times what they lost.",
}


def usual_limits(connection: Connection) -> FirstLimits:
    """A few markets that people know, small orders, and a day that ends at 3 %.

    Counted in what those markets are paid in. Where the venue lists no market yet, nothing is said of markets.
    """
    listed = well_known_first(
        Instrument.objects.filter(venue=connection.venue, is_active=True, kind=Instrument.Kind.SPOT)
    )
    base = base_currency(connection)
    same = [market for market in listed if market.quote == base] or listed[:1]
    unit = same[0].quote if same else base
    symbols = tuple(market.symbol for market in same if market.quote == unit)[:MARKETS]
    most = PAPER_ORDER if connection.is_paper else REAL_ORDER
    return FirstLimits(symbols or None, most * dollar_in(unit), unit, DAILY_LOSS)


def set_first_limits(connection: Connection, given: FirstLimits) -> None:
    """As `FirstLimits` says. Raises InvalidInputError for a market that the venue does not list, once it lists any."""
    symbols = {symbol.strip().upper() for symbol in given.allowed_symbols or ()}
    listed = connection_limits(owner_id=connection.owner_id, connection_id=connection.pk).choices
    if listed and (unknown := sorted(symbols - set(listed))):
        raise InvalidInputError(
            f"Choose other symbols: the venue does not list {', '.join(unknown)}.",
            fields={"limits.allowed_symbols": "Not listed at the venue."},
        )
    set_limits(
        on=connection,
        allowed_symbols=given.allowed_symbols,
        maximum_notional=given.maximum_notional,
        notional_asset=given.notional_asset,
        maximum_daily_loss=given.maximum_daily_loss,
    )


def limits_in_force(connection: Connection) -> InForce:
    """The connection's own limits in words, with a warning where orders would not be held back by them."""
    own = connection_limits(owner_id=connection.owner_id, connection_id=connection.pk).own
    said: list[Told] = []
    if own.allowed_symbols is not None:
        listed = ", ".join(own.allowed_symbols)
        said.append(f"It buys {listed} and nothing else." if listed else "It buys nothing: no market is allowed.")
    for name, words in _IN_WORDS.items():
        most = getattr(own, name)
        if most is None:
            continue
        in_money = name in ("maximum_notional", "maximum_position")
        if isinstance(most, int):
            asked: Value | int = most
        elif name == "minimum_profit_factor":
            asked = number(f"{most.normalize():f}")
        else:
            asked = amount(most, own.notional_asset) if in_money else share(most)
        said.append(sentence(words, most=asked))
    missing = ""
    if own.allowed_symbols is None or own.maximum_notional is None:
        below = RiskLimit.objects.filter(wallet__connection=connection).exists()
        missing = ONLY_WALLETS if below else NONE_AT_ALL
    return InForce(tuple(said), missing)
