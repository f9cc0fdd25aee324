"""A stored sentence becomes words for its reader: zone, decimals and privacy are theirs."""

import json
from datetime import UTC, datetime
from decimal import Decimal

from kit import display, sentences
from kit.display import Display
from kit.sentences import FOR_PROGRAMS, in_words, stored

AT = datetime(2026, 11, 25, 23, 5, tzinfo=UTC)
TEMPLATE = "{amount} arrived at {name} on {at}: {said}"
FACTS = stored(
    amount=sentences.amount(Decimal("1234.5"), "USDT"),
    name="Desk 7",
    at=sentences.moment(AT),
    said=sentences.quoted("only 12.75 left"),
)


def test_the_same_sentence_differs_by_its_reader() -> None:
    assert in_words(TEMPLATE, FACTS, FOR_PROGRAMS) == (
        "1234.5 USDT arrived at Desk 7 on 25 Nov 2026, 23:05 UTC: only 12.75 left"
    )
    with display.showing(Display(timezone="Asia/Tokyo", hide_amounts=True)):
        assert in_words(TEMPLATE, FACTS) == "•••\u00a0USDT arrived at Desk 7 on 26 Nov 2026, 08:05 JST: only ••• left"


def test_what_is_stored_is_json_and_keeps_every_digit() -> None:
    amount = sentences.amount(Decimal("0.000000000000000001"), "ETH")
    kept = json.loads(json.dumps(stored(amount=amount, count=3)))
    assert kept == {"amount": ["amount", "0.000000000000000001", "ETH"], "count": 3}
    assert in_words("{count} × {amount}", kept, FOR_PROGRAMS) == "3 × 0.000000000000000001 ETH"


def test_a_place_without_a_value_and_braces_of_a_name_stay_as_they_are() -> None:
    assert in_words("{nobody} and {name}", stored(name="{amount}"), FOR_PROGRAMS) == "{nobody} and {amount}"


def test_prices_are_public_and_have_the_decimals_of_their_tick() -> None:
    facts = stored(price=sentences.price(Decimal("61234.5"), Decimal("0.01")))
    assert in_words("at {price}", facts, Display(hide_amounts=True)) == "at 61,234.50"
