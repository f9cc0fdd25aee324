"""One filter per kind of figure, loaded into every template.

Each filter takes the exact value and returns finished markup: dimmed cents, a colour and an arrow where the kind has
them, a dash with its reason for what is not known, and dots for amounts while the reader hides them. Prices and
percentages are public; amounts and quantities are not.

    {{ equity|money }}  {{ day_change|pnl }}  {{ share|percent }}  {{ position.quantity|quantity:instrument.lot }}
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.forms import BoundField, CheckboxInput
from django.template.context import RequestContext
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString

from kit import clock, display, formatting, glossary, icons
from kit.formatting import Direction, Missing, Value
from kit.sentences import Sentence, without_figures

register = template.Library()

ARROWS = {"up": "arrow-up-right", "down": "arrow-down-right"}
SPARKLINE_WIDTH = 80
SPARKLINE_HEIGHT = 24
THOUSAND = Decimal(1000)


def _missing(value: Missing) -> SafeString:
    return format_html(
        '<span class="missing" title="{}">{}<span class="vh"> {}</span></span>',
        value.reason,
        formatting.DASH,
        value.reason,
    )


def _masked() -> SafeString:
    return format_html('<span class="masked">{}<span class="vh"> hidden</span></span>', formatting.MASK)


def _shown(value: Value, render: Callable[[Decimal], str], *, private: bool) -> SafeString | str:
    """What every filter does first: the dash, the mask, or the figure."""
    known = formatting.known(value)
    if isinstance(known, Missing):
        return _missing(known)
    if private and display.current().hide_amounts:
        return _masked()
    return render(known)


def _dimmed(text: str) -> SafeString:
    """The cents of an amount in a quieter colour, and the unit behind them too.

    Only cents: of what is counted in another unit the decimals may be all there is, and a bold 1 before quiet decimals
    would look like a 1.
    """
    amount, _, unit = text.partition(formatting.NO_BREAK_SPACE)
    whole, mark, cents = amount.partition(formatting.decimal_mark())
    if not mark or (unit and unit not in formatting.SYMBOLS):
        return _in_unit(text)
    html = format_html('{}<span class="frac">{}{}</span>', whole, mark, cents)
    return html + _unit(unit)


def _in_unit(text: str) -> SafeString:
    """A figure with its unit in a quieter colour; a line that is too narrow breaks between them, and nowhere else."""
    amount, _, unit = text.partition(formatting.NO_BREAK_SPACE)
    return format_html("<span>{}{}</span>", amount, _unit(unit)) if unit else format_html("{}", amount)


def _unit(unit: str) -> SafeString:
    return format_html('{}<wbr><span class="unit">{}</span>', formatting.NO_BREAK_SPACE, unit) if unit else SafeString()


def _coloured(text: str, way: Direction, *, arrow: bool = False) -> SafeString:
    glyph = icons.icon(ARROWS[way], icons.SMALL) if arrow and way in ARROWS else ""
    return format_html('<span class="pnl {}">{}{}</span>', way, glyph, _in_unit(text))


def _currency(currency: str | None) -> str:
    return currency or display.current().currency


def _profit(value: Value, currency: str | None, *, arrow: bool, is_whole: bool = False) -> SafeString | str:
    code = _currency(currency)

    def render(known: Decimal) -> str:
        places = formatting.money_places(known, code, is_whole=is_whole)
        text = formatting.money(known, code, places=places, signed=True)
        return _coloured(text, formatting.direction(known, places), arrow=arrow)

    return _shown(value, render, private=True)


@register.filter
def money(value: Value, currency: str | None = None) -> SafeString | str:
    """`$248,316.42` with the cents dimmed, in the reader's currency unless another is given."""
    return _shown(value, lambda known: _dimmed(formatting.money(known, _currency(currency))), private=True)


@register.filter
def money_whole(value: Value, currency: str | None = None) -> SafeString | str:
    """`$207,112`: for bars of figures, where cents would be noise."""
    return _shown(
        value, lambda known: _in_unit(formatting.money(known, _currency(currency), is_whole=True)), private=True
    )


@register.filter
def money_fine(value: Value, currency: str | None = None) -> SafeString | str:
    """`$0.0034`, `$1.20`: of costs that may be fractions of a cent."""
    code = _currency(currency)

    def render(known: Decimal) -> str:
        return _dimmed(formatting.money(known, code, places=formatting.fine_places(known, code)))

    return _shown(value, render, private=True)


@register.filter
def money_compact(value: Value, currency: str | None = None) -> SafeString | str:
    """`$248.3K`."""
    return _shown(value, lambda known: _in_unit(formatting.compact_money(known, _currency(currency))), private=True)


@register.filter
def money_signed(value: Value, currency: str | None = None) -> SafeString | str:
    """`+$7,687.00` without colour: a movement of money that is neither profit nor loss."""
    return _shown(value, lambda known: _dimmed(formatting.money(known, _currency(currency), signed=True)), private=True)


@register.filter
def pnl(value: Value, currency: str | None = None) -> SafeString | str:
    """Profit or loss with sign, arrow and colour."""
    return _profit(value, currency, arrow=True)


@register.filter
def pnl_plain(value: Value, currency: str | None = None) -> SafeString | str:
    """Profit or loss with sign and colour, for columns where an arrow on every row would be noise."""
    return _profit(value, currency, arrow=False)


@register.filter
def pnl_whole(value: Value, currency: str | None = None) -> SafeString | str:
    """Profit or loss in whole units, for bars of figures."""
    return _profit(value, currency, arrow=False, is_whole=True)


@register.filter
def pnl_brief(value: Value, currency: str | None = None) -> SafeString | str:
    """`+$1.3K`, `−$348`: as short as it gets and without the name of the unit, for the cells of a calendar."""
    code = _currency(currency)

    def render(known: Decimal) -> str:
        way = formatting.direction(known, formatting.money_places(known, code, is_whole=True))
        text = formatting.money(known, code, is_whole=True)
        text = formatting.compact_money(known, code) if abs(known) >= THOUSAND else text
        return _coloured(f"{'+' if way == 'up' else ''}{text.partition(formatting.NO_BREAK_SPACE)[0]}", way)

    return _shown(value, render, private=True)


@register.filter
def percent(value: Value, places: int = 1) -> SafeString | str:
    """`38.4 %` from 0.384."""
    return _shown(value, lambda known: formatting.percent(known, places), private=False)


@register.filter
def change(value: Value, places: int = 2) -> SafeString | str:
    """A return with sign and colour: `−0.89 %` from −0.0089."""

    def render(known: Decimal) -> str:
        return _coloured(formatting.percent(known, places, signed=True), formatting.direction(known * 100, places))

    return _shown(value, render, private=False)


@register.filter
def drift(value: Value) -> SafeString | str:
    """`+1.7 pp` from 0.017: how far a share is from its target."""
    return _shown(value, formatting.drift, private=False)


@register.filter
def times(value: Value) -> SafeString | str:
    """`1.84×`."""
    return _shown(value, formatting.times, private=False)


@register.filter
def times_signed(value: Value) -> SafeString | str:
    """`+0.92×`."""
    return _shown(value, lambda known: formatting.times(known, signed=True), private=False)


@register.filter
def points(value: Value) -> SafeString | str:
    """`+3.2 bp`: basis points, hundredths of a percent."""
    return _shown(value, lambda known: f"{formatting.number(known, 1, signed=True)} bp", private=False)


@register.filter
def ratio(value: Value, places: int = 2) -> SafeString | str:
    """A plain number: Sharpe, profit factor."""
    return _shown(value, lambda known: formatting.number(known, places), private=False)


@register.filter
def ratio_signed(value: Value) -> SafeString | str:
    """`+0.25`: by how much one is larger."""
    return _shown(value, lambda known: formatting.number(known, 2, signed=True), private=False)


@register.filter
def count(value: Value) -> SafeString | str:
    """`12,345`."""
    return _shown(value, lambda known: formatting.number(known, 0), private=False)


@register.filter
def count_signed(value: Value) -> SafeString | str:
    """`+12`: how many more there are."""
    return _shown(value, lambda known: formatting.number(known, 0, signed=True), private=False)


@register.filter
def days(value: Value) -> SafeString | str:
    """`5 days`."""
    return _shown(value, lambda known: f"{formatting.number(known, 0)} day{'' if known == 1 else 's'}", private=False)


@register.filter
def price(value: Value, tick: Decimal | None = None) -> SafeString | str:
    """A price with the decimals of the instrument's tick."""
    return _shown(value, lambda known: formatting.price(known, tick), private=False)


@register.filter
def quantity(value: Value, lot: Decimal | None = None) -> SafeString | str:
    """A quantity with the decimals of the instrument's lot."""
    return _shown(value, lambda known: formatting.quantity(known, lot), private=True)


@register.filter
def amount(value: Value, asset: str) -> SafeString | str:
    """`1,200.00 USDT`: an amount of an asset, the decimals and the unit dimmed."""
    return _shown(value, lambda known: _dimmed(formatting.amount(known, asset)), private=True)


@register.filter
def sum_of(value: Value, asset: str) -> SafeString | str:
    """`$1,200.00`, `0.015 BTC`: money that is wanted or was moved, where values are told in the same way."""
    return _shown(value, lambda known: _dimmed(formatting.sum_of(known, asset)), private=True)


@register.filter
def amount_signed(value: Value, asset: str) -> SafeString | str:
    """`+1,200.00 USDT`: what an entry did to an account."""
    return _shown(value, lambda known: _dimmed(formatting.amount(known, asset, signed=True)), private=True)


def _time(value: datetime, text: str, *, mark: str = "") -> SafeString:
    exact = formatting.moment(value, display.current().timezone)
    return format_html('<time datetime="{}" title="{}" {}>{}</time>', formatting.iso(value), exact, mark, text)


@register.filter
def age(value: datetime | None) -> SafeString:
    """`4 min`, counted on by the browser; the exact moment in the title."""
    if value is None:
        return _missing(formatting.NOT_KNOWN)
    return _time(value, formatting.age(clock.now() - value), mark="data-age")


@register.filter
def countdown(value: datetime) -> SafeString:
    """`2:14` until the moment, counted down by the browser; the exact moment in the title."""
    return _time(value, formatting.countdown(value - clock.now()), mark="data-countdown")


@register.filter
def stamp(value: datetime) -> SafeString:
    """`23:05:04` in the reader's time zone: the moment of a page, which the browser takes from what it fetches."""
    return _time(value, formatting.time_of_day(value, display.current().timezone), mark="data-stamp")


@register.filter
def time_of_day(value: datetime) -> SafeString:
    """`23:05:04` in the reader's time zone, for good."""
    return _time(value, formatting.time_of_day(value, display.current().timezone))


@register.filter
def when(value: datetime | None) -> SafeString:
    """`21 Nov 2026, 20:45 UTC` in the reader's time zone."""
    if value is None:
        return _missing(formatting.NOT_KNOWN)
    return _time(value, formatting.moment(value, display.current().timezone))


@register.filter
def day(value: datetime | date | None) -> SafeString:
    """`21 Nov 2026`; a moment is first moved to the reader's time zone."""
    if value is None:
        return _missing(formatting.NOT_KNOWN)
    local = value.astimezone(ZoneInfo(display.current().timezone)) if isinstance(value, datetime) else value
    return format_html('<time datetime="{}">{}</time>', f"{local:%Y-%m-%d}", formatting.day(local))


@register.filter
def month(value: date) -> SafeString:
    """`November 2026`."""
    return format_html('<time datetime="{}">{}</time>', f"{value:%Y-%m}", f"{value:%B %Y}")


@register.filter
def plain_day(value: date) -> str:
    """The same as words alone, for titles and what is only read out."""
    return formatting.day(value)


@register.filter
def duration(value: timedelta | float | None) -> SafeString | str:
    """`34 days` from a timedelta or seconds."""
    if value is None:
        return _missing(formatting.NOT_KNOWN)
    return formatting.duration(value if isinstance(value, timedelta) else timedelta(seconds=value))


@register.filter
def of(figures: Mapping[Any, Any], key: Any) -> Any:
    """What the mapping says of the key, which no template can ask by a variable."""
    return figures[key]


@register.filter
def foreign(rows: Any, path: str) -> list[str]:
    """The units, each once, that a row or rows are told in and that are not the reader's own currency: an asset each
    at `path`, such as `node.base_asset`."""
    found = rows if isinstance(rows, Sequence) else [rows]
    return sorted({attrgetter(path)(row) for row in found} - {display.current().currency})


@register.filter
def private(value: str | Sentence) -> str:
    """Somebody else's words, every figure in them hidden while the reader hides amounts; a sentence hides its own."""
    return without_figures(value) if isinstance(value, str) and display.current().hide_amounts else str(value)


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """`{% icon "network" %}`, and `{% icon "check" "s" %}` for the small one."""
    return icons.icon(name, size)


@register.simple_tag
def term(slug: str, words: str = "") -> SafeString:
    """A term of the glossary with its sentence; `words` say it in a place where its label does not fit."""
    said = glossary.TERMS[slug]
    return format_html('<dfn title="{}">{}</dfn>', said.help, words or said.label)


@register.simple_tag
def missing(reason: str) -> SafeString:
    """The dash of a figure that is not known, with its reason."""
    return _missing(Missing(reason))


@register.simple_tag
def sparkline(values: Sequence[float]) -> SafeString | str:
    """A line of points as inline SVG, coloured by whether it ends above its start: a shape, never amounts."""
    points = [float(value) for value in values]
    if len(points) < 2:
        return ""
    low, span = min(points), max(points) - min(points) or 1.0
    step = SPARKLINE_WIDTH / (len(points) - 1)
    path = " ".join(
        f"{index * step:.1f},{SPARKLINE_HEIGHT - (value - low) / span * SPARKLINE_HEIGHT:.1f}"
        for index, value in enumerate(points)
    )
    way = "up" if points[-1] > points[0] else "down" if points[-1] < points[0] else "flat"
    return format_html(
        '<svg class="sparkline {}" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        '<polyline points="{}"/></svg>',
        way,
        SPARKLINE_WIDTH,
        SPARKLINE_HEIGHT,
        path,
    )


@register.simple_tag(takes_context=True)
def address_of(context: RequestContext, name: str, value: Any) -> str:
    """The current address with one parameter changed; None or "" removes it. Any change goes back to the first page."""
    query = context["request"].GET.copy()
    query.pop("page", None)
    if value in (None, ""):
        query.pop(name, None)
    else:
        query[name] = value
    return f"?{query.urlencode()}" if query else "?"


@register.filter
def css_percent(value: Value) -> str:
    """A fraction as the percent number of a style or an ARIA value: `38.4` from 0.384, 0 for what is not known."""
    known = formatting.known(value)
    return "0" if isinstance(known, Missing) else f"{formatting.rounded(known * 100, 1)}"


@register.filter
def coin_colour(symbol: str) -> int:
    """The colour (1 to 5) of an asset's coin, the same on every page."""
    return sum(symbol.encode()) % 5 + 1


@register.filter
def is_checkbox(field: BoundField) -> bool:
    return isinstance(field.field.widget, CheckboxInput)


@register.filter
def styled(field: BoundField, css_class: str = "input") -> SafeString:
    """The form field's widget with our class, and with its error named to screen readers."""
    attributes: dict[str, str | bool] = {} if is_checkbox(field) or not css_class else {"class": css_class}
    if field.errors:
        # Django itself sets aria-invalid and points at the help text; the error belongs to the description as well.
        described = [f"{field.auto_id}_helptext"] if field.help_text else []
        attributes["aria-describedby"] = " ".join([*described, f"{field.auto_id}_error"])
    widget = field.as_widget(attrs=attributes)
    return widget + field.as_hidden(only_initial=True) if field.field.show_hidden_initial else widget


@register.simple_tag
def zone_of(figure: dict[str, Any]) -> str:
    """The time zone that a chart over time speaks in; empty for other charts."""
    is_over_time = figure["layout"].get("xaxis", {}).get("type") == "date"
    return display.current().timezone if is_over_time else ""


@register.simple_tag
def figure_data(figure: dict[str, Any], chart_id: str) -> SafeString:
    """The figure of a chart as JSON that the page carries along."""
    return json_script(figure, f"{chart_id}-data")
