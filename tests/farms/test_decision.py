"""From an intent to an order: the rules, one by one, without a market."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from farms.engine.decision import Decision, Means, Signal, decide
from kit.sentences import Sentence

SIGNAL = Signal(enter=1, exit=False, close=Decimal(100), reason=Sentence("The averages crossed."), stop=Decimal(95))
MEANS = Means(
    cash=Decimal(10_000),
    price=Decimal(100),
    room=Decimal(1_000_000),
    sizing="cash",
    size=Decimal("0.5"),
    fee_rate=Decimal("0.001"),
    lot=Decimal("0.01"),
    minimum_notional=Decimal(10),
)
HELD = Decimal(3)


def decided(signal: Signal = SIGNAL, held: Decimal | None = None, means: Means = MEANS) -> Decision:
    return decide(signal=signal, held=held, means=lambda: means)


def test_half_of_the_cash_is_spent_fee_included_and_in_whole_lots() -> None:
    decision = decided()
    assert decision.kind == "enter"
    assert decision.quantity == Decimal("49.95")  # 5000 / 1.001 / 100 = 49.950…


def test_risk_sizing_loses_the_given_share_between_price_and_stop() -> None:
    decision = decided(means=replace(MEANS, sizing="risk", size=Decimal("0.01")))
    assert decision.quantity == Decimal(20)  # 1 % of 10,000 over a distance of 5


def test_risk_sizing_without_a_stop_below_the_price_enters_nothing() -> None:
    means = replace(MEANS, sizing="risk")
    assert decided(replace(SIGNAL, stop=None), means=means).kind == "skip"
    assert decided(replace(SIGNAL, stop=Decimal(100)), means=means).kind == "skip"


def test_a_tight_stop_never_spends_more_than_there_is() -> None:
    decision = decided(replace(SIGNAL, stop=Decimal("99.9")), means=replace(MEANS, sizing="risk"))
    assert decision.kind == "enter"
    assert decision.quantity * MEANS.price < MEANS.cash


def test_the_farms_cap_makes_the_entry_smaller_and_says_so() -> None:
    decision = decided(means=replace(MEANS, room=Decimal(2_000)))
    assert decision.quantity == Decimal(20)
    assert "limit for one instrument" in str(decision.explanation)


def test_an_exposure_leaves_so_much_of_the_usual_size_and_says_so() -> None:
    decision = decided(means=replace(MEANS, exposure=Decimal("0.4")))
    assert decision.quantity == Decimal("19.98")  # of 49.95…
    assert "An exposure of 40 % made the entry smaller." in str(decision.explanation)
    tight = replace(SIGNAL, stop=Decimal("99.9"))
    usual, less = (
        decided(tight, means=replace(MEANS, sizing="risk", exposure=share)) for share in (Decimal(1), Decimal("0.5"))
    )
    assert less.quantity <= usual.quantity / 2  # of what can be paid for, not of what was wished for
    nothing = decided(means=replace(MEANS, exposure=Decimal(0)))
    assert (nothing.kind, nothing.quantity) == ("skip", 0)
    assert "An exposure of 0 %" in str(nothing.explanation)


def test_a_farm_that_is_full_skips_the_entry() -> None:
    decision = decided(means=replace(MEANS, room=Decimal(-50)))
    assert (decision.kind, decision.quantity) == ("skip", 0)
    assert "as much of this instrument as it allows" in str(decision.explanation)


def test_an_entry_below_the_smallest_order_is_skipped() -> None:
    decision = decided(means=replace(MEANS, cash=Decimal(15)))
    assert decision.kind == "skip"
    assert "smallest order" in str(decision.explanation)


def test_the_intents_weight_scales_the_entry() -> None:
    assert decided(replace(SIGNAL, weight=Decimal("0.5"))).quantity == Decimal("24.97")


def test_a_spot_market_is_not_sold_short() -> None:
    assert decided(replace(SIGNAL, enter=-1)).kind == "skip"


def test_nothing_to_do_is_holding_with_the_strategys_reason() -> None:
    decision = decided(replace(SIGNAL, enter=0))
    assert (decision.kind, str(decision.explanation)) == ("hold", "Wait: the averages crossed.")


def test_a_held_position_is_not_added_to() -> None:
    assert decided(held=HELD).kind == "hold"


def test_an_exit_and_the_opposite_entry_sell_all_of_it() -> None:
    for signal in (replace(SIGNAL, enter=0, exit=True), replace(SIGNAL, enter=-1)):
        decision = decided(signal, HELD)
        assert (decision.kind, decision.quantity) == ("exit", Decimal(3))


def test_no_words_of_an_explanation_give_away_an_amount() -> None:
    decision = decided(means=replace(MEANS, cash=Decimal("77123.45")))
    assert "77123" not in str(decision.explanation)
    assert decision.numbers["cash"] == "77123.45"


@given(
    cash=st.decimals("0", "1e9", places=8),
    price=st.decimals("0.0001", "1e6", places=4),
    size=st.decimals("0.00000001", "1", places=8),
    room=st.decimals("-1e6", "1e9", places=2),
    stop=st.decimals("0.0001", "1e6", places=4),
    sizing=st.sampled_from(("cash", "risk")),
)
def test_an_entry_is_always_payable_inside_the_cap_and_in_whole_lots(
    cash: Decimal, price: Decimal, size: Decimal, room: Decimal, stop: Decimal, sizing: str
) -> None:
    means = replace(MEANS, cash=cash, price=price, size=size, room=room, sizing=sizing)  # type: ignore[arg-type]
    decision = decided(replace(SIGNAL, stop=stop), means=means)
    assert decision.kind in {"enter", "skip"}
    notional = decision.quantity * price
    assert notional * (1 + means.fee_rate) <= cash
    assert decision.quantity == 0 or notional <= room
    assert decision.quantity % means.lot == 0
    assert (decision.kind == "enter") == (decision.quantity > 0)
