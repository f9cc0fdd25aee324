"""Figures read the same everywhere, and never say what is not known."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import formatting
from kit.formatting import MINUS, NARROW_SPACE, NO_BREAK_SPACE, Missing

pytestmark = pytest.mark.offline

# Everything a numeric(38,18) column can hold.
stored = st.decimals(
    min_value=Decimal("-1e20"), max_value=Decimal("1e20"), places=18, allow_nan=False, allow_infinity=False
)


@pytest.mark.parametrize(
    ("value", "currency", "expected"),
    [
        ("248316.42", "USD", "$248,316.42"),
        ("-1284.1", "USDT", f"{MINUS}$1,284.10"),
        ("20", "EUR", "€20.00"),
        ("1234.6", "JPY", "¥1,235"),
        ("1.5", "BTC", f"1.500{NO_BREAK_SPACE}BTC"),
        ("0.0325", "BTC", f"0.03250{NO_BREAK_SPACE}BTC"),
        ("-0.00006", "BTC", f"{MINUS}0.00006000{NO_BREAK_SPACE}BTC"),
        ("0.00000001", "BTC", f"0.00000001{NO_BREAK_SPACE}BTC"),
        ("-12345.678", "ETH", f"{MINUS}12,345.68{NO_BREAK_SPACE}ETH"),
        ("0.005", "USD", "$0.01"),
        ("-0.004", "USD", "$0.00"),
    ],
)
def test_money_has_its_symbol_behind_the_sign(value: str, currency: str, expected: str) -> None:
    assert formatting.money(Decimal(value), currency) == expected


def test_a_gain_carries_a_plus_a_loss_a_real_minus_and_zero_neither() -> None:
    signed = [formatting.money(Decimal(value), "USD", signed=True) for value in ("1284.10", "-226.8", "0", "-0.001")]
    assert signed == ["+$1,284.10", f"{MINUS}$226.80", "$0.00", "$0.00"]


@given(stored)
def test_what_is_shown_is_the_value_to_half_a_cent(value: Decimal) -> None:
    shown = formatting.money(value, "USD").replace(MINUS, "-").replace("$", "").replace(",", "")
    assert abs(Decimal(shown) - value) <= Decimal("0.005")


@given(stored)
def test_a_minus_is_shown_exactly_for_what_points_down(value: Decimal) -> None:
    way = formatting.direction(value, 2)
    text = formatting.money(value, "USD", signed=True)
    assert (text[0] == MINUS) == (way == "down")
    assert (text[0] == "+") == (way == "up")


@given(stored, st.integers(min_value=0, max_value=18))
def test_a_price_has_exactly_the_decimals_of_its_tick(value: Decimal, places: int) -> None:
    text = formatting.price(value, Decimal(1).scaleb(-places))
    assert len(text.partition(".")[2]) == places


@given(stored)
def test_a_quantity_without_a_lot_has_no_trailing_zeros_and_the_decimals_it_needs(value: Decimal) -> None:
    decimals = formatting.quantity(value).partition(".")[2]
    assert len(decimals) <= (8 if abs(value) >= Decimal("0.0001") else 18)
    assert not decimals.endswith("0")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("248316.42", "$248.3k"),
        ("999.994", "$999.99"),
        ("999.9999", "$1.0k"),
        ("-1250000", f"{MINUS}$1.3M"),
        ("2e9", "$2.0B"),
    ],
)
def test_compact_money_has_one_decimal_and_a_unit(value: str, expected: str) -> None:
    assert formatting.compact_money(Decimal(value), "USD") == expected


def test_fractions_become_percent_and_drift_becomes_points() -> None:
    assert formatting.percent(Decimal("-0.0089"), 2) == f"{MINUS}0.89{NARROW_SPACE}%"
    assert formatting.percent(Decimal("0.0052"), 2, signed=True) == f"+0.52{NARROW_SPACE}%"
    assert formatting.drift(Decimal("0.0166")) == f"+1.7{NARROW_SPACE}pp"
    assert formatting.times(Decimal("0.92"), signed=True) == "+0.92×"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("91204.5", "91,204.50"),
        ("14.882", "14.882"),
        ("0.00001234", "0.000012340"),
        ("0", "0.0000"),
        ("0.00000000045671234", "0.00000000045671"),
    ],
)
def test_a_price_without_a_tick_shows_five_digits(value: str, expected: str) -> None:
    assert formatting.price(Decimal(value)) == expected


def test_what_is_tiny_is_not_shown_as_nothing() -> None:
    assert formatting.amount(Decimal("4.567e-10"), "BABYDOGE") == f"0.0000000004567{NO_BREAK_SPACE}BABYDOGE"
    assert formatting.quantity(Decimal("-1.23456789e-9")) == f"{MINUS}0.0000000012346"
    assert formatting.quantity(Decimal("1e-18")) == "0.000000000000000001"
    assert formatting.quantity(Decimal("0.12345678901")) == "0.12345679"


def test_an_amount_names_its_asset_and_keeps_every_decimal_that_counts() -> None:
    assert formatting.amount(Decimal(1200), "USDT") == f"1,200.00{NO_BREAK_SPACE}USDT"
    assert formatting.amount(Decimal("0.01500000"), "BTC", signed=True) == f"+0.015{NO_BREAK_SPACE}BTC"


@pytest.mark.parametrize("value", [None, float("nan"), Decimal("Infinity"), Missing("No price since an hour.")])
def test_what_is_not_known_stays_not_known(value: object) -> None:
    assert isinstance(formatting.known(value), Missing)  # type: ignore[arg-type]


def test_ages_use_the_largest_unit_that_fits_and_one_of_the_future_is_negative() -> None:
    spans = [timedelta(seconds=12), timedelta(minutes=4), timedelta(hours=2), timedelta(days=3), timedelta(seconds=-5)]
    spans.append(timedelta(hours=-2))
    assert [formatting.age(span).replace(NO_BREAK_SPACE, " ") for span in spans] == [
        "12 s",
        "4 min",
        "2 h",
        "3 d",
        "0 s",
        "\u22122 h",
    ]


def test_durations_are_words_with_their_plural() -> None:
    spans = [timedelta(days=34), timedelta(hours=1), timedelta(0)]
    assert [formatting.duration(span).replace(NO_BREAK_SPACE, " ") for span in spans] == [
        "34 days",
        "1 hour",
        "0 seconds",
    ]


def test_moments_are_told_in_the_readers_time_zone() -> None:
    moment = datetime(2026, 11, 21, 20, 45, tzinfo=UTC)
    assert formatting.moment(moment) == "21 Nov 2026, 20:45 UTC"
    assert formatting.moment(moment, "Europe/Berlin") == "21 Nov 2026, 21:45 CET"
    assert formatting.iso(moment) == "2026-11-21T20:45:00Z"
