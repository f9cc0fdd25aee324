"""What forms share: how a decimal is read, and where the sentence of a refusal is shown."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final

from django.core.exceptions import ValidationError
from django.forms import (
    BaseForm,
    CharField,
    DateTimeInput,
    DecimalField,
    EmailField,
    FloatField,
    IntegerField,
    PasswordInput,
    TextInput,
    URLField,
)

from kit import days, display, formatting
from kit.decimals import parse, read
from kit.errors import InvalidInputError, MoniqoError
from kit.mistakes import WHOLE
from kit.written import TOO_FAR, require_text

PERCENT: Final = Decimal(100)

# What a number is told that does not fit, by Django's code of it; a field may have its own sentence.
BOUNDS: Final[dict[str, Any]] = {
    "min_value": "It has to be at least %(limit_value)s.",
    "max_value": "It has to be at most %(limit_value)s.",
    "max_digits": "It has at most %(max)s digits.",
    "max_decimal_places": "It has at most %(max)s decimals.",
    "max_whole_digits": "It has at most %(max)s digits before the decimals.",
}


class TextField(CharField):
    """A text, which holds what the API lets one hold; what is typed blind is a secret and may hold more."""

    def validate(self, value: str) -> None:
        super().validate(value)
        try:
            require_text(value, is_secret=isinstance(self.widget, PasswordInput))
        except ValueError as error:
            raise ValidationError(str(error), code="unseen") from error


class AddressField(TextField, URLField):
    """The address of something in the web."""


class MailField(TextField, EmailField):
    """An e-mail address: the domain of one could hold what nobody can see."""


class ExactDecimalField(DecimalField):
    """A decimal as `kit.decimals` reads it."""

    reader: Callable[[str], Decimal] = staticmethod(parse)
    default_error_messages = BOUNDS

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and (text := value.strip()):
            try:
                value = self.reader(text)
            except ValueError as error:
                raise ValidationError(str(error), code="invalid") from error
        return super().to_python(value)


def read_as_written(text: str) -> Decimal:
    """The decimal that the reader of this request wrote: in the format of their choice, else as `read`.

    Whoever has chosen one means it: 44.603 is forty-four thousand to who writes 1.234,56. The format that everybody
    begins with is no choice, so there 44,603 stays a question.
    """
    how = display.current().numbers
    if how == formatting.POINT:
        return read(text)
    group, mark = display.NUMBERS[how]
    group = f"[{re.escape(group)} \u00a0\u2009]"
    mark = re.escape(mark)
    spaced = text.strip()
    if re.fullmatch(rf"-?(?:[0-9]+|[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}})+)(?:{mark}[0-9]+)?", spaced):
        whole, _, decimals = spaced.partition(display.NUMBERS[how][1])
        return parse(re.sub(group, "", whole) + (f".{decimals}" if decimals else ""))
    try:
        return read(text)
    except ValueError as error:
        # What is told of other ways to write it is of no use to who has chosen one.
        raise ValueError(f"Enter a number, such as {formatting.number(Decimal('1250.5'), 1)}.") from error


class AmountField(ExactDecimalField):
    """An amount as a person writes it: thousands may be set apart. What it begins with is written their way too."""

    reader = staticmethod(read_as_written)

    def __init__(self, **options: Any) -> None:
        super().__init__(**({"widget": TextInput(attrs={"inputmode": "decimal"})} | options))

    def prepare_value(self, value: Any) -> Any:
        return formatting.written(value) if isinstance(value, Decimal) else value

    def run_validators(self, value: Any) -> None:
        """A bound is told as its reader writes numbers."""
        try:
            super().run_validators(value)
        except ValidationError as error:
            for told in error.error_list:
                known = told.params or {}
                if isinstance(limit := known.get("limit_value"), Decimal):
                    told.params = {**known, "limit_value": formatting.written(limit)}
            raise


class PercentField(AmountField):
    """A fraction that is shown and asked for in percent."""

    def __init__(self, *, min_value: Decimal = Decimal(0), **options: Any) -> None:
        super().__init__(min_value=min_value, max_value=PERCENT, decimal_places=6, **options)

    def prepare_value(self, value: Any) -> Any:
        return super().prepare_value(value * PERCENT if isinstance(value, Decimal) else value)

    def clean(self, value: Any) -> Decimal | None:
        percent = super().clean(value)
        return None if percent is None else percent / PERCENT


class WholeField(IntegerField):
    """A whole number in the digits 0 to 9: Python's `int` would take other scripts' digits and 1_000 too."""

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": WHOLE}

    def to_python(self, value: Any) -> int | None:
        if isinstance(value, str) and (text := value.strip()) and not re.fullmatch("-?[0-9]+", text):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)


class NumberField(FloatField):
    """A number as `kit.decimals` reads it, where no money depends on its last digit."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and (text := value.strip()):
            try:
                value = str(parse(text))
            except ValueError as error:
                raise ValidationError(str(error), code="invalid") from error
        return super().to_python(value)


class MomentField(TextField):
    """A moment on the reader's clock, to the minute; a day alone is its first moment."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=DateTimeInput(attrs={"type": "datetime-local"}), required=False, **options)

    def clean(self, value: Any) -> datetime | None:
        text = (super().clean(value) or "").strip()
        if not text:
            return None
        try:
            local = datetime.fromisoformat(text)
        except ValueError as error:
            raise ValidationError("Write a day and a time, such as 2026-12-31 18:00.") from error
        moment = local.replace(tzinfo=days.zone()) if local.tzinfo is None else local
        if not days.is_everywhere(moment):
            raise ValidationError(TOO_FAR)
        return moment.astimezone(UTC)


def explain(
    form: BaseForm, error: MoniqoError, *, otherwise: str | None = None, renamed: Mapping[str, str] | None = None
) -> None:
    """Put the error's sentence at each of the form's fields that it names, else at `otherwise` (None: above the form).

    `renamed` gives the form's names of fields that the service calls by another.
    """
    named = error.fields if isinstance(error, InvalidInputError) else {}
    shown = [(renamed or {}).get(name, name) for name in named]
    known: list[str | None] = [name for name in shown if name in form.fields]
    for name in known or [otherwise]:
        form.add_error(name, str(error))
