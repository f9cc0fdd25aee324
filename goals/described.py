"""What the API's description says of a goal's target and of each action: their keys, in which units. Pure data.

They are read by `goals.targets` and `goals.actions`, which refuse with a sentence about the place of what is wrong.
"""

from typing import Annotated, Any, Final

from pydantic import WithJsonSchema

TARGET: Final = (
    "What is wanted: `{measure, value, minimum_trades, minimum_days}`, of a custom goal `{match, conditions: [{metric, "
    "operator, value}], minimum_trades, minimum_days}`; a bare number is one of the kind's first measure. Money in the "
    "goal's `base`, shares as fractions."
)
ACTIONS: Final = "What is done once it is achieved, in this order."
ON_MISS: Final = "What is done when its deadline has passed; only of a goal that has one."
RULE: Final = "How a running goal adjusts its target, if it may: `{by, every_days}`, `by` a fraction; null for never."


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


_SHARE: Final = {
    "type": "object",
    "required": ["to", "share"],
    "properties": {
        "to": _text("agents, farm, master, or the id of a wallet."),
        "share": _text("A fraction; all of them add up to 1."),
    },
}
_ACTION: Final = {
    "type": "object",
    "description": "`do` says what; each of the other keys belongs to the action that its description names.",
    "required": ["do"],
    "properties": {
        "do": _text("What to do.", enum=["close", "collect", "distribute", "pause", "continue", "renew"]),
        "amount": _text(
            "collect: profit (free realised profit since the start), all (everything free), or a fixed amount of "
            "`asset`, such as 0.01."
        ),
        "asset": _text(
            "collect, with a fixed amount: what it is one of, among what the wallets keep. Left out, the owner's "
            "currency where wallets keep it, else the one asset they all keep."
        ),
        "from": {
            "type": "array",
            "items": {"type": "string", "format": "uuid"},
            "description": "collect: ids of wallets in scope; empty for all of it.",
        },
        "to": _text(
            "collect: farm, master, or the id of a farm or master above all that gives, or of a reserve; master if it "
            "is left out."
        ),
        "shares": {"type": "array", "items": _SHARE, "description": "distribute: who gets which part."},
        "rule": _text(
            "renew: what the next target is; same if it is left out.", enum=["same", "percentage", "ratchet", "average"]
        ),
        "value": _text("renew by percentage: the change as a fraction, 0.1 for 10 % more."),
    },
}
_MISSED: Final = {
    "type": "object",
    "description": "`do` says what; each of the other keys belongs to the action that its description names.",
    "required": ["do"],
    "properties": {
        "do": _text("What to do.", enum=["reduce", "halt", "return", "extend", "adjust"]),
        "days": {"type": "integer", "description": "extend: by so many days; 7 if it is left out."},
        "times": {"type": "integer", "description": "extend: at most so often; 1 if it is left out."},
        "value": _text("adjust: the change of the target as a fraction, -0.1 for 10 % less."),
    },
}

Action = Annotated[Any, WithJsonSchema(_ACTION)]
MissedAction = Annotated[Any, WithJsonSchema(_MISSED)]
