"""Levels rise at their threshold and fall a margin below it."""

from decimal import Decimal

import pytest

from portfolio.exposure.levels import INFINITE, Level, level_of, usage_of
from quant.concentration import herfindahl, shares

D = Decimal
OK, WATCH, WARNING, BREACH = Level


@pytest.mark.parametrize(
    ("usage", "before", "level"),
    [
        ("0", OK, OK), ("0.79", OK, OK), ("0.8", OK, WATCH), ("0.8999", OK, WATCH), ("0.9", OK, WARNING),
        ("1", OK, WARNING), ("1.000000000000000001", OK, BREACH),
        # From above each falls only a margin of 0.05 below its own threshold, and then as far as it has to.
        ("1", BREACH, BREACH), ("0.951", BREACH, BREACH), ("0.95", BREACH, WARNING), ("0.86", BREACH, WARNING),
        ("0.85", BREACH, WATCH), ("0.76", BREACH, WATCH), ("0.75", BREACH, OK),
        ("0.95", WARNING, WARNING), ("0.851", WARNING, WARNING), ("0.85", WARNING, WATCH), ("0.7", WARNING, OK),
        ("0.751", WATCH, WATCH), ("0.75", WATCH, OK), ("0.95", WATCH, WARNING), ("1.2", WATCH, BREACH),
        (None, BREACH, BREACH), (None, OK, OK),
    ],
)  # fmt: skip
def test_a_level_rises_at_once_and_falls_with_a_margin(usage: str | None, before: Level, level: Level) -> None:
    assert level_of(D(usage) if usage else None, before=before, margin=D("0.05")) == level


def test_what_swings_about_a_threshold_is_told_once() -> None:
    level = Level.OK
    usages = ("0.99", "1.01", "0.99", "1.01", "0.98", "1.02", "0.94", "0.99", "1.01")
    told = [level := level_of(D(usage), before=level, margin=D("0.05")) for usage in usages]
    assert told == [WARNING, BREACH, BREACH, BREACH, BREACH, BREACH, WARNING, WARNING, BREACH]


@pytest.mark.parametrize(
    ("measured", "limit", "is_floor", "usage"),
    [
        ("0.3", "0.4", False, D("0.75")), ("0.3", "0", False, INFINITE), ("0", "0", False, D(0)),
        ("0.5", "0.4", True, D("0.8")), ("0", "0.4", True, INFINITE), ("0", "0", True, D(0)),
        (None, "0.4", False, None),
    ],
)  # fmt: skip
def test_how_much_of_a_limit_is_used(measured: str | None, limit: str, is_floor: bool, usage: Decimal | None) -> None:
    assert usage_of(D(measured) if measured else None, D(limit), is_floor=is_floor) == usage


def test_the_index_of_herfindahl_by_hand() -> None:
    assert herfindahl([D(100)]) == 1
    assert herfindahl([D(25)] * 4) == D("0.25")
    assert herfindahl([D(50), D(30), D(20)]) == D("0.38")  # 0.25 + 0.09 + 0.04
    assert (herfindahl([]), shares([D(0)])) == (None, [])
