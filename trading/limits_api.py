"""Limits for programs, and what protections hold back. Only a token with the scope `limits` may change any."""

from dataclasses import fields
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router

from kit.errors import InvalidInputError
from kit.http import owner_of
from kit.users.access import LIMITS
from trading import services
from trading.limit_schemas import LimitsIn, LimitsOut, LockNarrow, LockOut, limits_out
from trading.risk.gate import Caps
from trading.selectors import LimitPath, limits
from trading.selectors.locks import held_back
from wallets.hierarchy.places import get_wallet

router = Router()


@router.get("/locks", response=list[LockOut], summary="What protections hold back now, longest first")
def list_locks(request: HttpRequest, narrow: Query[LockNarrow]) -> Any:
    """Of all wallets, or with `wallet_id` what is held on its path, in it, and below it. Nothing is bought there until
    then; what is held can be sold. A limit that is changed so that it would not begin now ends it."""
    owner_id = owner_of(request)
    if narrow.wallet_id is not None:
        get_wallet(owner_id=owner_id, wallet_id=narrow.wallet_id)
    return held_back(owner_id=owner_id, wallet_id=narrow.wallet_id)


@router.get(
    "/wallets/{uuid:wallet_id}/limits", response=LimitsOut, summary="A wallet's limits and what its path allows"
)
def get_wallet_limits(request: HttpRequest, wallet_id: UUID) -> Any:
    path = limits.wallet_limits(owner_id=owner_of(request), wallet_id=wallet_id)
    return limits_out(limits.with_use(path))


@router.put("/wallets/{uuid:wallet_id}/limits", auth=LIMITS, response=LimitsOut, summary="Set a wallet's limits")
def put_wallet_limits(request: HttpRequest, wallet_id: UUID, body: LimitsIn) -> Any:
    _set_limits(limits.wallet_limits(owner_id=owner_of(request), wallet_id=wallet_id), body)
    return get_wallet_limits(request, wallet_id)


@router.get(
    "/connections/{uuid:connection_id}/limits", response=LimitsOut, summary="A connection's limits, for all its wallets"
)
def get_connection_limits(request: HttpRequest, connection_id: UUID) -> Any:
    path = limits.connection_limits(owner_id=owner_of(request), connection_id=connection_id)
    return limits_out(limits.with_use(path))


@router.put(
    "/connections/{uuid:connection_id}/limits",
    auth=LIMITS,
    response=LimitsOut,
    summary="Set a connection's limits",
)
def put_connection_limits(request: HttpRequest, connection_id: UUID, body: LimitsIn) -> Any:
    _set_limits(limits.connection_limits(owner_id=owner_of(request), connection_id=connection_id), body)
    return get_connection_limits(request, connection_id)


def _set_limits(path: LimitPath, body: LimitsIn) -> None:
    symbols = None if body.allowed_symbols is None else {symbol.strip().upper() for symbol in body.allowed_symbols}
    if unknown := sorted((symbols or set()) - set(path.choices)):
        raise InvalidInputError(
            f"Choose other symbols: the venue does not list {', '.join(unknown)}.",
            fields={"allowed_symbols": "Not listed at the venue."},
        )
    sent = body.sent()
    caps = {field.name: sent.get(field.name, getattr(path.own, field.name)) for field in fields(Caps)}
    services.set_limits(
        on=path.target,
        allowed_symbols=symbols,
        maximum_notional=body.maximum_notional,
        notional_asset=body.notional_asset,
        maximum_daily_loss=sent.get("maximum_daily_loss", path.own.maximum_daily_loss),
        caps=Caps(**caps),
    )
