"""Where an alert leads: the page of the thing that it is about, found by name when it is shown.

Whoever raises an alert says `about=order:<id>` and knows no address; workers would load every page to make one.
"""

from typing import Any, Final

from django.urls import reverse

_PAGES: Final = {
    "order": "trading:order",
    "agent": "farms:agent",
    "farm": "farms:farm",
    "wallet": "wallets:wallet",
    "goal": "goals:goal",
    "rebalance-run": "rebalancing:run",
    "proposal": "advice:proposal",
}
_LISTS: Final = {
    "position": "trading:positions",
    "exposure": "exposure:exposure",
    "connection": "wallets:connections",
    "approval": "approvals:list",
    "token": "users:tokens",
    "two-factor": "users:two-factor",
    "password": "password_change",
    "sign-in": "audit-log",
}
_WORDS: Final = {
    "order": "Show the order",
    "agent": "Show the agent",
    "farm": "Show the farm",
    "wallet": "Show the wallet",
    "goal": "Show the goal",
    "rebalance-run": "Show the run",
    "proposal": "Show what the model was told and said",
    "position": "Show positions",
    "exposure": "Show the exposure",
    "connection": "Show connections",
    "approval": "Show what is asked",
    "token": "Show tokens",
    "two-factor": "Two-factor",
    "password": "Change password",
    "sign-in": "Show the log",
}


def about(kind: str, key: Any = "") -> str:
    """What an alert is about, for its `about`: a kind of thing that has a page, and the thing's id."""
    if kind not in _WORDS:
        raise ValueError(f"There is no page of a {kind}.")
    return f"{kind}:{key}"


def url_of(about: str) -> str:
    """The address of the page; empty for what has none."""
    kind, _, key = about.partition(":")
    if kind in _PAGES and key:
        return reverse(_PAGES[kind], args=(key,))
    return reverse(_LISTS[kind]) if kind in _LISTS else ""


def words_of(about: str) -> str:
    """What the link says."""
    return _WORDS.get(about.partition(":")[0], "")
