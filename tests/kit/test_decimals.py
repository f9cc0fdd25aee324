"""One way to write a number, for programs and people."""

from decimal import Decimal

import pytest
from django import forms

from kit.decimals import parse, plain
from kit.forms import ExactDecimalField

NUMBERS = {"1250.5": "1250.5", "-0.10": "-0.1", ".5": "0.5", "1.": "1", "1E+3": "1000", "2e-8": "0.00000002", "0": "0"}
NONE = [
    "1_000",
    "+5",
    "٣",
    "1,000",
    "0x10",
    "½",
    "１",
    "",
    ".",
    "NaN",
    "Infinity",
    "1 000",
    "1e",
    "--1",
    "1\n",
    "1e99999",
]


@pytest.mark.offline
@pytest.mark.parametrize(("written", "meant"), NUMBERS.items())
def test_a_number_is_read_as_it_stands(written: str, meant: str) -> None:
    assert plain(parse(written)) == meant
    assert parse(written) == Decimal(written)


@pytest.mark.offline
@pytest.mark.parametrize("written", NONE)
def test_what_may_have_meant_something_else_is_refused_with_a_sentence(written: str) -> None:
    with pytest.raises(ValueError, match="digits 0 to 9"):
        parse(written)


class Form(forms.Form):
    amount = ExactDecimalField(max_digits=38, decimal_places=18)


@pytest.mark.offline
@pytest.mark.parametrize("written", ["1_000", "+5", "٣", "NaN"])
def test_a_form_refuses_it_too(written: str) -> None:
    assert "digits 0 to 9" in str(Form({"amount": written}).errors["amount"])


@pytest.mark.offline
def test_a_form_takes_what_people_type() -> None:
    form = Form({"amount": " 12.50 "})
    assert form.is_valid()
    assert form.cleaned_data == {"amount": Decimal("12.50")}
    assert Form({"amount": ""}).errors["amount"] == ["This field is required."]
