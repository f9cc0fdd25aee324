"""What agents ask for beside what their owner allows, and what of it applies."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from kit import clock
from kit.sentences import Told, sentence, share
from trading.models import AiState
from trading.risk import gate as risk
from trading.risk.ai_state import current_state
from trading.risk.limits import limits_on_path

NOTHING: Final = "Nothing is asked for: the limits alone apply."
OVER: Final = "It has expired: the limits alone apply."
AS_ASKED: Final = "It applies as it was asked for."


@dataclass(frozen=True, slots=True)
class Clipped:
    """A wish and what became of it; fractions, None where nobody says. `applies` is what buys are held to now."""

    asked: Decimal | None
    limit: Decimal | None
    applies: Decimal | None
    reason: Told

    @property
    def is_cut(self) -> bool:
        """Whether less was allowed than asked for."""
        return self.asked is not None and self.applies != self.asked


@dataclass(frozen=True, slots=True)
class Wished:
    """The newest state of a wallet; `version` 0 where nobody has written one."""

    wallet_id: UUID
    version: int
    exposure: Clipped
    stop_distance: Clipped
    target_distance: Clipped
    sentiment: Decimal | None
    sentiment_text: str
    sentiment_source: str
    note: str
    expires_at: datetime | None
    is_expired: bool
    written_by: str
    created_at: datetime | None

    @property
    def says_something(self) -> bool:
        """Whether there is anything to be shown of it."""
        wishes = (self.exposure.asked, self.stop_distance.asked, self.target_distance.asked, self.sentiment)
        return any(one is not None for one in wishes) or bool(self.note or self.sentiment_text)


def wished(*, wallet_id: UUID) -> Wished:
    """What the wallet's agent asks for and what of it applies there, in two queries. Runs as the tenant."""
    return told(wallet_id, current_state(wallet_id), limits_on_path(wallet_id=wallet_id))


def told(wallet_id: UUID, state: AiState | None, path: tuple[risk.Limits, ...]) -> Wished:
    """The same of a state and a path that are known."""
    state = state or AiState(wallet_id=wallet_id, version=0)
    is_expired = state.expires_at is not None and state.expires_at <= clock.now()
    usual_stop, usual_target = risk.usual_levels(path)
    stop, target = risk.asked_levels(path)
    limit = risk.owners_exposure(path)
    return Wished(
        wallet_id=wallet_id,
        version=state.version,
        exposure=_clipped(state.exposure, limit, risk.exposure(path), is_expired=is_expired),
        stop_distance=_clipped(
            state.stop_distance, usual_stop, usual_stop if stop is None else stop, is_expired=is_expired
        ),
        target_distance=_clipped(
            state.target_distance, usual_target, usual_target if target is None else target, is_expired=is_expired
        ),
        sentiment=state.sentiment,
        sentiment_text=state.sentiment_text,
        sentiment_source=state.sentiment_source,
        note=state.note,
        expires_at=state.expires_at,
        is_expired=is_expired,
        written_by=state.written_by,
        created_at=state.created_at if state.version else None,
    )


def _clipped(asked: Decimal | None, limit: Decimal | None, applies: Decimal | None, *, is_expired: bool) -> Clipped:
    return Clipped(asked, limit, applies, _reason(asked, limit, applies, is_expired=is_expired))


def _reason(asked: Decimal | None, limit: Decimal | None, applies: Decimal | None, *, is_expired: bool) -> Told:
    if asked is None:
        return NOTHING
    if is_expired:
        return OVER
    if limit is not None and asked > limit:
        return sentence("The agent asked for {asked}; the limit is {limit}.", asked=share(asked), limit=share(limit))
    if applies is not None and applies < asked:
        return sentence(
            "The agent asked for {asked}; on its path {least} is asked for.", asked=share(asked), least=share(applies)
        )
    return AS_ASKED
