"""What is said to a model: who it is to us, what an answer looks like, and our numbers."""

import json
from collections.abc import Sequence
from typing import Final

from farms.advice.answers import LONGEST_HORIZON, MOST_REASONS, REASON_LENGTH, schema
from farms.advice.client import Message
from farms.advice.facts import Facts

ROLE: Final = f"""You advise a program that trades. You are given its own numbers of one or more markets, as JSON.
Answer with one JSON object and nothing else, of this schema:
{{schema}}
Rules: name one of the instruments that you were given. size_percent is a part of what an entry of the program usually
takes: above 0 up to 100, and 0 only to hold. The stop of a buy is below the price and its target above; of a sale the
other way round. To sell leaves a long position; where can_be_sold_short is true it may open a short one. To hold needs
neither stop nor target. horizon_candles is after how many candles you are proved right or wrong, 1 to
{LONGEST_HORIZON}. confidence is the probability that the proposal has made money by then, fees paid. Give 1 to
{MOST_REASONS} reasons of at most {REASON_LENGTH} characters, each from the numbers. You cannot change limits: what you
propose is judged by the program's own."""
# In bytes, of the sentence that says what was wrong.
MOST_CAUSE: Final = 1_000
AGAIN: Final = "That was no proposal. {cause} Answer once more, with the JSON object alone."


def messages(facts: Facts) -> list[Message]:
    """The question about these facts."""
    wanted = json.dumps(schema(sorted(facts.markets)), separators=(",", ":"))
    return [
        {"role": "system", "content": ROLE.replace("{schema}", wanted)},
        {"role": "user", "content": json.dumps(facts.told, separators=(",", ":"), allow_nan=False)},
    ]


def again(asked: Sequence[Message], said: str, cause: str) -> list[Message]:
    """The same question after an answer that was no proposal."""
    return [
        *asked,
        {"role": "assistant", "content": said},
        {"role": "user", "content": AGAIN.format(cause=cause)},
    ]


def most_tokens(asked: Sequence[Message], *, answer: int) -> tuple[int, int]:
    """How many tokens the question and a second one after it can cost at most: asked, and answered.

    A token is a byte or more, so no tokenizer makes more tokens than there are bytes; each message has a few of its
    own. What the first answer was is asked again with the second.
    """
    first = sum(len(one["content"].encode()) + 16 for one in asked)
    return 2 * first + answer + len(AGAIN) + MOST_CAUSE, 2 * answer
