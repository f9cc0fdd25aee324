"""What holds buying back for a while: a protection of the limits, and until when. Pure.

A pause after a stop and a bad run of trades hold one market of one wallet, a fall holds a wallet and all below it. What
is sold goes on, stops and targets too.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from kit.sentences import Sentence, moment, number, sentence

COOLDOWN: Final = "cooldown_bars"
DRAWDOWN: Final = "maximum_drawdown"
PROFIT_FACTOR: Final = "minimum_profit_factor"
KINDS: Final = (COOLDOWN, DRAWDOWN, PROFIT_FACTOR)

_WORDS: Final = {
    COOLDOWN: "{wallet} left {symbol} by its stop, and {who} wants a pause of {most} bars after one",
    DRAWDOWN: "{wallet} has fallen by {measured} % from its highest within {span} days, and {who} allows {most} %",
    PROFIT_FACTOR: (
        "The last {span} trades of {wallet} in {symbol} won {measured} times what they lost, and {who} asks for {most}"
    ),
}


@dataclass(frozen=True, slots=True)
class Lock:
    """A protection that is in force: `kind` names the limit that says so and `who` on whose path it stands.

    `wallet` is the name of what it holds, `symbol` the market, "" where it is all that is bought. `measured` is what
    was found and `most` what the limit says: fractions, a factor, or bars; `span` days or trades.
    """

    kind: str
    who: str
    wallet: str
    symbol: str
    measured: Decimal
    most: Decimal
    span: int
    until: datetime

    @property
    def why(self) -> Sentence:
        """What happened and what the limit says, without an end."""
        scale = 100 if self.kind == DRAWDOWN else 1
        places = ".0f" if self.kind == COOLDOWN else ".2f"
        return sentence(
            _WORDS[self.kind],
            wallet=self.wallet,
            symbol=self.symbol,
            who=self.who,
            span=self.span,
            measured=number(f"{self.measured * scale:{places}}"),
            most=number(f"{self.most * scale:{places}}"),
        )

    @property
    def words(self) -> Sentence:
        """The same with what it does and until when."""
        return sentence("{why}: nothing is bought there until {until}.", why=self.why, until=moment(self.until))
