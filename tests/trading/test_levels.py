"""When a level is reached, how a stop follows, and on which side of the market a level protects."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import display
from kit.display import Display
from trading.positions.levels import WrongSideError, level_reached, require_right_side, trailed, wrong_side

STOP, TARGET = Decimal(95), Decimal(120)


@pytest.mark.parametrize(
    ("price", "sentence"),
    [
        ("95.01", ""),
        ("119.99", ""),
        ("95", "The stop at 95 was reached by 95."),
        ("120.5", "The target at 120 was reached by 120.5."),
        ("1e-12", "The stop at 95 was reached by 0.000000000001."),
    ],
)
def test_a_level_is_reached_at_it_and_beyond_it(price: str, sentence: str) -> None:
    assert level_reached(Decimal(price), stop=STOP, target=TARGET).exact == sentence


def test_without_levels_nothing_is_reached() -> None:
    assert level_reached(Decimal(1), stop=None, target=None).exact == ""


@given(
    best=st.lists(st.decimals("1", "1000", places=2), min_size=1, max_size=20),
    trail=st.decimals("0.01", "50", places=2),
)
def test_a_trailing_stop_follows_the_best_price_and_never_moves_back(best: list[Decimal], trail: Decimal) -> None:
    stop = None
    for index, price in enumerate(best):
        before, stop = stop, trailed(stop, best=price, trail=trail)
        assert before is None or (stop is not None and stop >= before)
        level = max(best[: index + 1]) - trail
        assert stop == (level if level > 0 else None)


def test_a_position_without_a_trail_keeps_its_stop() -> None:
    assert trailed(Decimal(90), best=Decimal(200), trail=None) == Decimal(90)


@pytest.mark.parametrize(
    ("stop", "target", "wrong"),
    [
        ("99.99", "100.01", set()),
        (None, None, set()),
        ("100", None, {"exit_stop"}),
        (None, "100", {"exit_target"}),
        ("99999999", "0.01", {"exit_stop", "exit_target"}),
    ],
)
def test_a_level_at_or_beyond_the_price_protects_nothing(stop: str | None, target: str | None, wrong: set[str]) -> None:
    levels = {"stop": stop and Decimal(stop), "target": target and Decimal(target)}
    assert set(wrong_side(price=Decimal(100), **levels)) == wrong  # type: ignore[arg-type]


def test_a_program_gets_every_digit_of_a_level_that_is_wrong() -> None:
    """Whatever its reader's way to write numbers: the sentence of a field is that of the whole."""
    with display.showing(Display(hide_amounts=True)), pytest.raises(WrongSideError) as refused:
        require_right_side(Decimal("112794.16"), stop=Decimal(200_000), target=None)
    assert refused.value.fields == {"exit_stop": refused.value.sentence.exact}
    assert "112794.16" in refused.value.sentence.exact
