"""What a model answered, read strictly: a proposal within its bounds, or the sentence that says why it is none.

Nothing is mended here and nothing is cut to its bounds: a model that is out of them has not understood, and what it
meant is not guessed. The one thing forgiven is a code fence around the JSON. Its words are kept as they are, and shown
as a model's, escaped like any text.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal

from kit.decimals import plain

Action = Literal["buy", "sell", "hold"]
ACTIONS: Final = ("buy", "sell", "hold")
LONGEST_HORIZON: Final = 500
MOST_REASONS: Final = 5
REASON_LENGTH: Final = 300
HUNDRED: Final = Decimal(100)
DIGITS: Final = Decimal("1e-8")  # of a fraction
_FENCE: Final = re.compile(r"\s*```[a-zA-Z]*\s*\n(.*?)\n?\s*```\s*", re.DOTALL)
_LEVEL_DIGITS: Final = 30


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a model proposes. `size` and `confidence` are fractions, `horizon` is in candles, prices are in quote.

    `exposure` and `mood` are what it asks for beside it (`trading.risk.ai_state`), None where it asks for nothing.
    """

    action: Action
    instrument: str
    size: Decimal
    stop: Decimal | None
    target: Decimal | None
    horizon: int
    confidence: Decimal
    reasons: tuple[str, ...]
    exposure: Decimal | None = None
    mood: Decimal | None = None


class NoProposalError(ValueError):
    """The answer is none, and its text says why."""


_PRICE: Final[Mapping[str, Any]] = {"type": ["number", "null"]}


def schema(instruments: Collection[str]) -> dict[str, Any]:
    """The JSON Schema of an answer, in the part of the language that endpoints with strict schemas take."""
    fields: dict[str, Any] = {
        "action": {"type": "string", "enum": list(ACTIONS)},
        "instrument": {"type": "string", "enum": list(instruments)},
        "size_percent": {"type": "number", "description": "0 to 100, 0 for hold"},
        "stop": {**_PRICE, "description": "a price; null for hold"},
        "target": {**_PRICE, "description": "a price, or null"},
        "horizon_candles": {"type": "integer", "description": f"1 to {LONGEST_HORIZON}"},
        "confidence": {"type": "number", "description": "0 to 1"},
        "reasons": {
            "type": "array",
            "items": {"type": "string"},
            "description": f"1 to {MOST_REASONS} short sentences",
        },
        "exposure": {
            "type": ["number", "null"],
            "description": "0 to 1: part of the usual size; null asks for nothing",
        },
        "mood": {"type": ["number", "null"], "description": "-1 to 1; null says nothing"},
    }
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


# What an answer may leave out.
_OPTIONAL: Final = ("exposure", "mood", "stop", "target")


def read(text: str, *, instruments: Collection[str], prices: Mapping[str, Decimal]) -> Proposal:
    """The proposal in `text` about one of `instruments`, whose `prices` are known. Raises NoProposalError."""
    told = _object(text)
    known = set(schema(())["properties"])
    if more := sorted(_shown(name) for name in set(told) - known):
        raise NoProposalError(f"It sent fields that nobody asked for: {', '.join(more[:5])}.")
    if missing := sorted(known - set(told) - set(_OPTIONAL)):
        raise NoProposalError(f"It left out {', '.join(missing)}.")
    action = told["action"]
    if action not in ACTIONS:
        raise NoProposalError(f"Its action is none of {', '.join(ACTIONS)}.")
    instrument = told["instrument"]
    if not isinstance(instrument, str) or instrument not in instruments:
        raise NoProposalError(f"It named {_shown(instrument)}, which is not among the markets that it was asked about.")
    size = (_number(told, "size_percent", Decimal(0), HUNDRED, " %") / HUNDRED).quantize(DIGITS)
    if (action == "hold") != (size == 0):
        raise NoProposalError(
            "Its size and its action contradict each other: to hold is a size of 0, and nothing else is."
        )
    proposal = Proposal(
        action=action,
        instrument=instrument,
        size=size,
        stop=_level(told, "stop"),
        target=_level(told, "target"),
        horizon=_whole(told, "horizon_candles", 1, LONGEST_HORIZON),
        confidence=_number(told, "confidence", Decimal(0), Decimal(1)).quantize(DIGITS),
        reasons=_reasons(told["reasons"]),
        exposure=_optional(told, "exposure", Decimal(0), Decimal(1)),
        mood=_optional(told, "mood", Decimal(-1), Decimal(1)),
    )
    _require_sides(proposal, prices[instrument])
    return proposal


def _object(text: str) -> dict[str, Any]:
    found = _FENCE.fullmatch(text)
    inner = (found[1] if found else text).strip()
    if not inner:
        raise NoProposalError("It answered nothing.")
    if inner[0] == "<":
        raise NoProposalError("It answered with markup instead of JSON.")
    try:
        told = json.loads(inner, parse_float=Decimal, parse_constant=_no_number)
    except NoProposalError:
        raise
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise NoProposalError("It answered something that is no JSON.") from error
    if not isinstance(told, dict):
        raise NoProposalError("It answered something that is no JSON object.")
    return told


def _no_number(name: str) -> Any:
    raise NoProposalError(f"It answered {name}, which is no number.")


def _number(told: Mapping[str, Any], name: str, least: Decimal, most: Decimal, unit: str = "") -> Decimal:
    value = told[name]
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise NoProposalError(f"Its {name} is no number.")
    if not least <= value <= most:
        raise NoProposalError(
            f"Its {name} of {_figure(value)}{unit} is outside of {plain(least)} to {plain(most)}{unit}."
        )
    return Decimal(value)


def _optional(told: Mapping[str, Any], name: str, least: Decimal, most: Decimal) -> Decimal | None:
    if told.get(name) is None:
        return None
    return _number(told, name, least, most).quantize(DIGITS)


def _whole(told: Mapping[str, Any], name: str, least: int, most: int) -> int:
    value = _number(told, name, Decimal(least), Decimal(most))
    if value != int(value):
        raise NoProposalError(f"Its {name} is no whole number.")
    return int(value)


def _level(told: Mapping[str, Any], name: str) -> Decimal | None:
    """A price above zero that a column can hold, or None."""
    if told.get(name) is None:
        return None
    value = _number(told, name, Decimal(0), Decimal(10) ** 18)
    if value == 0 or -Decimal(value).adjusted() > 18 or len(Decimal(value).as_tuple().digits) > _LEVEL_DIGITS:
        raise NoProposalError(f"Its {name} is no price.")
    return Decimal(value)


def _reasons(told: Any) -> tuple[str, ...]:
    if (
        not isinstance(told, list)
        or not 1 <= len(told) <= MOST_REASONS
        or not all(isinstance(one, str) for one in told)
    ):
        raise NoProposalError(f"Its reasons are no list of 1 to {MOST_REASONS} sentences.")
    kept = tuple(_clean(one) for one in told)
    if not all(kept) or any(len(one) > REASON_LENGTH for one in kept):
        raise NoProposalError(f"One of its reasons is empty, or longer than {REASON_LENGTH} characters.")
    return kept


def _clean(text: str) -> str:
    """What can be seen of it: no control characters, and nothing that turns the direction of what follows."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _require_sides(proposal: Proposal, price: Decimal) -> None:
    stop, target = proposal.stop, proposal.target
    if proposal.action == "hold":
        if stop is not None or target is not None:
            raise NoProposalError("It wants to hold, and names a stop or a target.")
        return
    up = proposal.action == "buy"
    if stop is not None and (stop >= price if up else stop <= price):
        raise NoProposalError(f"Its stop is not {'below' if up else 'above'} the price.")
    if target is not None and (target <= price if up else target >= price):
        raise NoProposalError(f"Its target is not {'above' if up else 'below'} the price.")


def _figure(value: int | Decimal) -> str:
    text = f"{value}"
    return text if len(text) <= 20 else f"{text[:20]}…"


def _shown(value: Any) -> str:
    return _clean(value)[:40] or "nothing" if isinstance(value, str) else "no market"
