"""What trading agents ask for by themselves, for programs: theirs write it, everybody's read what of it applies."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import AfterValidator, AwareDatetime, Field

from kit.api import Amount, Body, Page, PageQuery, PositiveShare, Share, Words, paginate_numbered
from kit.http import owner_of
from kit.users import bindings
from kit.users.access import AGENT
from trading.models import AiState
from trading.risk.ai_state import Wish, write_ai_state
from trading.selectors.ai_state import wished
from wallets.hierarchy.places import get_wallet

router = Router()


def _mood(value: Any) -> Any:
    if not -1 <= value <= 1:
        raise ValueError('Give a number from -1 to 1, such as "0.4".')
    return value


def _distance(value: Any) -> Any:
    if not 0 < value <= 10:
        raise ValueError('Give a fraction above 0 and up to 10, such as "0.06" for 6 %.')
    return value


def _below_all(value: Any) -> Any:
    if value == 1:
        raise ValueError('Give a fraction below 1, such as "0.03" for 3 %.')
    return value


_HELD: dict[str, Any] = {"max_digits": 10, "decimal_places": 8, "examples": ["0.25"]}
Mood = Annotated[Amount, AfterValidator(_mood), Field(**_HELD, json_schema_extra={"minimum": -1, "maximum": 1})]
Distance = Annotated[Amount, AfterValidator(_distance), Field(**_HELD)]
StopDistance = Annotated[PositiveShare, AfterValidator(_below_all)]


class AiStateIn(Body):
    """All that is asked for; what is left out asks for nothing. Fractions.

    `exposure` is the share of its usual size, and of the amounts that limits name, that a buy may have.
    `stop_distance` and `target_distance` are how far below and above the price the levels of a buy may be: nearer ones
    stay as they are. They are worth no more than the owner's limits. The other fields are shown and change no order.
    After `expires_at` nothing of it has an effect.
    """

    version: int = Field(ge=0, description="The version that it replaces, as it was read; 0 where there is none yet.")
    exposure: Share | None = None
    stop_distance: StopDistance | None = None
    target_distance: Distance | None = None
    sentiment: Mood | None = None
    sentiment_text: str = Field("", max_length=500)
    sentiment_source: str = Field("", max_length=200, description="Where it comes from.")
    note: str = Field("", max_length=500, description="What is watched, in words.")
    expires_at: AwareDatetime | None = None


class ClippedOut(Schema):
    """What was asked for, the owner's limit, and what buys are held to; null where nobody says. Fractions."""

    asked: Amount | None = Field(description="As the agent wrote it.")
    limit: Amount | None = Field(description="The most that the owner's limits on the path allow.")
    applies: Amount | None = Field(description="What buys are held to now: never more than the limit.")
    reason: Words


class AiStateOut(Schema):
    """What a wallet's agent asks for and what of it applies. `version` is 0 where nobody has written one."""

    wallet_id: UUID
    version: int
    exposure: ClippedOut
    stop_distance: ClippedOut
    target_distance: ClippedOut
    sentiment: Amount | None
    sentiment_text: str
    sentiment_source: str
    note: str
    expires_at: datetime | None
    is_expired: bool
    written_by: str = Field(description="The name of the token that wrote it; empty: its owner did.")
    created_at: datetime | None


class AiStateVersionOut(Schema):
    """One version as it was written; fractions, null where it asked for nothing."""

    version: int
    exposure: Amount | None
    stop_distance: Amount | None
    target_distance: Amount | None
    sentiment: Amount | None
    sentiment_text: str
    sentiment_source: str
    note: str
    expires_at: datetime | None
    written_by: str
    created_at: datetime


@router.get("/wallets/{uuid:wallet_id}/ai-state", response=AiStateOut, summary="What its agent asks for")
def read_state(request: HttpRequest, wallet_id: UUID) -> Any:
    """The newest version, beside the limits and what of it applies now."""
    return wished(wallet_id=get_wallet(owner_id=owner_of(request), wallet_id=wallet_id).pk)


@router.put(
    "/wallets/{uuid:wallet_id}/ai-state", auth=AGENT, response=AiStateOut, summary="Say what its agent asks for"
)
def write_state(request: HttpRequest, wallet_id: UUID, body: AiStateIn) -> Any:
    """Write the next version; the one before stays in the history.

    409 with the `version` that counts now when it is another than the one named. A token that is bound to a wallet
    writes for that one and those below it; 403 elsewhere.
    """
    wallet = get_wallet(owner_id=owner_of(request), wallet_id=wallet_id)
    bindings.require_within(request, wallet_id)
    sent = body.all_fields()
    version = sent.pop("version")
    token = getattr(request, "token", None)
    write_ai_state(wallet=wallet, version=version, wish=Wish(**sent), written_by=token.name if token else "")
    return wished(wallet_id=wallet_id)


@router.get(
    "/wallets/{uuid:wallet_id}/ai-state/history",
    response=Page[AiStateVersionOut],
    summary="What was asked for, newest first",
)
def history(request: HttpRequest, wallet_id: UUID, query: Query[PageQuery]) -> Any:
    """Every version, as it was written."""
    wallet = get_wallet(owner_id=owner_of(request), wallet_id=wallet_id)
    return paginate_numbered(AiState.objects.filter(wallet=wallet), query, number="version", present=_version)


def _version(state: AiState) -> dict[str, Any]:
    return {name: getattr(state, name) for name in AiStateVersionOut.model_fields}
