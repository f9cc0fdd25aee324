"""What forms share: how a decimal is read, and where the sentence of a refusal is shown."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.forms import BaseForm, DecimalField

from kit.decimals import parse, plain, read
from kit.errors import InvalidInputError, MoniqoError

PERCENT: Final = Decimal(100)


class ExactDecimalField(DecimalField):
    """A decimal as `kit.decimals` reads it."""

    reader: Callable[[str], Decimal] = staticmethod(parse)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and (text := value.strip()):
            try:
                value = self.reader(text)
            except ValueError as error:
                raise ValidationError(str(error), code="invalid") from error
        return super().to_python(value)


class PercentField(ExactDecimalField):
    """Asked for in percent, handed on as a fraction."""

    def __init__(self, *, min_value: Decimal = Decimal(0), **options: Any) -> None:
        super().__init__(min_value=min_value, max_value=PERCENT, decimal_places=6, **options)

    def clean(self, value: Any) -> Decimal | None:
        percent = super().clean(value)
        return None if percent is None else percent / PERCENT


def as_percent(share: Decimal) -> str:
    """What a `PercentField` shows of a fraction."""
    return plain(share * PERCENT)


class AmountField(ExactDecimalField):
    """An amount as a person writes it: thousands may be set apart."""

    reader = staticmethod(read)


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
