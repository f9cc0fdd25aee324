"""One way to write a number, for programs and people."""

from decimal import Decimal

import pytest
from django import forms
from pydantic import TypeAdapter

from kit.api import Amount, Quotient
from kit.decimals import parse, plain, read
from kit.forms import AmountField, ExactDecimalField

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


WRITTEN_BY_PEOPLE = {
    "44,603.10": "44603.10",
    "44 603.1": "44603.1",
    "44\u202f603,1": "44603.1",
    "44\u00a0603.10": "44603.10",
    "44'603.10": "44603.10",
    "44.603,10": "44603.10",
    "1,234,567": "1234567",
    "1.234.567": "1234567",
    "1.234.567,8": "1234567.8",
    "1 234 567,5": "1234567.5",
    "1,5": "1.5",
    "0,603": "0.603",
    "1234,567": "1234.567",
    "999,9999": "999.9999",
    "-1,5": "-1.5",
    "44.603": "44.603",  # a point alone is the decimal point, as everywhere on the pages
    " 44603.10 ": "44603.10",
}
READ_IN_TWO_WAYS = ["44,603", "1,000", "-1,000", "999,999"]
READ_IN_NONE = ["4,46,03", "1,234 567", "1234 567", "1,234.567,8", "1..2", "1,,2", "1_000", "+5", "٣", "$5", "", "five"]


@pytest.mark.offline
@pytest.mark.parametrize(("written", "meant"), WRITTEN_BY_PEOPLE.items())
def test_a_person_may_set_the_thousands_apart(written: str, meant: str) -> None:
    assert read(written) == Decimal(meant)


@pytest.mark.offline
@pytest.mark.parametrize("written", READ_IN_TWO_WAYS)
def test_what_can_be_read_in_two_ways_is_asked_back(written: str) -> None:
    with pytest.raises(ValueError, match="can be read in two ways: write"):
        read(written)


@pytest.mark.offline
@pytest.mark.parametrize("written", READ_IN_NONE)
def test_what_is_no_number_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="digits 0 to 9"):
        read(written)


class Asked(forms.Form):
    amount = AmountField(max_digits=38, decimal_places=18)


@pytest.mark.offline
def test_a_form_for_amounts_reads_what_people_write() -> None:
    assert Asked({"amount": "44 603,10"}).is_valid()
    assert Asked({"amount": "44,603"}).errors["amount"] == [
        "44,603 can be read in two ways: write 44603, or 44.603 with a point."
    ]


@pytest.mark.offline
def test_a_quotient_has_as_many_digits_as_an_amount_and_an_amount_all_of_its_own() -> None:
    third = Decimal(1) / Decimal(3)
    assert TypeAdapter(Quotient).dump_python(third) == "0.333333333333333333"
    assert TypeAdapter(Quotient).dump_python(Decimal(2) / 3) == "0.666666666666666667"
    assert TypeAdapter(Quotient).dump_python(Decimal("0.50")) == "0.5"
    assert TypeAdapter(Amount).dump_python(Decimal("0.1234567890123456789")) == "0.1234567890123456789"
