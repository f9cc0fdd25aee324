"""What a form says of a number, it says as its reader writes numbers."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from kit import display
from kit.display import Display
from kit.forms import PercentField

WRITTEN = [("1.234,56", "1.250,5", "0,01"), ("1,234.56", "1250.5", "0.01")]


@pytest.mark.parametrize(("numbers", "example", "bound"), WRITTEN)
def test_a_refusal_gives_examples_and_bounds_as_its_reader_writes_them(numbers: str, example: str, bound: str) -> None:
    with display.showing(Display(numbers=numbers)):
        field = PercentField(min_value=Decimal("0.01"))
        with pytest.raises(ValidationError) as refused:
            field.clean("some")
        assert example in refused.value.messages[0]
        with pytest.raises(ValidationError) as refused:
            field.clean("0")
        assert bound in refused.value.messages[0]
