"""What a form says of a number, it says as its reader writes numbers."""

from datetime import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.forms import PasswordInput

from kit import display
from kit.display import Display
from kit.forms import AmountField, MomentField, NumberField, PercentField, TextField, WholeField
from kit.written import NOWHERE, NUL, TOO_FAR, UNSEEN, require_json

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


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1e30", "It has to be at most 1000."),
        ("1" * 30, "It has at most 20 digits before the decimals."),
        ("1." + "1" * 30, "It has at most 18 decimals."),
        ("2000", "It has to be at most 1000."),
        ("0", "It has to be at least 0.1."),
    ],
)
def test_a_number_that_does_not_fit_is_told_so_in_our_words(typed: str, said: str) -> None:
    with display.showing(Display(numbers="1,234.56")):
        field = AmountField(max_digits=38, decimal_places=18, min_value=Decimal("0.1"), max_value=Decimal(1000))
        with pytest.raises(ValidationError) as refused:
            field.clean(typed)
    assert any(message.startswith(said) for message in refused.value.messages), refused.value.messages


@pytest.mark.parametrize("typed", ["1_000", "１２", "٣", "1e3", "1.5", "+5", "0x10", "²"])
def test_a_whole_number_is_written_in_digits_from_0_to_9(typed: str) -> None:
    with pytest.raises(ValidationError, match="whole number"):
        WholeField().clean(typed)
    assert WholeField().clean(" -12 ") == -12


@pytest.mark.parametrize("typed", ["1_0.5", "１.5", "nan", "inf", "1e400", "0x1p3", "٣.٥"])
def test_a_number_is_written_in_digits_from_0_to_9(typed: str) -> None:
    with pytest.raises(ValidationError):
        NumberField().clean(typed)
    assert NumberField().clean(" -1.25 ") == -1.25


@pytest.mark.parametrize(
    ("typed", "said"),
    [("a\u202eb", UNSEEN), ("\u200fa", UNSEEN), ("\u2066a\u2069", UNSEEN), ("a\x07b", UNSEEN), ("a\0b", NUL)],
)
def test_a_text_is_refused_with_the_sentence_that_programs_get(typed: str, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TextField().clean(typed)
    assert said in refused.value.messages
    assert TextField().clean(" Zinsen – 日本 👩‍👩‍👧\n") == "Zinsen – 日本 👩‍👩‍👧"


def test_a_secret_may_hold_what_nobody_sees() -> None:
    assert TextField(widget=PasswordInput(), strip=False).clean("a\u202eb\x07") == "a\u202eb\x07"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "UTC", "America/St_Johns"])
@pytest.mark.parametrize("typed", ["9999-12-31 23:59", "9999-12-31T00:00", "0001-01-01"])
def test_a_moment_that_some_zone_has_no_name_for_is_refused(typed: str, zone: str) -> None:
    """It was taken, and could not be shown to who lives east of Greenwich: their page broke off."""
    with display.showing(Display(timezone=zone)), pytest.raises(ValidationError) as refused:
        MomentField().clean(typed)
    assert refused.value.messages == [TOO_FAR]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("9999-12-31T23:59:59Z", TOO_FAR),
        ("9999-12-31T23:59:59-12:00", TOO_FAR),
        ("0001-01-01T00:00:00Z", TOO_FAR),
        ("2027-01-01T00:00:00+23:59", NOWHERE),
        ("2027-01-01T00:00:00-16:00", NOWHERE),
    ],
)
def test_a_program_s_moment_has_a_name_in_every_zone_and_an_offset_that_can_be_stored(sent: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.split(":")[0]):
        require_json(sent, frozenset({datetime}))
    require_json("2027-01-01T00:00:00+14:00", frozenset({datetime}))
