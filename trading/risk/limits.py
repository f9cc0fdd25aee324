"""What the user allows on a connection or a wallet."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from kit import clock
from kit.audit import services as audit
from kit.errors import InvalidInputError
from kit.statements import planned_once
from kit.users.models import User
from markets.assets import require_named
from markets.models import Instrument
from markets.prices import Quote, price_in, prices_in
from trading.models import RiskLimit
from trading.risk import daily_loss, locks
from trading.risk import gate as risk
from trading.risk.sizing import UNIT
from wallets.models import Connection, Wallet


def set_limits(
    *,
    on: Connection | Wallet,
    allowed_symbols: Iterable[str] | None,
    maximum_notional: Decimal | None,
    notional_asset: str = "",
    maximum_daily_loss: Decimal | None = None,
    caps: risk.Caps | None = None,
) -> RiskLimit:
    """Replace the limits of a connection or a wallet.

    `allowed_symbols` such as "BTC/USDT": an empty list allows none, None says nothing here. `maximum_notional` is per
    order and counted in `notional_asset`, by default the owner's base currency, whatever market is bought: the gate
    converts it at the market's prices. None says nothing here. `maximum_daily_loss` is a fraction, see `daily_loss`.
    `caps` replace the others; None leaves them as they are.
    Raises InvalidInputError for a notional that is not positive or an asset that no price leads from to the base
    currency, because nobody could tell what such a limit allows, and for a loss that is no fraction.
    """
    if maximum_notional is not None and not (maximum_notional.is_finite() and maximum_notional > 0):
        raise InvalidInputError(
            "Give a maximum notional above zero, or none.", fields={"maximum_notional": "Must be above zero."}
        )
    if maximum_daily_loss is not None and not 0 < maximum_daily_loss <= 1:
        raise InvalidInputError(
            "Give a daily loss above 0 and up to 100 %, or none.",
            fields={"maximum_daily_loss": "Must be above 0 and up to 100 %."},
        )
    if caps is None:
        caps = caps_of(RiskLimit.objects.filter(owner_id=on.owner_id, **_target(on)).first())
    _require_caps(caps)
    counts = maximum_notional is not None or caps.maximum_position is not None
    asset = _counted_in(notional_asset.strip().upper(), on) if counts else ""
    symbols = None if allowed_symbols is None else sorted({symbol.strip().upper() for symbol in allowed_symbols})
    target = _target(on)
    after = {
        "allowed_symbols": symbols,
        "maximum_notional": maximum_notional,
        "notional_asset": asset,
        "maximum_daily_loss": maximum_daily_loss,
        **asdict(caps),
    }
    silence = dict.fromkeys(after) | asdict(risk.NO_CAPS) | {"notional_asset": ""}
    with transaction.atomic():
        kept = RiskLimit.objects.select_for_update().filter(owner_id=on.owner_id, **target).first()
        before = {name: getattr(kept, name) for name in after} if kept else silence
        if kept is not None and kept.lost is not None and not _rests_on(kept.lost, maximum_daily_loss):
            daily_loss.end(kept)
        limit, _ = RiskLimit.objects.update_or_create(
            owner_id=on.owner_id, **target, defaults={**after, "updated_at": clock.now()}
        )
        locks.end_what_is_allowed(limit)
    audit.record_change(
        audit.Area.LIMITS, "Limits changed", owner_id=on.owner_id, subject=on.name, before=before, after=after
    )
    return limit


def _target(on: Connection | Wallet) -> dict[str, Any]:
    return {"connection": on} if isinstance(on, Connection) else {"wallet": on}


def caps_of(limit: Any) -> risk.Caps:
    """What a row says beyond markets, order and day."""
    return risk.NO_CAPS if limit is None else risk.Caps(*(getattr(limit, field.name) for field in fields(risk.Caps)))


def _require_caps(caps: risk.Caps) -> None:
    """Raise InvalidInputError, by field, for what is no limit."""
    problems = {}
    if caps.maximum_position is not None and not (caps.maximum_position.is_finite() and caps.maximum_position > 0):
        problems["maximum_position"] = "Must be above zero."
    for name, most in (
        ("maximum_risk", 1),
        ("default_stop", Decimal("0.99999999")),
        ("default_target", 10),
        ("maximum_exposure", 1),
        ("maximum_distance", 1),
        ("maximum_correlated", 1),
        ("maximum_drawdown", 1),
        ("minimum_profit_factor", 1000),
    ):
        share = getattr(caps, name)
        if share is not None and not (share.is_finite() and 0 < share <= most):
            most_said = {
                "maximum_risk": "up to 100 %",
                "default_stop": "below 100 %",
                "default_target": "up to 1,000 %",
                "maximum_exposure": "up to 100 %",
                "maximum_distance": "up to 100 %",
                "maximum_correlated": "up to 100 %",
                "maximum_drawdown": "up to 100 %",
            }
            said = most_said.get(name)
            problems[name] = f"Must be above 0 % and {said}." if said else f"Must be above 0 and up to {most}."
    for name, least, longest in _COUNTS:
        count = getattr(caps, name)
        if count is not None and not least <= count <= longest:
            problems[name] = f"Must be {least} to {longest}."
    if problems:
        raise InvalidInputError("Correct the limits, or leave them empty.", fields=problems)


def _rests_on(lost: Decimal, maximum: Decimal | None) -> bool:
    """Whether what was lost today reaches the new maximum too."""
    return maximum is not None and lost >= maximum


def _counted_in(asset: str, on: Connection | Wallet) -> str:
    """The asset of an amount: the owner's base currency, one that the venue has a price for in it, or what a market of
    the venue is paid in, which needs no price."""
    base = base_currency(on)
    if asset in ("", base):
        return base
    require_named(asset, field="notional_asset")
    venue = on.venue if isinstance(on, Connection) else on.connection.venue
    is_paid_in = Instrument.objects.filter(venue=venue, quote=asset, is_active=True).exists()
    if not is_paid_in and price_in(asset=asset, base=base, venue=venue) is None:
        raise InvalidInputError(
            f"Set the limit in {base}, or in an asset that has a price in it: nobody at the venue says what {asset} "
            "is worth.",
            fields={"notional_asset": f"It has no price in {base}."},
        )
    return asset


def base_currency(on: Connection | Wallet) -> str:
    """What the owner counts in."""
    currency: str = User.objects.values_list("base_currency", flat=True).get(pk=on.owner_id)
    return currency


# What is counted, at least and at most.
_COUNTS: Final = (
    ("cooldown_bars", 1, 1000),
    ("lookback_days", 1, 365),
    ("lookback_trades", 2, 1000),
    ("lock_hours", 1, 8760),
)
_CAPS: Final = tuple(field.name for field in fields(risk.Caps))
# What is sent counts for so long.
RATED: Final = timedelta(minutes=1)
OPERATORS: Final = 1000
# Where a row of it, after its wallet and its step, says whose it is; an operator's word is nobody's.
_ID: Final = 10
# The last step of all is the operator's word for every account at the platform, where there is one.
_PATHS: Final = f"""
SELECT wanted.wallet_id, step.step, step.name, step.trading_state, own.allowed_symbols::text, own.maximum_notional,
       own.notional_asset, own.maximum_daily_loss, own.lost, own.rests_until,
       CASE WHEN own.maximum_open_positions IS NOT NULL
            THEN trading_open_below(step.wallet_id, step.connection_id) ELSE 0 END,
       CASE WHEN own.maximum_orders_per_minute IS NOT NULL
            THEN trading_sent_below(step.wallet_id, step.connection_id, %(since)s) ELSE 0 END,
       coalesce(step.wallet_id, step.connection_id),
       asked.exposure, asked.stop_distance, asked.target_distance, step.held_for,
       {", ".join(f"own.{name}" for name in _CAPS)}
FROM unnest(%(wallets)s::uuid[]) AS wanted (wallet_id)
CROSS JOIN LATERAL wallet_path(wanted.wallet_id) AS step
LEFT JOIN LATERAL (
    SELECT * FROM trading_risklimit WHERE wallet_id = step.wallet_id
    UNION ALL
    SELECT * FROM trading_risklimit WHERE connection_id = step.connection_id
) AS own ON true
LEFT JOIN LATERAL (
    SELECT * FROM trading_aistate WHERE wallet_id = step.wallet_id ORDER BY version DESC LIMIT 1
) AS asked ON asked.created_at <= %(now)s AND coalesce(asked.expires_at > %(now)s, true)
UNION ALL
SELECT place.wallet_id, {OPERATORS}, place.platform, 'active', NULL, own.maximum_notional, own.notional_asset, NULL,
       NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, '',
       {", ".join("own.maximum_distance" if name == "maximum_distance" else "NULL" for name in _CAPS)}
FROM wallet_places AS place JOIN trading_platformlimit AS own USING (platform_id)
WHERE place.wallet_id = ANY (%(wallets)s::uuid[])
ORDER BY 1, 2
"""  # noqa: S608 - the names of our own columns

Market = tuple[str, str]
"""A venue and an asset: where amounts are converted, and to what."""


def limits_on_path(*, wallet_id: UUID, venue: str = "", unit: str = "") -> tuple[risk.Limits, ...]:
    """The connection that the wallet trades through, then the wallet and all above it, each with what it says.

    With `unit`, an asset, the amounts are converted to it as well, at the prices of `venue`.
    """
    path = paths_of([wallet_id])[wallet_id]
    return converted(path, venue=venue, unit=unit) if unit else path


def limits_on_paths(markets: Mapping[UUID, Market]) -> dict[UUID, tuple[risk.Limits, ...]]:
    """The same of many wallets, each converted in its own market: one question, and one for each market's prices."""
    if connection.in_atomic_block:
        # Who counts open positions, or what was sent, takes turns with whoever may add to it too.
        counts = (
            Q(maximum_open_positions__isnull=False)
            | Q(maximum_orders_per_minute__isnull=False)
            | Q(maximum_correlated__isnull=False)
        )
        counted = RiskLimit.objects.filter(counts).order_by("pk")
        list(counted.select_for_update(no_key=True).values_list("pk", flat=True))
    paths = paths_of(list(markets))
    of_market: dict[Market, list[UUID]] = {}
    for wallet_id, market in markets.items():
        of_market.setdefault(market, []).append(wallet_id)
    found: dict[UUID, tuple[risk.Limits, ...]] = {}
    for (venue, unit), wallet_ids in of_market.items():
        prices = _prices((step for wallet_id in wallet_ids for step in paths[wallet_id]), venue=venue, unit=unit)
        found |= {wallet_id: _in_unit(paths[wallet_id], unit, prices) for wallet_id in wallet_ids}
    return found


def converted(path: Iterable[risk.Limits], *, venue: str, unit: str) -> tuple[risk.Limits, ...]:
    """The same steps, each with its maximum in `unit` at the prices of `venue`; None where one of them has no price."""
    steps = tuple(path)
    return _in_unit(steps, unit, _prices(steps, venue=venue, unit=unit))


def paths_of(wallet_ids: Sequence[UUID]) -> dict[UUID, tuple[risk.Limits, ...]]:
    """What stands on the path of each wallet, in its own units; takes no lock."""
    paths: dict[UUID, tuple[risk.Limits, ...]] = dict.fromkeys(wallet_ids, ())
    known: dict[UUID, risk.Limits] = {}  # what stands above many wallets is made once
    with planned_once(connection) as cursor:
        now = clock.now()
        cursor.execute(_PATHS, {"wallets": list(wallet_ids), "now": now, "since": now - RATED})
        for wallet_id, step, *row in cursor.fetchall():
            step_id = row[_ID]
            said = known.get(step_id) or _limits(*row, is_operators=step == OPERATORS)
            if step_id is not None:
                known[step_id] = said
            paths[wallet_id] += (said,)
    return paths


def counted_below(account: Connection) -> tuple[int, int]:
    """The positions that are or will be open at a connection, and the orders it sent within a minute, as `paths_of`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT trading_open_below(NULL, %s), trading_sent_below(NULL, %s, %s)",
            [account.pk, account.pk, clock.now() - RATED],
        )
        opened, sent = cursor.fetchone()
    return opened, sent


def _prices(steps: Iterable[risk.Limits], *, venue: str, unit: str) -> Mapping[str, Quote]:
    """What the assets that the steps count in are worth in `unit`, where they count in another."""
    foreign = {step.notional_asset for step in steps if step.notional_asset} - {unit}
    return prices_in(assets=foreign, base=unit, venue=venue) if foreign else {}


def _in_unit(steps: Iterable[risk.Limits], unit: str, prices: Mapping[str, Quote]) -> tuple[risk.Limits, ...]:
    def amount(most: Decimal | None, asset: str) -> Decimal | None:
        if most is None or asset == unit:
            return most
        quote = prices.get(asset)
        if quote is None or quote.is_carried:  # nobody says that price any more
            return None
        return (most * quote.price).quantize(UNIT, ROUND_DOWN)

    return tuple(
        replace(
            step,
            in_unit=amount(step.maximum_notional, step.notional_asset),
            position_in_unit=amount(step.caps.maximum_position, step.notional_asset),
        )
        if step.limits_an_amount
        else step
        for step in steps
    )


def _limits(
    name: str,
    state: str,
    symbols: str | None,
    notional: Decimal | None,
    asset: str | None,
    *others: Any,
    is_operators: bool,
) -> risk.Limits:
    listed = None if symbols is None else frozenset(json.loads(symbols))
    loss, others = others[:3], others[3:]
    opened, sent, step_id, exposure, stop, target, held_for, *caps = others
    said = risk.Limits(
        name, state, listed, notional, asset or "",
        caps=risk.NO_CAPS if all(value is None for value in caps) else risk.Caps(*caps),
        open_positions=opened, orders=sent, id=step_id,
        asked=risk.Asked(exposure, stop, target), held_for=held_for, is_operators=is_operators,
    )  # fmt: skip
    return told(said, *loss)


def told(
    limits: risk.Limits, maximum: Decimal | None, lost: Decimal | None, rests_until: datetime | None
) -> risk.Limits:
    """The same with what is said of a day's loss; a rest that is over is none."""
    if rests_until is None or rests_until <= clock.now():
        lost = rests_until = None
    if maximum is None and lost is None and limits.maximum_daily_loss is None and limits.lost is None:
        return limits  # of a thousand wallets few have such a limit
    return replace(limits, maximum_daily_loss=maximum, lost=lost, rests_until=rests_until)
