"""What an address asks a report for: the period, the account, the days; and what is wrong with it, in words."""

from collections.abc import Mapping
from datetime import date

from kit import clock, days
from kit.errors import InvalidInputError
from kit.sentences import Sentence, sentence
from portfolio.selectors.periods import Period, Span
from portfolio.selectors.report import Frame, Length


def period_of(asked: Mapping[str, str]) -> tuple[Period | Span, Sentence]:
    """As Portfolio reads `?range=` and `?from=&to=`: by its name, else from a day to a day, else the usual one."""
    named, first, last = (asked.get(name, "").strip() for name in ("range", "from", "to"))
    if named in set(Period):
        return Period(named), Sentence()
    try:
        return Span.parse(first, last) or Period.parse(named), Sentence()
    except InvalidInputError as error:
        return Period.parse(""), error.sentence


def frame_of(asked: Mapping[str, str]) -> tuple[Frame, Sentence]:
    """From a day to a day, else the `?period=` around the day `?at=`; this month where it makes no sense."""
    try:
        if span := Span.parse(asked.get("from", "").strip(), asked.get("to", "").strip()):
            return Frame(None, span), Sentence()
        named = asked.get("period", "").strip() or Length.MONTH
        if named not in set(Length):
            raise InvalidInputError(sentence("Choose {lengths}: this is no such period.", lengths=" or ".join(Length)))
        length = Length(named)
        return Frame.around(length, days.read(asked.get("at", "").strip(), name="at") or _today()), Sentence()
    except InvalidInputError as error:
        return Frame.around(Length.MONTH, _today()), error.sentence


def asked_of(frame: Frame) -> dict[str, str]:
    """How an address asks for the frame."""
    span = frame.span
    if frame.length and span.first:
        return {"period": frame.length.value, "at": span.first.isoformat()}
    return {name: day.isoformat() for name, day in (("from", span.first), ("to", span.last)) if day}


def _today() -> date:
    return days.day_of(clock.now())
