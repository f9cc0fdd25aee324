"""The steps of the wizard, what may be added in them, and where the sentences of a refusal belong. Pure data."""

from typing import Final

STEPS: Final = {
    "kind": "What is wanted",
    "target": "Target and deadline",
    "scope": "Who works for it",
    "actions": "What happens then",
    "review": "Review",
}
ORDER: Final = tuple(STEPS)
REVIEW: Final = ORDER[-1]
ACHIEVED: Final = ("close", "collect", "distribute", "pause", "continue", "renew")
MISSED: Final = ("reduce", "halt", "return", "extend", "adjust")
# Where the sentences of `drafts.check` belong: step and field, by what it calls the field.
PLACES: Final = {
    "name": ("kind", "name"),
    "kind": ("kind", "what"),
    "target.measure": ("kind", "what"),
    "target.value": ("target", "value"),
    "target.minimum_trades": ("target", "minimum_trades"),
    "target.minimum_days": ("target", "minimum_days"),
    "starts_at": ("target", "starts_at"),
    "ends_at": ("target", "ends_at"),
    "accepts_changes": ("target", "adjust_by"),
    "accepts_changes.by": ("target", "adjust_by"),
    "accepts_changes.every_days": ("target", "adjust_days"),
    "scope": ("scope", "wallets"),
}
# What a field of an action is called in its form, where that is another name.
FIELDS: Final = {"from": "only"}
