"""A sweep that cannot be carried out is refused before anything is written, with a sentence at its field."""

from datetime import UTC, datetime
from typing import Any

import pytest

from farms.laboratory import sweep_asking
from farms.models import Sweep, SweepBlock
from kit import tenancy
from kit.errors import ConflictError, InvalidInputError
from kit.users.models import User
from markets.models import Instrument
from tests.farms.conftest import make_instrument
from tests.farms.laboratory.conftest import RULES, UNTIL, AskSweep, hours, store

AXES: dict[str, Any] = {"fast": [5, 10], "slow": [20, 30]}
WIDE = {"fast": list(range(2, 102)), "slow": list(range(102, 302))}


@pytest.mark.parametrize(
    ("wish", "field", "words"),
    [
        ({"axes": {}}, "axes", "Choose 1 to 6 parameters"),
        ({"axes": {"speed": [1, 2]}}, "axes", "no such parameter"),
        ({"axes": {"fast": [5, 5_000]}}, "axes", "between 2 and 500"),
        ({"axes": {"fast": ["quick", 5]}}, "axes", "whole number"),
        ({"axes": {"fast": [5]}}, "axes", "fewer than two"),
        ({"axes": {"fast": [60, 70], "slow": [20, 30]}}, "axes", "fewer than two"),
        ({"axes": {"direction": ["long", "short"]}}, "parameters", "nobody sells short"),
        ({"axes": {**WIDE, "atr_period": [10, 20]}}, "axes", "40,000 sets are more than 20,000"),
        ({"axes": {**WIDE, "atr_period": list(range(10, 20))}}, "axes", "this grid has 200,000 combinations"),
        ({"axes": WIDE, "method": "random", "trials": 20_001}, "trials", "2 to 20,000 sets"),
        ({"axes": WIDE, "method": "tpe", "trials": 2_001}, "trials", "2 to 2,000 sets"),
        ({"axes": WIDE, "method": "prayer"}, "method", "Choose one of grid"),
        ({"axes": AXES, "measure": "luck"}, "measure", "Choose one of sharpe"),
        ({"axes": {"fast": [5, 10], "slow": [20, 950]}}, "since", "has 900 closed 1h candles"),
        ({"axes": AXES, "parameters": RULES | {"quick": 1}}, "axes", "no such parameter"),
        ({"axes": AXES, "strategy": "astrology"}, "strategy", "there is no strategy"),
        ({"axes": AXES, "timeframe": "4h"}, "timeframe", "There are no 4h candles"),
        ({"axes": AXES, "since": UNTIL, "until": datetime(2025, 3, 1, tzinfo=UTC)}, "until", "an end after"),
    ],
)
def test_what_cannot_be_swept_is_a_sentence_at_its_field(
    db: None, ask_sweep: AskSweep, owner: User, wish: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(InvalidInputError, match=words) as refused:
        ask_sweep(**wish)
    assert set(refused.value.fields) == {field}
    with tenancy.tenant(owner.pk):
        assert not Sweep.objects.exists()
        assert not SweepBlock.objects.exists()


def test_a_sweep_is_over_one_market(db: None, ask_sweep: AskSweep, market: Instrument) -> None:
    second = make_instrument("OTH/USDT")
    store(second, hours(seed=4))
    with pytest.raises(InvalidInputError, match="a sweep is over one"):
        ask_sweep(axes=AXES, instrument_ids=[market.pk, second.pk])


def test_more_work_than_there_is_time_for_is_refused(
    db: None, ask_sweep: AskSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_asking, "MOST_WORK", 3 * 900)
    with pytest.raises(InvalidInputError, match="4 sets on 900 candles are more than the 3"):
        ask_sweep(axes=AXES)


def test_nobody_fills_the_queue(
    db: None, ask_sweep: AskSweep, other_owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_asking, "MOST_WAITING", 2)
    ask_sweep(axes=AXES)
    ask_sweep(axes=AXES)
    with pytest.raises(ConflictError, match="2 sweeps are not done yet"):
        ask_sweep(axes=AXES)
    ask_sweep(other_owner, axes=AXES)


def test_without_an_estimator_its_method_is_refused(
    db: None, ask_sweep: AskSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_asking, "find_spec", lambda name: None)
    with pytest.raises(InvalidInputError, match="No estimator is installed"):
        ask_sweep(axes=AXES, method="tpe")


def test_what_stays_as_it_is_need_not_be_allowed_beside_the_usual(db: None, ask_sweep: AskSweep) -> None:
    """The slow average of 12 bars stands beside the fast ones that are tried, not beside the usual one of 20."""
    asked = ask_sweep(axes={"fast": [4, 8]}, parameters={"ma": "sma", "slow": 12, "adx_min": 0, "trail_atr": 0})
    assert (asked.trials, asked.parameters["slow"], asked.parameters["fast"]) == (2, 12, 4)
