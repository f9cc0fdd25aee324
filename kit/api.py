"""What every router of the API shares: exact amounts, cursor pages, idempotency keys and the form of errors.

Amounts travel as strings without exponent, moments as ISO 8601 in UTC. A page is asked for by the opaque cursor of
the page before it, so rows that arrive meanwhile neither repeat nor hide others.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any, Final, Generic, NoReturn, TypeVar

import orjson
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Header, Schema
from ninja.renderers import BaseRenderer
from ninja.responses import NinjaJSONEncoder
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    field_validator,
    model_validator,
)

from kit import days
from kit.decimals import parse, plain
from kit.errors import InvalidInputError
from kit.limits import DECIMALS, KEY_LENGTH, MAX_AMOUNT, MONEY_DIGITS
from kit.sentences import Sentence
from kit.written import is_secret, kinds, require_json

DEFAULT_LIMIT = 50
MAXIMUM_LIMIT = 200


def _exact(told: Any) -> Any:
    return told.exact if isinstance(told, Sentence) else told


# A sentence as a program gets it: every digit, moments in UTC.
Words = Annotated[str, BeforeValidator(_exact)]


class FigureOut(BaseModel):
    """A figure of a sentence. `unit` is its asset, or the tick of a price; empty where there is none."""

    kind: str = Field(examples=["amount"])
    value: str = Field(description="Every digit of it.")
    unit: str


class PartsOut(BaseModel):
    """What a sentence was made of: the `{places}` of its template, and what stands in each."""

    template: str
    values: dict[str, FigureOut | str | int]

    @model_validator(mode="before")
    @classmethod
    def take_apart(cls, told: Any) -> Any:
        """From a sentence; one inside of it stands there as its words."""
        return {"template": told.template, "values": _figures(told.values)} if isinstance(told, Sentence) else told


def parts_of(name: str) -> Any:
    """The field of a schema that holds the parts of the sentence `name`."""
    return Field(validation_alias=AliasChoices(f"{name}_parts", name))


def _figures(values: Mapping[str, Any]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for name, value in values.items():
        if not isinstance(value, list):
            figures[name] = value
        elif value[0] == "sentence":
            figures[name] = Sentence(value[1], value[2]).exact
        else:
            figures[name] = {"kind": value[0], "value": value[1], "unit": value[2]}
    return figures


Item = TypeVar("Item")
Place = TypeVar("Place")


Row = TypeVar("Row", bound=Model)


Amount = Annotated[Decimal, PlainSerializer(plain, return_type=str), Field(examples=["1250.5"])]


def _quotient(value: Decimal) -> str:
    return plain(round(value, DECIMALS))


# What one amount is of another: not exact, so it has as many digits as an amount has and no more.
Quotient = Annotated[Decimal, PlainSerializer(_quotient, return_type=str), Field(examples=["0.2304"])]


def _day(given: Any) -> Any:
    """A day of an address; nothing but year-month-day is one, not even seconds since 1970."""
    try:
        return days.read(given or "nothing", name="day") if isinstance(given, str) else given
    except InvalidInputError as error:
        raise ValueError(error.sentence.exact) from error


Day = Annotated[date, BeforeValidator(_day), Field(examples=["2026-10-31"])]


PositiveAmount = Annotated[Amount, Field(gt=0, lt=MAX_AMOUNT, max_digits=MONEY_DIGITS, decimal_places=DECIMALS)]
NotNegative = Annotated[Amount, Field(ge=0, lt=MAX_AMOUNT, max_digits=MONEY_DIGITS, decimal_places=DECIMALS)]


def _fraction(value: Decimal) -> Decimal:
    if not 0 <= value <= 1:
        raise ValueError('Give a fraction from 0 to 1, such as "0.03" for 3 %.')
    return value


def _part(value: Decimal) -> Decimal:
    if not 0 < value <= 1:
        raise ValueError('Give a fraction above 0 and up to 1, such as "0.03" for 3 %.')
    return value


# A share of something, as the columns hold it; and one that is not nothing. Their validators say the whole of what is
# allowed, where bounds of the schema would each say their half.
_HELD: Final = {"max_digits": 9, "decimal_places": 8, "examples": ["0.25"]}
Share = Annotated[Amount, AfterValidator(_fraction), Field(**_HELD, json_schema_extra={"minimum": 0, "maximum": 1})]
PositiveShare = Annotated[
    Amount, AfterValidator(_part), Field(**_HELD, json_schema_extra={"exclusiveMinimum": 0, "maximum": 1})
]


# The default of a field that may be left out and may not be null; `Body.sent` does not hold it then.
LEFT_OUT: Final[Any] = None
_KEY: Final[Mapping[str, Any]] = {
    "alias": "Idempotency-Key",
    "min_length": 1,
    "max_length": KEY_LENGTH,
    "description": "Any string of your own. The same key with the same body returns the first result.",
}
IdempotencyKey = Annotated[str, Header(**_KEY)]
OptionalKey = Annotated[str | None, Header(**_KEY)]  # of what moves nothing by itself


PREFIX = "/api/"
PROBLEM = "application/problem+json"
PAUSE_SECONDS = 900  # after too many wrong secrets


def problem(status: int, detail: str, *, code: str = "", **extra: Any) -> HttpResponse:
    """A problem details answer (RFC 9457); `code` becomes the stable part of `type`."""
    title = HTTPStatus(status).phrase
    code = code or title.lower().replace(" ", "_")
    body = {"type": f"urn:moniqo:problem:{code}", "title": title, "status": status, "detail": detail, **extra}
    response = JsonResponse(body, status=status, content_type=PROBLEM)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        response["Retry-After"] = str(PAUSE_SECONDS)
    return response


def may_answer(*statuses: int) -> dict[str, Any]:
    """For `openapi_extra`: errors of an operation that follow from nothing that its description knows of it."""
    return {"responses": {status: {} for status in statuses}}


class Body(Schema):
    """What a program sends: a field that nobody reads is refused, or it would believe that it was heard."""

    model_config = ConfigDict(extra="forbid")

    def sent(self) -> dict[str, Any]:
        """The fields that were sent, and none that was left out."""
        return {name: getattr(self, name) for name in self.model_fields_set}

    def all_fields(self) -> dict[str, Any]:
        """Every field as it was read, those that were left out as their default; amounts are Decimals."""
        return {name: getattr(self, name) for name in type(self).model_fields}

    def dict(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("Ask for all_fields() or sent(): a dump writes amounts as texts, which no service takes.")

    @field_validator("*", mode="before")
    @classmethod
    def read_as_written(cls, value: Any, info: ValidationInfo) -> Any:
        """As `kit.written` has it: a preview refuses what the real call would, and both with the field's name."""
        name = info.field_name or ""
        expected = _kinds(cls, name)
        require_json(value, expected, is_secret=is_secret(name))
        return parse(value) if isinstance(value, str) and Decimal in expected and str not in expected else value


@cache
def _kinds(model: type[BaseModel], name: str) -> frozenset[type]:
    return kinds(model.model_fields[name].annotation)


class RowOut(Schema):
    """What is told of a row of a selector: read as it stands, or from a dictionary.

    Ninja would look at each of its fields for what only Django's models have, managers and files, which takes ten times
    as long; and a schema of its own may not say how to resolve a field.
    """

    @model_validator(mode="wrap")
    @classmethod
    def _run_root_validator(cls, values: Any, handler: Callable[[Any], Any], info: ValidationInfo) -> Any:
        return handler(values)


class Renderer(BaseRenderer):
    """Answers as JSON, in UTF-8; moments as Ninja writes them, in milliseconds and with a Z."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        try:
            return orjson.dumps(data, default=_ENCODER.default, option=_AS_NINJA)
        except TypeError:  # a whole number of more than 64 bits, of a venue's own words
            return json.dumps(data, cls=NinjaJSONEncoder).encode()


_ENCODER: Final = NinjaJSONEncoder()
_AS_NINJA: Final = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS


class StepOut(Schema):
    """The next step: the page where it is done, or with `is_form` the address of the page that does it when posted."""

    label: str
    url: str
    is_form: bool


class Page(Schema, Generic[Item]):
    """Some of the items, newest first, and the cursor of those after them."""

    items: list[Item]
    next: str | None = None


class PageQuery(Schema):
    """`?cursor=…&limit=…`"""

    cursor: str | None = None
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAXIMUM_LIMIT)


class WholeOrPage(Schema):
    """`?limit=…&cursor=…` for pages, newest first; without either the whole list, as long as it is."""

    cursor: str | None = None
    limit: int | None = Field(None, ge=1, le=MAXIMUM_LIMIT)

    @property
    def page(self) -> PageQuery | None:
        """The page that is asked for, if one is."""
        if self.cursor is None and self.limit is None:
            return None
        return PageQuery(cursor=self.cursor, limit=self.limit or DEFAULT_LIMIT)


def paginate(
    rows: QuerySet[Row], query: PageQuery, *, moment: str = "created_at", present: Callable[[Row], Any] | None = None
) -> dict[str, Any]:
    """The page of `rows`, newest `moment` first, ties by key; `present` turns a row into its schema's fields."""
    if query.cursor:
        at, pk = _decode(query.cursor, rows.model)
        rows = rows.filter(Q(**{f"{moment}__lt": at}) | Q(**{moment: at, "pk__lt": pk}))
    found: Sequence[Row] = list(rows.order_by(f"-{moment}", "-pk")[: query.limit + 1])
    page, more = found[: query.limit], len(found) > query.limit
    return {
        "items": [present(row) for row in page] if present else list(page),
        "next": _encode(getattr(page[-1], moment), page[-1].pk) if more else None,
    }


def paginate_read(
    read: Callable[..., Sequence[Item]],
    query: PageQuery,
    model: type[Model],
    *,
    place: Callable[[Item], tuple[datetime, Any]],
) -> dict[str, Any]:
    """The same for what a selector reads: the `limit` highest that stand below the place `before`, if one is given."""
    found = read(before=_decode(query.cursor, model) if query.cursor else None, limit=query.limit + 1)
    page, more = found[: query.limit], len(found) > query.limit
    return {"items": list(page), "next": _encode(*place(page[-1])) if more else None}


def paginate_numbered(
    rows: QuerySet[Row], query: PageQuery, *, number: str, present: Callable[[Row], Any]
) -> dict[str, Any]:
    """The same for rows that are numbered one after the other, such as the lines of a statement: highest first."""
    if query.cursor:
        rows = rows.filter(**{f"{number}__lt": _read_cursor(query.cursor, int)})
    found: Sequence[Row] = list(rows.order_by(f"-{number}")[: query.limit + 1])
    page, more = found[: query.limit], len(found) > query.limit
    return {
        "items": [present(row) for row in page],
        "next": _write_cursor(getattr(page[-1], number)) if more else None,
    }


def paginate_places(
    count: int, query: PageQuery, *, present: Callable[[Sequence[int]], Sequence[Any]]
) -> dict[str, Any]:
    """The same for what is counted from 1 to `count` and is no rows of a table: the last first."""
    before = min(_read_cursor(query.cursor, int), count + 1) if query.cursor else count + 1
    page = range(before - 1, max(before - 1 - query.limit, 0), -1)
    return {"items": list(present(page)), "next": _write_cursor(page[-1]) if page and page[-1] > 1 else None}


def paginate_sorted(
    rows: QuerySet[Row], query: PageQuery, *, by: Sequence[str], present: Callable[[Row], Any]
) -> dict[str, Any]:
    """The same for rows that the text columns `by` name, such as a venue's markets: in the order of their names."""
    if query.cursor:
        place = _read_cursor(query.cursor, lambda stored: _texts(stored, len(by)))
        later = Q()
        for number, column in enumerate(by):
            same = dict(zip(by[:number], place, strict=False))
            later |= Q(**same, **{f"{column}__gt": place[number]})
        rows = rows.filter(later)
    found: Sequence[Row] = list(rows.order_by(*by)[: query.limit + 1])
    page, more = found[: query.limit], len(found) > query.limit
    return {
        "items": [present(row) for row in page],
        "next": _write_cursor([getattr(page[-1], column) for column in by]) if more else None,
    }


def _texts(stored: Any, count: int) -> list[str]:
    if not isinstance(stored, list) or len(stored) != count or not all(isinstance(text, str) for text in stored):
        raise ValueError("Not as many texts as there are columns.")
    if any("\0" in text for text in stored):
        raise ValueError("No column holds a NUL.")
    return stored


def _encode(at: datetime, pk: Any) -> str:
    return _write_cursor([at.astimezone(UTC).isoformat(), str(pk)])


def _decode(cursor: str, model: type[Model]) -> tuple[datetime, Any]:
    def place(stored: Any) -> tuple[datetime, Any]:
        at, pk = stored
        return datetime.fromisoformat(at).astimezone(UTC), model._meta.pk.to_python(pk)

    return _read_cursor(cursor, place)


def _write_cursor(place: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _read_cursor(cursor: str, parse: Callable[[Any], Place]) -> Place:
    try:
        return parse(json.loads(base64.urlsafe_b64decode(cursor)))
    except (ValueError, TypeError, ValidationError, OverflowError, binascii.Error) as error:
        raise InvalidInputError(
            "The cursor is not one of ours: pass the `next` of an earlier page unchanged.",
            fields={"cursor": "Not a cursor."},
        ) from error
