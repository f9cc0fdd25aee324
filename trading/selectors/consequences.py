"""What a movement of money does to the positions of a wallet and their protection, in words without amounts."""

from collections.abc import Iterator
from decimal import Decimal

from markets.models import Instrument
from markets.prices import latest_price
from trading.models import Position
from trading.risk import gate
from wallets.models import Account, Wallet


def of_movement(*, wallet: Wallet, asset: str, change: Decimal) -> Iterator[str]:
    """Sentences about the wallet's open positions that consist of `asset`, or have their margin in it, when `change` of
    it comes or (negative) leaves."""
    yield from _of_margins(wallet, asset, change)
    spot = Position.objects.filter(wallet=wallet, instrument__base=asset, margin=None, closed_at=None)
    positions = list(spot.select_related("instrument"))
    if not positions:
        return
    account = Account.objects.filter(wallet=wallet, asset=asset, kind=Account.Kind.WALLET).first()
    after = (account.balance if account else Decimal(0)) + change
    held = sum((position.quantity for position in positions), Decimal(0))
    tolerated = max(_dust(position.instrument) for position in positions)
    is_protected = any(_is_protected(position) for position in positions)
    name = wallet.name
    if after < held:
        left = (
            "nothing of it is left to sell"
            if after <= 0
            else f"{'its stop or target' if is_protected else 'a sale'} sells only what stays"
        )
        yield (
            f"This takes {asset} out of an open position of {name}: {left}, and {name} opens nothing in {asset} "
            "until it is back."
        )
    elif change > 0 and after - held >= tolerated:
        yield (
            f"No position of {name} knows of this {asset}: it opens nothing in {asset} until that is collected again. "
            + ("Its stop or target goes on." if is_protected else "Its position can be left at any time.")
        )


def _of_margins(wallet: Wallet, asset: str, change: Decimal) -> Iterator[str]:
    short = Position.objects.filter(wallet=wallet, instrument__settle=asset, margin_shortfall__gt=0, closed_at=None)
    symbols = ", ".join(short.order_by("opened_at", "pk").values_list("instrument__symbol", flat=True))
    if symbols and change > 0:
        yield f"{wallet.name} lacks margin for {symbols}: this is held for it within a minute, as much as is missing."
    elif symbols:
        yield f"{wallet.name} lacks margin for {symbols}: what leaves is not held for it."


def _dust(instrument: Instrument) -> Decimal:
    quote = latest_price(instrument_id=instrument.pk)
    return gate.dust(instrument.lot_size, instrument.minimum_notional, quote.price if quote else None)


def _is_protected(position: Position) -> bool:
    return any(level is not None for level in (position.exit_stop, position.exit_target, position.exit_trail))
