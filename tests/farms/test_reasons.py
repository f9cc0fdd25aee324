"""What an agent says of its decision never contradicts it, whatever strategy it has and whatever it holds."""

import re
from decimal import Decimal

import numpy as np
import pytest

from farms.engine.decision import Decision, Means, Signal, decide
from farms.engine.runs import told
from quant import strategies
from tests.quant.market import random_candles

LEADS = {
    ("enter", False): "Go long: ",
    ("exit", True): "Leave: ",
    ("hold", True): "Stay long: ",
    ("hold", False): "Wait: ",
    ("skip", False): "No entry: ",
}
# What a decision does must not be said of one that does something else, wherever it stands.
ACTS = re.compile(r"\b(go long|go short|leave|stay long|wait|no entry|enter now|exit now)\b", re.IGNORECASE)
MEANS = Means(
    cash=Decimal(10_000), price=Decimal(100), room=Decimal(10_000), sizing="cash", size=Decimal("0.5"),
    fee_rate=Decimal("0.001"), lot=Decimal("0.001"), minimum_notional=Decimal(5),
)  # fmt: skip
BARS, TICK = 1_500, Decimal("0.01")


def decisions(slug: str) -> list[tuple[bool, Decision]]:
    """Over a stretch of bars: whether a position was held, and what was decided."""
    strategy = strategies.get(slug)
    candles = random_candles(np.random.default_rng(7), BARS)
    intents = strategy.intents(candles, strategy.defaults())
    found: list[tuple[bool, Decision]] = []
    held: Decimal | None = None
    for bar in range(BARS):
        signal = Signal(
            int(intents.enter[bar]),
            bool(intents.exit[bar]),
            Decimal(str(candles.close[bar])),
            told(intents.explain(bar), TICK),
        )
        decision = decide(signal=signal, held=held, means=lambda: MEANS)
        found.append((held is not None, decision))
        if decision.kind == "enter":
            held = decision.quantity
        elif decision.kind == "exit":
            held = None
    return found


@pytest.mark.parametrize("slug", [strategy.slug for strategy in strategies.catalog()])
def test_a_reason_never_contradicts_its_decision(slug: str) -> None:
    seen = set()
    for is_holding, decision in decisions(slug):
        lead = LEADS[decision.kind, is_holding]
        assert str(decision.explanation).startswith(lead), decision
        rest = str(decision.explanation)[len(lead) :]
        assert not ACTS.search(rest), decision
        if decision.kind in ("enter", "exit"):
            assert "missing" not in rest, decision
        assert re.search(r"[.]$", rest)
        seen.add(decision.kind)
    assert {"enter", "exit", "hold"} <= seen


@pytest.mark.parametrize("slug", [strategy.slug for strategy in strategies.catalog()])
def test_who_waits_says_how_far_away_the_next_signal_is(slug: str) -> None:
    """For most bars: where a signal was there before, or is not known yet, a new one is no distance away."""
    waits = [str(decision.explanation) for held, decision in decisions(slug) if decision.kind == "hold" and not held]
    late = waits[len(waits) // 2 :]
    told = [reason for reason in late if re.search(r"[\d.]+ (away|up or [\d.]+ down)\b", reason)]
    assert len(told) > 0.5 * len(late), (len(told), late[-1])


@pytest.mark.parametrize("slug", [strategy.slug for strategy in strategies.catalog()])
def test_a_reason_names_values_once_they_are_known(slug: str) -> None:
    known = decisions(slug)[BARS // 2 :]
    assert sum(bool(re.search(r"\d", str(decision.explanation))) for _, decision in known) > 0.98 * len(known)
