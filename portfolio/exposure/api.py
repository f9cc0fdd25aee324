"""Exposure and its limits for programs. The same readings and services as the page."""

from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from kit import clock
from kit.http import owner_of
from kit.users.access import LIMITS
from portfolio import valuation
from portfolio.exposure import limits
from portfolio.exposure.measuring import Exposure, Slice, read_exposure
from portfolio.exposure.schemas import ExposureLimitsIn, ExposureLimitsOut, ExposureOut
from portfolio.exposure.standing import rows_of

router = Router()

SLICES: Final = ("by_asset", "by_instrument", "by_venue", "by_farm", "by_agent", "by_side")


@router.get("/exposure", response=ExposureOut, summary="What would move with the market, how much of it, and where")
def get_exposure(request: HttpRequest, wallet_id: UUID | None = None) -> Any:
    """Of one wallet with everything below it, or of all together; with the limits of that scope."""
    owner_id = owner_of(request)
    found = _exposure(owner_id, wallet_id)
    known = limits.limits_of(owner_id=owner_id, wallet_id=wallet_id)
    is_known = found.now.is_known
    return {
        **{name: getattr(found.now, name) for name in ("at", "base", "is_stale")},
        "unpriced": list(found.unpriced),
        "equity": found.now.equity if is_known else None,
        "gross_exposure": found.gross if is_known else None,
        "net_exposure": found.net if is_known else None,
        "leverage": found.leverage,
        "carried": found.carried,
        "stable": found.stable,
        "concentration": {
            "largest": found.largest.name if found.largest else None,
            "largest_share": found.largest_share,
            "herfindahl": found.herfindahl,
        },
        **{name: [_slice(one, found) for one in getattr(found, name)] for name in SLICES},
        "limits": rows_of(limits.standings_of(known, found)),
    }


@router.get("/exposure-limits", response=ExposureLimitsOut, summary="Limits of exposure, and how near each is")
def get_exposure_limits(request: HttpRequest, wallet_id: UUID | None = None) -> Any:
    """Those of a master or, without one, of all wallets together."""
    owner_id = owner_of(request)
    found = _exposure(owner_id, wallet_id)
    known = limits.limits_of(owner_id=owner_id, wallet_id=wallet_id)
    return {"limits": known, "levels": rows_of(limits.standings_of(known, found))}


@router.put(
    "/exposure-limits", auth=LIMITS, response=ExposureLimitsOut, summary="Replace the limits of exposure of a scope"
)
def put_exposure_limits(request: HttpRequest, body: ExposureLimitsIn, wallet_id: UUID | None = None) -> Any:
    """Those that are not named are removed; one that stays as it is keeps its level. They apply at once."""
    wishes = [
        limits.Wish(one.kind, one.limit, one.subject, one.margin, one.action, one.recovers) for one in body.limits
    ]
    limits.replace_limits(owner_id=owner_of(request), wallet_id=wallet_id, wishes=wishes)
    return get_exposure_limits(request, wallet_id)


@router.post(
    "/exposure-limits/{limit_id}/release",
    auth=LIMITS,
    response=ExposureLimitsOut,
    summary="Give back the wallets that a limit holds",
)
def release_exposure_limit(request: HttpRequest, limit_id: UUID) -> Any:
    """They get the state they had before, though the limit may still be broken; a new breach holds them again."""
    limits.release(owner_id=owner_of(request), limit_id=limit_id)
    return get_exposure_limits(request, limits.find_limit(owner_id=owner_of(request), limit_id=limit_id).wallet_id)


def _exposure(owner_id: UUID, wallet_id: UUID | None) -> Exposure:
    return read_exposure(valuation.parameters(owner_id=owner_id, at=clock.now(), only=wallet_id or owner_id))


def _slice(one: Slice, whole: Exposure) -> dict[str, Any]:
    names = ("key", "name", "long", "short", "gross", "net", "value")
    return {**{name: getattr(one, name) for name in names}, "share": whole.share(one.gross)}
