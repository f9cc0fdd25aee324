"""What the columns of market data can hold. Known to models and adapters alike, so nothing here knows Django."""

from decimal import Decimal
from typing import Final

# The longest names; `markets.assets` says in a sentence what is longer.
VENUE_LENGTH: Final = 40
SYMBOL_LENGTH: Final = 40
ASSET_LENGTH: Final = 20
# The smallest part of anything and the first number too large: numeric(38,18). No step is finer, and none has another
# floor.
SMALLEST: Final = Decimal(1).scaleb(-18)
BEYOND: Final = Decimal(10) ** 20
# The same for the floats of candles, and a volume that no market has.
PRICE_END: Final = 1e20
VOLUME_END: Final = 1e30
