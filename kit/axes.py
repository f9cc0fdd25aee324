"""What the charts of `kit.figures` stand in: their layout, and axes whose labels never repeat and are never cut."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kit import display, formatting

CLEAR: Final = "rgba(0,0,0,0)"
MINUTE_MS, DAY_MS, MONTH_MS = 60_000, 86_400_000, 28 * 86_400_000
# How the values of an axis are written, by the distance of its ticks from which on they are: as many digits as tell two
# ticks apart, however closely a reader looks.
PERCENT_TICKS: Final = [(None, ",.8~f")]
PERCENT_SIGN: Final = f"{formatting.NARROW_SPACE}%"  # as on the pages; d3's own percent leaves no space
PRICE_TICKS: Final = [(None, ",")]
THOUSANDS_FROM: Final = 100


def font(size: int = 11, paint: str = "var(--ink-2)") -> dict[str, Any]:
    """A typeface's size in px and its colour."""
    return {"size": size, "color": paint}


def base_layout(*, margin: Mapping[str, int], hovermode: str = "closest") -> dict[str, Any]:
    """What all charts have in common."""
    return {
        "separators": "".join(reversed(display.NUMBERS[display.current().numbers])),
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": font(),
        "showlegend": False,
        "autosize": True,
        "dragmode": False,
        "margin": dict(margin),
        "hovermode": hovermode,
        "hoverlabel": {
            "bgcolor": "var(--raised)",
            "bordercolor": "var(--line)",
            "font": font(12, "var(--ink)"),
            "align": "left",
        },
    }


def _axis() -> dict[str, Any]:
    return {
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "linecolor": "var(--line)",
        "tickcolor": "var(--line)",
        "ticklen": 4,
        "tickfont": font(),
    }


def time_axis(*, anchor: str) -> dict[str, Any]:
    """Moments as the reader's clock shows them and the reader writes them, each label once."""
    day, short_day, month = display.DATES[display.current().dates]
    return _axis() | {
        "type": "date",
        "anchor": anchor,
        "showspikes": True,
        "spikemode": "across",
        "spikethickness": 1,
        "spikedash": "solid",
        "spikecolor": "var(--ink-3)",
        "hoverformat": f"%a {day}, %H:%M",
        # the second line stands below the first of its day or year only
        "tickformatstops": [
            {"dtickrange": [None, MINUTE_MS - 1], "value": f"%H:%M:%S\n{short_day}"},
            {"dtickrange": [MINUTE_MS, DAY_MS - 1], "value": f"%H:%M\n{short_day}"},
            {"dtickrange": [DAY_MS, MONTH_MS - 1], "value": f"{short_day}\n%Y"},
            {"dtickrange": ["M1", None], "value": month.replace(" ", "\n")},
        ],
    }


def value_axis(
    domain: list[float], span: list[float] | None, ticks: Sequence[tuple[float | None, str]], *, labelled: bool
) -> dict[str, Any]:
    """An axis at the right over the part `domain` of the height, from and to `span` if given; of `PERCENT_TICKS`
    the values are percent."""
    ends = [*(least for least, _ in ticks[1:]), None]
    axis = _axis() | {
        "domain": domain,
        "automargin": True,
        "tickformatstops": [
            {"dtickrange": [least, end], "value": value} for (least, value), end in zip(ticks, ends, strict=True)
        ],
        "showticklabels": labelled,
        "showgrid": True,
        "gridcolor": "var(--line)",
        "griddash": "dot",
        "showline": False,
        "ticks": "outside",
        "ticklen": 8,
        "tickcolor": CLEAR,
        "side": "right",
        "nticks": 5,
    }
    axis |= {"ticksuffix": PERCENT_SIGN} if ticks is PERCENT_TICKS else {}
    return axis | ({"range": span} if span else {})
