"""What a wallet has in a perpetual, told to those who value it: `wallet_derivatives` and whoever reads that."""

from decimal import Decimal

from markets.models import Instrument
from markets.prices import latest_price
from quant.margin import Leveraged
from wallets.models import Wallet
from wallets.sync.positions import keep_traded
from wallets.venues.demo.perpetuals import position_report


def tell_position(wallet: Wallet, instrument: Instrument, held: Leveraged, price: Decimal) -> None:
    """Tell it in the transaction that changed it, at the price of now, or of what changed it where there is none."""
    quote = latest_price(instrument_id=instrument.pk)
    report = position_report(held, instrument, quote.price if quote else price) if held.quantity else None
    keep_traded(wallet.connection, wallet.pk, report, symbol=instrument.symbol)
