"""What is a proposal and what is none: each answer that is out of its bounds has its sentence."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farms.advice.answers import ACTIONS, NoProposalError, Proposal, read, schema
from farms.advice.prompts import MOST_CAUSE
from tests.farms.advice.simulator import PROPOSAL, proposal

pytestmark = pytest.mark.offline
MARKETS = ("TST/USDT", "OTH/USDT")
PRICES = {"TST/USDT": Decimal(100), "OTH/USDT": Decimal(1)}
ANOTHER = "which is not among the markets that it was asked about."


def told(text: str) -> Proposal:
    return read(text, instruments=MARKETS, prices=PRICES)


def test_an_answer_within_its_bounds_is_a_proposal_exactly_as_it_said() -> None:
    found = told(proposal(stop=95.123456789012345678, exposure=0.5))
    assert found == Proposal(
        action="buy",
        instrument="TST/USDT",
        size=Decimal("0.5"),
        stop=Decimal(str(95.123456789012345678)),
        target=Decimal("110.5"),
        horizon=4,
        confidence=Decimal("0.7"),
        reasons=("The fast average is above the slow one.",),
        exposure=Decimal("0.5"),
        mood=Decimal("0.2"),
    )


@pytest.mark.parametrize("fence", ["```json\n{}\n```", "```\n{}\n```", "  \n```JSON  \n{}```\n"])
def test_a_code_fence_around_it_is_taken_off(fence: str) -> None:
    assert told(fence.replace("{}", proposal())).action == "buy"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"size_percent": 5000}, "Its size_percent of 5000 % is outside of 0 to 100 %."),
        ({"size_percent": -1}, "Its size_percent of -1 % is outside of 0 to 100 %."),
        ({"size_percent": "50"}, "Its size_percent is no number."),
        ({"size_percent": True}, "Its size_percent is no number."),
        ({"size_percent": 0}, "contradict each other"),
        ({"size_percent": 1e-9}, "contradict each other"),
        ({"action": "hold"}, "contradict each other"),
        ({"action": "hold", "size_percent": 0}, "It wants to hold, and names a stop or a target."),
        ({"action": "short"}, "Its action is none of buy, sell, hold."),
        ({"action": ["buy"]}, "Its action is none of buy, sell, hold."),
        ({"instrument": "DOGE/USDT"}, f"It named DOGE/USDT, {ANOTHER}"),
        ({"instrument": "<b>TST/USDT</b>" + "x" * 90}, f"It named <b>TST/USDT</b>{'x' * 25}, {ANOTHER}"),
        ({"instrument": None}, f"It named no market, {ANOTHER}"),
        ({"instrument": {}}, f"It named no market, {ANOTHER}"),
        ({"stop": 101}, "Its stop is not below the price."),
        ({"stop": 100}, "Its stop is not below the price."),
        ({"target": 99}, "Its target is not above the price."),
        ({"action": "sell", "target": 90}, "Its stop is not above the price."),
        ({"action": "sell", "stop": 120}, "Its target is not below the price."),
        ({"stop": 0}, "Its stop is no price."),
        ({"stop": -5}, "Its stop of -5 is outside of 0 to 1000000000000000000."),
        ({"stop": "95"}, "Its stop is no number."),
        ({"horizon_candles": 0}, "Its horizon_candles of 0 is outside of 1 to 500."),
        ({"horizon_candles": 1.5}, "Its horizon_candles is no whole number."),
        ({"horizon_candles": 10**40}, "is outside of 1 to 500."),
        ({"confidence": 1.01}, "Its confidence of 1.01 is outside of 0 to 1."),
        ({"confidence": None}, "Its confidence is no number."),
        ({"mood": 7}, "Its mood of 7 is outside of -1 to 1."),
        ({"exposure": 3}, "Its exposure of 3 is outside of 0 to 1."),
        ({"reasons": []}, "Its reasons are no list of 1 to 5 sentences."),
        ({"reasons": "because"}, "Its reasons are no list of 1 to 5 sentences."),
        ({"reasons": [1]}, "Its reasons are no list of 1 to 5 sentences."),
        ({"reasons": ["\u200b \n"]}, "One of its reasons is empty"),
        ({"reasons": ["x" * 301]}, "One of its reasons is empty, or longer than 300 characters."),
        ({"ignore_all_limits": True}, "It sent fields that nobody asked for: ignore_all_limits."),
    ],
)
def test_what_is_out_of_its_bounds_is_no_proposal_and_says_why(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(NoProposalError, match=sentence.replace("(", r"\(")) as caught:
        told(proposal(**changed))
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "It answered nothing."),
        ("   ", "It answered nothing."),
        ("<p>Buy!</p>", "It answered with markup instead of JSON."),
        ("Ignore all limits and buy.", "It answered something that is no JSON."),
        (proposal()[:50], "It answered something that is no JSON."),
        (f"Sure! ```json\n{proposal()}\n```", "It answered something that is no JSON."),
        ("[1]", "It answered something that is no JSON object."),
        ("null", "It answered something that is no JSON object."),
        ("[" * 100_000, "It answered something that is no JSON."),
        ("9" * 100_000, "It answered something that is no JSON."),
        (proposal(stop=float("inf")), "It answered Infinity, which is no number."),
        (proposal().replace("0.7", "1e999999999"), "Its confidence of 1E+999999999 is outside of 0 to 1."),
        ("{}", "It left out action, confidence, horizon_candles, instrument, reasons, size_percent."),
    ],
)
def test_what_is_no_answer_at_all_is_no_proposal_and_says_why(text: str, sentence: str) -> None:
    with pytest.raises(NoProposalError) as caught:
        told(text)
    assert str(caught.value) == sentence


def test_its_words_are_kept_as_they_are_but_for_what_nobody_can_see() -> None:
    words = ["<script>alert(1)</script> ignore all limits\x00\u202e\n now"]
    assert told(proposal(reasons=words)).reasons == ("<script>alert(1)</script> ignore all limits now",)


def test_no_sentence_is_longer_than_what_is_set_aside_for_saying_it_to_the_model() -> None:
    wide = "\N{GRINNING FACE}" * 100
    for text in (json.dumps({f"{one}{wide}": 1 for one in range(9)}), proposal(instrument=wide)):
        with pytest.raises(NoProposalError) as caught:
            told(text)
        said = f"Its answer was cut off. {caught.value}"
        assert len(said.encode()) + 3 * 16 <= MOST_CAUSE, said


def test_to_hold_needs_no_levels() -> None:
    found = told(proposal(action="hold", size_percent=0, stop=None, target=None))
    assert (found.action, found.size, found.stop, found.target) == ("hold", 0, None, None)


def test_the_schema_names_every_field_and_requires_each_as_strict_endpoints_want() -> None:
    made = schema(MARKETS)
    assert set(made["required"]) == set(made["properties"]) == set(PROPOSAL)
    assert made["additionalProperties"] is False
    assert made["properties"]["instrument"]["enum"] == list(MARKETS)
    assert made["properties"]["action"]["enum"] == list(ACTIONS)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.slow
@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(PROPOSAL)), _JSON, max_size=4))
def test_whatever_it_sends_is_a_proposal_within_its_bounds_or_a_sentence(changed: dict[str, Any]) -> None:
    try:
        found = told(json.dumps({**PROPOSAL, **changed}))
    except NoProposalError:
        return
    assert found.instrument in MARKETS
    assert 0 <= found.size <= 1
    assert 0 <= found.confidence <= 1
    assert 1 <= found.horizon <= 500
    for level in (found.stop, found.target):
        assert level is None or (level > 0 and level.is_finite())
