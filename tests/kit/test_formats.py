"""The template filters: markup around the figures, the dash with its reason, and the mask."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.template import Context, Template
from django.utils.html import strip_tags

from kit import clock, display
from kit.display import Display
from kit.formatting import MASK, Missing
from kit.templatetags import formats

NOW = datetime(2026, 11, 21, 20, 45, tzinfo=UTC)
HIDDEN = Display(currency="USD", hide_amounts=True)
AMOUNTS: list[Callable[[Any], str]] = [
    formats.money, formats.money_whole, formats.money_compact, formats.money_signed, formats.money_fine, formats.pnl,
    formats.pnl_plain,
    formats.pnl_whole, formats.pnl_brief, formats.quantity, lambda value: formats.amount(value, "BTC"),
    lambda value: formats.amount_signed(value, "BTC"),
]  # fmt: skip
PUBLIC: list[Callable[[Any], str]] = [
    formats.percent, formats.change, formats.drift, formats.times, formats.ratio, formats.count, formats.price,
]  # fmt: skip


@pytest.mark.parametrize("filter_", AMOUNTS)
def test_no_digit_of_an_amount_is_left_while_amounts_are_hidden(filter_: Callable[[Any], str]) -> None:
    with display.showing(HIDDEN):
        html = filter_(Decimal("248316.42"))
    assert MASK in html
    assert not any(digit in html for digit in "248316")


@pytest.mark.parametrize("filter_", PUBLIC)
def test_prices_and_percentages_stay_in_sight_while_amounts_are_hidden(filter_: Callable[[Any], str]) -> None:
    shown = filter_(Decimal("0.42"))
    with display.showing(HIDDEN):
        assert filter_(Decimal("0.42")) == shown


@pytest.mark.parametrize("filter_", AMOUNTS + PUBLIC)
def test_every_filter_shows_a_dash_with_the_reason_and_never_zero(filter_: Callable[[Any], str]) -> None:
    html = filter_(Missing("No price since 3 hours."))
    assert "—" in html
    assert html.count("No price since 3 hours.") == 2  # for the eye and for the ear
    assert "0" not in html


def test_cents_are_dimmed_and_the_readers_currency_is_the_default() -> None:
    with display.showing(Display(currency="EUR")):
        assert formats.money(Decimal("248316.42")) == '€248,316<span class="frac">.42</span>'
        assert formats.money(Decimal(5), "USD") == '$5<span class="frac">.00</span>'


@pytest.mark.parametrize(
    ("value", "currency", "shown"),
    [
        ("0", "USD", "$0.00"), ("0.0034499", "USD", "$0.0034"), ("0.05", "USD", "$0.050"), ("1.2345", "USD", "$1.23"),
        ("0.000000001", "USD", "$0.00000000"), ("0.5", "JPY", "¥0.50"), ("250", "JPY", "¥250"),
    ],
)  # fmt: skip
def test_a_cost_of_less_than_a_cent_keeps_two_digits(value: str, currency: str, shown: str) -> None:
    assert strip_tags(formats.money_fine(Decimal(value), currency)) == shown


def test_profit_has_sign_arrow_and_colour_and_zero_has_none_of_them() -> None:
    gain, loss, nothing = (formats.pnl(Decimal(value), "USD") for value in ("1284.1", "-172.72", "0.001"))
    for html, way, text in ((gain, "up", "+$1,284.10"), (loss, "down", "−$172.72")):
        assert f'class="pnl {way}"' in html
        assert "<svg" in html
        assert html.endswith(f"{text}</span>")
    assert nothing == '<span class="pnl flat">$0.00</span>'


def test_an_age_carries_the_exact_moment_in_the_readers_zone() -> None:
    with clock.at(NOW), display.showing(Display(timezone="Asia/Tokyo")):
        html = formats.age(NOW - timedelta(minutes=4))
    assert 'datetime="2026-11-21T20:41:00Z"' in html
    assert 'title="22 Nov 2026, 05:41 JST"' in html
    assert "data-age" in html
    assert "4\u00a0min" in html


def test_text_from_people_cannot_become_markup() -> None:
    rendered = Template("{{ value|money }}").render(Context({"value": Missing("<script>alert(1)</script>")}))
    assert "<script>" not in rendered


def test_an_unknown_icon_is_an_error_and_a_known_one_is_hidden_from_screen_readers() -> None:
    assert 'aria-hidden="true"' in formats.icon("network")
    with pytest.raises(KeyError):
        formats.icon("no-such-icon")


@pytest.mark.parametrize(
    ("value", "currency", "shown"),
    [
        ("1284.10", "USDT", "+$1.3k"),
        ("-348.39", "USDT", "−$348"),
        ("0.4", "USDT", "$0"),
        ("-0.01234", "BTC", "−0.01234"),
        ("2143000", "EUR", "+€2.1M"),
    ],
)
def test_a_brief_profit_leaves_out_what_a_cell_has_no_room_for(value: str, currency: str, shown: str) -> None:
    assert strip_tags(formats.pnl_brief(Decimal(value), currency)) == shown


def test_only_cents_are_quiet_and_a_unit_may_go_to_the_next_line() -> None:
    """A bold 1 before quiet decimals would look like a 1."""
    assert 'class="frac">.91' in formats.money(Decimal("1109.91"), "USDT")
    for shown in (formats.money(Decimal("1.109123"), "BTC"), formats.amount(Decimal("0.05591"), "BTC")):
        assert "frac" not in shown
        assert '<wbr><span class="unit">BTC</span>' in shown
    for shown in (formats.money_whole(Decimal("0.05591"), "BTC"), formats.pnl_whole(Decimal("0.05591"), "BTC")):
        assert "0.05591\u00a0<wbr>" in shown
