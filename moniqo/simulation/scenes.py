"""The kinds of flows: orders at an exchange that fails, stops that rest there, and perpetuals on paper."""

from dataclasses import dataclass
from typing import Final

from moniqo.simulation.flow import (
    Scene,
    deliver,
    deliver_all,
    fall,
    go_on_stopping,
    listen,
    move_prices,
    protect,
    sweep,
    sync,
    wait,
)
from moniqo.simulation.leveraged import (
    amend_waiting_trade,
    bring_home,
    fund,
    hand_out,
    match,
    reduce,
    settle,
    squeeze,
    tighten,
    trade,
    turn_with_little,
    wait_to_trade,
)
from moniqo.simulation.people import (
    amend,
    amend_waiting,
    buy,
    buy_with_stop,
    cancel,
    cancel_everything,
    cancel_there,
    close,
    decide_together,
    end_waiting,
    raise_stop,
    rest,
    sell,
    stop_all,
    wait_for,
)

LOOKS: Final = (end_waiting, sweep, protect, go_on_stopping)
USUAL: Final = Scene(
    acts={
        buy: (22, 17), sell: (8, 17), decide_together: (3, 18), close: (5, 17), raise_stop: (3, 12), cancel: (18, 14),
        stop_all: (4, 14), move_prices: (8, 0), wait: (12, 0), deliver: (32, 36), sweep: (10, 44), protect: (10, 30),
        go_on_stopping: (4, 40), listen: (5, 34), sync: (3, 44), wait_for: (24, 17), cancel_everything: (3, 20),
        rest: (26, 18), amend: (18, 24), amend_waiting: (24, 60),
    },
    first=(buy, deliver),
    looks=LOOKS,
    most=9,
)  # fmt: skip
# The stops of positions rest at the venue, are moved, reached, ended there by hand, forgotten, and make way.
STOPS: Final = Scene(
    acts={
        buy_with_stop: (8, 17), sell: (8, 24), close: (8, 24), raise_stop: (16, 12), cancel: (6, 14), stop_all: (3, 14),
        move_prices: (16, 0), wait: (16, 0), deliver: (34, 36), sweep: (20, 44), protect: (34, 60),
        go_on_stopping: (3, 40), listen: (6, 34), sync: (2, 44), wait_for: (4, 17), cancel_everything: (2, 20),
        rest: (4, 18), amend: (2, 24), amend_waiting: (10, 60), cancel_there: (16, 0), fall: (14, 0),
    },
    before=(buy_with_stop, deliver_all, protect),
    first=(deliver,),
    looks=LOOKS,
    most=14,
)  # fmt: skip
PERPETUALS: Final = Scene(
    acts={
        trade: (30, 20), reduce: (12, 20), close: (6, 20), tighten: (6, 12), wait_to_trade: (14, 20), amend: (4, 24),
        amend_waiting_trade: (12, 60), cancel: (6, 14), stop_all: (3, 14), cancel_everything: (2, 20),
        move_prices: (18, 0), wait: (6, 0),
        deliver: (40, 60), sweep: (10, 60), protect: (16, 30), match: (10, 30), fund: (12, 40), squeeze: (12, 0),
        settle: (4, 40), go_on_stopping: (3, 40), listen: (4, 34), sync: (3, 44), bring_home: (4, 0), hand_out: (16, 0),
        turn_with_little: (16, 100),
    },
    before=(trade,),
    first=(deliver, trade, deliver),
    looks=(*LOOKS, match, settle),
    most=16,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """What is played, and on what stage."""

    scene: Scene
    paper: bool = False
    keeps_stops: bool = False
    has_perpetuals: bool = False


KINDS: Final = (
    Kind(USUAL),
    Kind(STOPS, keeps_stops=True),
    Kind(USUAL),
    Kind(PERPETUALS, paper=True, has_perpetuals=True),
)


def kind_of(seed: int) -> Kind:
    """Every second flow is a usual one."""
    return KINDS[seed % len(KINDS)]
