"""The risk gate: one function that every order passes, and that refuses whatever it has no reason to allow.

Limits stand on the connection and on the wallets of the path (agent, farm, master) and are the user's. The tightest
on the path applies: the smallest notional, the symbols that all lists share. A path on which nobody has said what may
be traded and how much allows nothing. An order that can only make a position smaller is exempt from those two limits,
because being unable to leave a position is the larger risk; the state of the path and the age of the price bind it
too. One that carries out a position's stop or target passes a halt as well: a halt ends decisions, not protection. One
by which a goal, an emergency stop or a person leaves all there is below a wallet passes a halt that a rule has made,
such as a limit of exposure, because it can only lower what the rule is there for; the owner's own halt binds it.

The gate is pure: the facts come in, the verdict goes out with every number it looked at.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from kit.decimals import plain
from kit.sentences import Sentence, Value, amount, sentence
from kit.sentences import price as shown_price
from trading.risk.checks import CHECKS, passes_halt
from trading.risk.correlated import Correlated
from trading.risk.locked import KINDS, Lock
from trading.risk.path import (
    ACTIVE,
    CLOSED,
    FROZEN,
    HALTED,
    NO_CAPS,
    NOTHING_ASKED,
    REDUCING,
    WATCHING,
    Asked,
    Caps,
    Limits,
    asked_levels,
    exposure,
    nearest_price,
    owners_exposure,
    shared_symbols,
    tightest_notional,
    tightest_position,
    tightest_risk,
    usual_levels,
)
from trading.risk.proposals import PRICE_AGE_LIMIT, Market, Proposal, Standing, dust

__all__ = (
    "ACTIVE", "CLOSED", "FROZEN", "HALTED", "LIMITS", "NOTHING_ASKED", "NO_CAPS", "PRICE_AGE_LIMIT", "REDUCING",
    "WATCHING", "Asked", "Caps", "Limits", "Lock", "Market", "Proposal", "Standing", "Verdict", "asked_levels",
    "assess", "dust", "exposure", "nearest_price", "owners_exposure", "passes_halt", "shared_symbols",
    "tightest_notional",
    "tightest_position", "tightest_risk", "usual_levels",
)  # fmt: skip

# The checks of what the user set.
LIMITS: Final = frozenset(
    {
        "allowed_symbols", "maximum_notional", "daily_loss", "maximum_position", "maximum_open_positions",
        "maximum_risk", "exposure", "maximum_distance", "maximum_orders_per_minute", "maximum_correlated",
        *KINDS,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """`limit` names what refused, "" when allowed; `explanation` is the sentence, `numbers` what was looked at."""

    limit: str
    explanation: Sentence
    numbers: dict[str, Any]

    @property
    def allowed(self) -> bool:
        return not self.limit


def assess(proposal: Proposal) -> Verdict:
    """Let the proposal through every check in turn; the first that refuses decides."""
    numbers = _numbers(proposal)
    for name, check in CHECKS:
        if refusal := check(proposal):
            return Verdict(name, refusal if isinstance(refusal, Sentence) else Sentence(refusal), numbers)
    return Verdict("", _permission(proposal), numbers)


def _permission(proposal: Proposal) -> Sentence:
    """What an order that passed every check does, and within what."""
    market, price, notional = proposal.market, proposal.price, proposal.notional
    maximum = tightest_notional(proposal.path)
    what: dict[str, Value | str] = {
        "quantity": amount(proposal.quantity, market.base),
        "price": "no price" if price is None else shown_price(price, market.tick_size),
        "notional": "unknown" if notional is None else amount(notional, market.quote),
    }
    if proposal.reduces:
        position = amount(abs(proposal.standing.position), market.base)
        return sentence(
            "Allowed: {quantity} at {price} is {notional}; it reduces a position of {position}.",
            position=position, **what,
        )  # fmt: skip
    within = "none" if maximum is None else amount(maximum, market.quote)
    return sentence(
        "Allowed: {quantity} at {price} is {notional}, within the limit of {maximum}.", maximum=within, **what
    )


def _numbers(proposal: Proposal) -> dict[str, Any]:
    market, standing, symbols = proposal.market, proposal.standing, shared_symbols(proposal.path)
    return {
        "requested": plain(proposal.requested),
        "quantity": plain(proposal.quantity),
        "price": _text(market.price),
        "limit_price": _text(proposal.limit_price),
        "price_age_seconds": None if market.price_age is None else round(market.price_age.total_seconds(), 3),
        "notional": _text(proposal.notional),
        "minimum_notional": plain(market.minimum_notional),
        "maximum_notional": _text(tightest_notional(proposal.path)),
        "allowed_symbols": None if symbols is None else sorted(symbols),
        "position": plain(standing.position),
        "selling": plain(standing.selling),
        "in_books": plain(standing.in_books),
        "maximum_position": _text(tightest_position(proposal.path)),
        "maximum_risk": _text(tightest_risk(proposal.path)),
        "exposure": plain(exposure(proposal.path)),
        "exit_stop": _text(proposal.exit_stop),
        "leverage": _text(proposal.leverage),
        "middle": _text(market.middle),
        "maximum_distance": _text(nearest_price(proposal.path)),
        "value": _text(standing.value),
        "lock": _lock(standing.lock),
        "path": [_step(step, proposal) for step in proposal.path],
    }


def _step(step: Limits, proposal: Proposal) -> dict[str, Any]:
    """What a step of the path says; what it says nothing about is left out, which is most of it."""
    said: dict[str, Any] = {"name": step.name, "trading_state": step.trading_state}
    caps = step.caps
    more: dict[str, Any] = {
        "maximum_notional": _text(step.maximum_notional),
        "notional_asset": step.notional_asset or None,
        "allowed_symbols": None if step.allowed_symbols is None else sorted(step.allowed_symbols),
        "maximum_daily_loss": _text(step.maximum_daily_loss),
        "lost": _text(step.lost),
        "asked_exposure": _text(step.asked.exposure),
    }
    if caps is not NO_CAPS:
        more |= {
            "maximum_position": _text(caps.maximum_position),
            "maximum_open_positions": caps.maximum_open_positions,
            "open_positions": None if caps.maximum_open_positions is None else step.open_positions,
            "maximum_distance": _text(caps.maximum_distance),
            "maximum_orders_per_minute": caps.maximum_orders_per_minute,
            "orders": None if caps.maximum_orders_per_minute is None else step.orders,
            "maximum_correlated": _text(caps.maximum_correlated),
            "correlated": _correlated(step.correlated, proposal),
            "maximum_risk": _text(caps.maximum_risk),
            "maximum_exposure": _text(caps.maximum_exposure),
        }
    return said | {name: value for name, value in more.items() if value is not None}


def _correlated(seen: Correlated | None, proposal: Proposal) -> dict[str, Any] | None:
    if seen is None:
        return None
    after = seen.after(proposal.signed_notional / seen.value) if seen.value else None
    return {
        "value": _text(seen.value),
        "now": plain(seen.now),
        "after": _text(after),
        "guessed": list(seen.guessed),
    }


def _lock(lock: Lock | None) -> dict[str, Any] | None:
    if lock is None:
        return None
    return {
        "kind": lock.kind,
        "who": lock.who,
        "wallet": lock.wallet,
        "symbol": lock.symbol,
        "measured": plain(lock.measured),
        "most": plain(lock.most),
        "until": lock.until.isoformat(),
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
