"""What somebody may begin a new goal from: wishes that traders have, as data.

Numbers are only a beginning: the wizard shows every one of them. `RESERVE` and `FARMS` stand for wallets that nobody
can know before: the owner's reserve, and their farms, each with the same share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

RESERVE, FARMS = "reserve", "farms"

_TO_MASTER: Final = {"do": "collect", "amount": "profit", "to": "master"}


@dataclass(frozen=True, slots=True)
class Template:
    """A goal to begin with. `days` is how long it takes; `whole` says that it is about the whole fund."""

    slug: str
    name: str
    text: str
    kind: str
    target: Mapping[str, Any]
    days: int | None
    actions: Sequence[Mapping[str, Any]] = ()
    on_miss: Sequence[Mapping[str, Any]] = ()
    whole: bool = True
    icon: str = field(default="target")


TEMPLATES: Final = {
    template.slug: template
    for template in (
        Template(
            "harvest",
            "Harvest profit every month above a base amount",
            "Reached, the free profit goes to the master and the next month begins. A wallet's minimum balance is the "
            "base amount: nothing below it is moved.",
            "profit_target",
            {"measure": "total", "value": "500"},
            30,
            (_TO_MASTER, {"do": "renew", "rule": "same"}),
            ({"do": "adjust", "value": "-0.1"},),
            icon="sprout",
        ),
        Template(
            "bank",
            "Bank profits out of reach in a reserve",
            "Whenever so much is earned, it goes to a reserve, from which nothing is traded.",
            "profit_target",
            {"measure": "total", "value": "1000"},
            90,
            ({"do": "collect", "amount": "profit", "to": RESERVE}, {"do": "renew", "rule": "same"}),
            icon="vault",
        ),
        Template(
            "ceiling",
            "Ceiling: stop above an equity",
            "Above it everything is closed, brought home and paused.",
            "equity",
            {"measure": "value"},
            180,
            ({"do": "close"}, {"do": "collect", "amount": "all", "to": "master"}, {"do": "pause"}),
            icon="octagon-x",
        ),
        Template(
            "share",
            "Share one farm's profit over others by a key",
            "What one farm earns goes to the master, and from there to the farms by shares.",
            "profit_target",
            {"measure": "total", "value": "500"},
            30,
            (_TO_MASTER, {"do": "distribute", "shares": FARMS}, {"do": "renew", "rule": "same"}),
            whole=False,
            icon="split",
        ),
        Template(
            "again",
            "Close everything at a target, collect, start again",
            "Every position is closed, the profit collected, and it begins again with ten percent more.",
            "profit_target",
            {"measure": "total", "value": "2000"},
            90,
            ({"do": "close"}, _TO_MASTER, {"do": "renew", "rule": "percentage", "value": "0.1"}),
            icon="refresh-cw",
        ),
        Template(
            "trades",
            "200 trades in a month",
            "Closed trades, each counted once when it closes.",
            "trade_volume",
            {"measure": "count", "value": "200"},
            30,
            (_TO_MASTER,),
            icon="list-ordered",
        ),
        Template(
            "average",
            "$5 a trade on average",
            "Net of all fees, over at least fifty trades.",
            "profit_target",
            {"measure": "average", "value": "5", "minimum_trades": 50},
            90,
            (_TO_MASTER,),
            icon="activity",
        ),
        Template(
            "sharpe",
            "Sharpe ratio above 2",
            "Of daily returns, over at least thirty whole days.",
            "strategy_performance",
            {"measure": "sharpe", "value": "2", "minimum_days": 30},
            90,
            (_TO_MASTER,),
            ({"do": "reduce"},),
            icon="scale",
        ),
    )
}
