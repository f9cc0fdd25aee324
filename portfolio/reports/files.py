"""The report as a file: a line for each figure, exact, so that a program or a spreadsheet can take any of it."""

import csv
from collections.abc import Iterator
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any, Final

from django.http import HttpResponse

from kit.decimals import plain
from kit.sentences import Sentence
from portfolio.selectors.combined import Outcome
from portfolio.selectors.performance import Performance
from portfolio.selectors.report import Line, Report

COLUMNS: Final = ("section", "name", "figure", "value", "unit")
LINE: Final = ("opening", "paid_in", "paid_out", "profit", "fees", "closing", "twr")
FRACTIONS: Final = ("twr", "max_drawdown")
# A cell that starts like this is a formula to a spreadsheet; names are text that anybody may write.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
Row = tuple[str, str, str, Any, str]


def answer(report: Report) -> HttpResponse:
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows([_text(section), _text(name), figure, _cell(value), _text(unit)]
                     for section, name, figure, value, unit in rows(report))  # fmt: skip
    response = HttpResponse(file.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="report.csv"'
    return response


def refused(why: Sentence) -> HttpResponse:
    """Instead of a file of something else than was asked for."""
    return HttpResponse(str(why), content_type="text/plain; charset=utf-8", status=422)


def rows(report: Report) -> Iterator[Row]:
    """Every figure of the page."""
    account = report.account.name
    yield ("report", account, "first", report.frame.span.first, "")
    yield ("report", account, "last", report.last, "")
    if not report.is_known:
        return
    outcome, base = report.course.outcome, report.base
    for name in (field.name for field in fields(Outcome)):
        unit = "" if name in {*FRACTIONS, "began"} else base
        yield ("period", account, name, getattr(outcome, name), unit)
    yield ("period", account, "other", outcome.other, base)
    for line in report.lines:
        yield from _line(line)
    for name in (field.name for field in fields(Performance)):
        if name not in {"quote", "total_return", "max_drawdown"}:
            yield ("statistics", account, name, getattr(report.course.performance, name), "")
    for part in report.contribution.parts:
        yield ("contribution", part.name, "profit", part.profit, base)
    for held in report.holdings:
        name = f"{held.asset} at {held.venue_name}"
        yield ("holdings", name, "quantity", held.quantity, held.asset)
        yield ("holdings", name, "price", held.price, base)
        yield ("holdings", name, "value", held.value, base)
    yield ("holdings", account, "not_in_holdings", report.not_in_holdings, base)
    for day, flow in report.flow_days:
        yield ("flows", day.isoformat(), "flow", flow, base)


def _line(line: Line) -> Iterator[Row]:
    for name in LINE:
        yield ("accounts", line.account.label, name, getattr(line, name), "" if name == "twr" else line.base)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _text(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
