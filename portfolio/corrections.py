"""The past worked out anew: values that are missing, and those from the moment on at which a trade was told late.

A value that is put between two others changes neither: what it tells of flows and corrections of the books is taken out
of the one after it. Where money flowed in between, the time-weighted index gets finer by it, and what follows grows
from there. Each moment leaves a history that holds together, so a correction may be cut off anywhere and goes on from
`done_to`. Nothing is put after the newest value: what happens from there on is told by the next.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Max, Min

from kit import clock, days, tenancy
from kit.live.publish import publish
from kit.users.models import User
from portfolio import daily, history
from portfolio.models import Correction, DailyPerformance, PortfolioState, Snapshot
from portfolio.retention import kept_from
from portfolio.selectors.periods import EPOCH
from portfolio.valuation import SAYS_A_VALUE
from trading.models import Fill
from wallets.models import Transfer, Wallet

# Moments of one transaction: while they are written, nothing else of the owner is valued.
AT_ONCE: Final = 20
# A trade that is told sooner is as good as at once: values lie five minutes apart.
LATE: Final = timedelta(minutes=1)
SAME: Final = 1e-12

# The value after the one at `at`: what that tells now, this one does not tell any more.
_FOLLOW: Final = f"""
WITH told AS (
    SELECT scope, base, at, equity, flows, twr_index, adjustments FROM portfolio_snapshot
    WHERE scope = ANY(%(scopes)s) AND base = ANY(%(bases)s) AND at = %(at)s
),
following AS (
    SELECT next.id, next.at, next.twr_index AS index_before, next.flows - told.flows AS flow,
           told.adjustments - coalesce(said.adjustments, 0) AS adjusted, told.equity AS equity_before,
           told.twr_index AS told_index
    FROM told
    LEFT JOIN unnest(%(said_scopes)s::uuid[], %(said_bases)s::text[], %(said)s::numeric[])
        AS said (scope, base, adjustments) USING (scope, base)
    CROSS JOIN LATERAL (
        SELECT id, at, flows, twr_index FROM portfolio_snapshot AS later
        WHERE later.scope = told.scope AND later.base = told.base AND later.at > told.at AND {SAYS_A_VALUE}
        ORDER BY at LIMIT 1
    ) AS next
)
UPDATE portfolio_snapshot AS later
SET flow = following.flow, adjustments = later.adjustments - following.adjusted,
    twr_index = CASE
        WHEN following.equity_before + greatest(following.flow, 0) > 0 THEN portfolio_index(
            following.told_index,
            (later.equity - least(following.flow, 0)) / (following.equity_before + greatest(following.flow, 0))
        )
        ELSE following.told_index
    END
FROM following
WHERE later.id = following.id AND later.at = following.at AND later.at > %(at)s
RETURNING later.scope, later.base, later.at, later.twr_index, following.index_before
"""  # noqa: S608 - joined from constants
# What follows, as far as the index does not begin anew after a total loss.
_GROW: Final = """
UPDATE portfolio_snapshot AS later
SET twr_index = twr_index * %(factor)s
WHERE scope = %(scope)s AND base = %(base)s AND at > %(at)s AND at < coalesce((
    SELECT at FROM portfolio_snapshot
    WHERE scope = %(scope)s AND base = %(base)s AND at > %(at)s AND twr_index = 0 ORDER BY at LIMIT 1
), 'infinity')
"""
_SAID: Final = """
SELECT scope, base, adjustments, flows, fees, twr_index FROM portfolio_snapshot
WHERE scope = ANY(%(scopes)s) AND base = ANY(%(bases)s) AND at = %(at)s
"""
# A history that another now stands before: what it had brought in is what had come by then.
_SHIFT: Final = """
UPDATE portfolio_snapshot SET flows = flows + %(flows)s, fees = fees + %(fees)s
WHERE scope = %(scope)s AND base = %(base)s AND at > %(at)s
"""


@dataclass(slots=True)
class Outcome:
    """What became of some moments: how many values were written, which moments were left out, and what had no price."""

    written: int = 0
    skipped: int = 0
    unpriced: set[str] = field(default_factory=set)


def find_late(*, owner_id: UUID) -> Sequence[Correction]:
    """Ask for a correction wherever a trade was told after values that it belongs before. Runs as the tenant."""
    state, _ = PortfolioState.objects.select_for_update().get_or_create(owner_id=owner_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT oldest_running()::text")
        oldest = int(cursor.fetchone()[0])
    since, state.fills_to = state.fills_to, oldest
    if since == oldest:
        return ()
    state.save(update_fields=("fills_to",))
    if since is None or since > oldest:  # the first look, or a database that was restored on another server
        return ()
    late = (
        Fill.objects.filter(owner_id=owner_id, written__gte=since, written__lt=oldest)
        .filter(filled_at__lt=F("posting__created_at") - LATE)
        .order_by()
        .values("wallet_id")
        .annotate(first=Min("filled_at"), last=Max("posting__created_at"))
    )
    return [
        Correction.objects.create(
            owner_id=owner_id, kind=Correction.Kind.LATE, wallet_id=one["wallet_id"], since=one["first"],
            until=one["last"], created_at=clock.now(),
        )
        for one in late
        if _values(owner_id).filter(at__gte=one["first"], at__lt=one["last"]).exists()
    ]  # fmt: skip


def request_work(*, owner_id: UUID) -> None:
    """Have a worker go on with what is to be corrected, once this transaction is committed."""
    if Correction.objects.filter(owner_id=owner_id, finished_at=None).exists():
        transaction.on_commit(
            lambda: current_app.send_task(
                "portfolio.tasks.correct", args=(str(owner_id),), expires=settings.SYNC_SECONDS
            ),
            robust=True,
        )


def are_under_way() -> bool:
    """Whether values are being put into anybody's past. Runs as the system."""
    return Correction.objects.filter(kind=Correction.Kind.FILL, finished_at=None).exists()


def fill(*, owner_id: UUID, since: datetime, until: datetime, step: timedelta) -> Correction:
    """Ask for the values that are missing between two moments, or the one that was asked for already. As the tenant."""
    asked = {"kind": Correction.Kind.FILL, "since": since, "until": until, "step": step, "finished_at": None}
    known = Correction.objects.filter(owner_id=owner_id, **asked).first()
    return known or Correction.objects.create(owner_id=owner_id, created_at=clock.now(), **asked)


def work(*, owner_id: UUID, at_once: int = AT_ONCE) -> Correction | None:
    """The next part of the oldest correction that is not finished; None where there is none.

    A transaction of its own; runs outside of any tenant block.
    """
    with tenancy.tenant(owner_id):
        PortfolioState.objects.select_for_update().get_or_create(owner_id=owner_id)  # one at a time
        asked = Correction.objects.filter(owner_id=owner_id, finished_at=None).order_by("created_at", "pk").first()
        if asked is None:
            return None
        closes = asked.kind == Correction.Kind.CLOSE
        moments = _midnights(asked, zone_of(owner_id), at_once) if closes else _moments(asked, at_once)
        outcome = write(
            owner_id=owner_id,
            moments=moments,
            only=_path(asked.wallet_id) if asked.wallet_id else None,
            joins=asked.joins_at,
            closes=closes,
        )
        asked.written += outcome.written
        asked.skipped += outcome.skipped
        asked.unpriced = sorted({*asked.unpriced, *outcome.unpriced})
        asked.done_to = moments[-1] if moments else asked.until
        if len(moments) < at_once:
            _roll_up(asked)
            asked.finished_at = clock.now()
            publish(owner_id=owner_id, event="portfolio", data={"at": clock.now()})
        asked.save()
    return asked


def ask_to_close(*, owner_id: UUID, since: date | None) -> Correction | None:
    """Ask for what everything was worth right before the midnights from the day `since` on, where it is missing.

    Without a day as far back as snapshots are kept. Runs as the tenant.
    """
    zone = zone_of(owner_id)
    begins = days.begins(since, zone) if since else EPOCH
    span = _values(owner_id).filter(at__gte=max(begins, kept_from()[0])).aggregate(Min("at"), Max("at"))
    if span["at__min"] is None:
        return None
    asked = Correction(
        owner_id=owner_id, kind=Correction.Kind.CLOSE, since=span["at__min"], until=span["at__max"],
        created_at=clock.now(),
    )  # fmt: skip
    if not _midnights(asked, zone, 1):
        return None
    asked.save()
    return asked


def close_yesterday(*, owner_id: UUID) -> None:
    """Write at once what everything was worth right before the owner's last midnight, where that is missing: a day that
    has just become theirs begins there. Runs as the tenant."""
    PortfolioState.objects.select_for_update().get_or_create(owner_id=owner_id)  # one at a time
    zone = zone_of(owner_id)
    yesterday = days.begins(days.day_of(clock.now(), zone) - timedelta(days=1), zone)
    span = _values(owner_id).aggregate(Min("at"), Max("at"))
    if span["at__min"] is not None:
        asked = Correction(owner_id=owner_id, since=max(yesterday, span["at__min"]), until=span["at__max"])
        write(owner_id=owner_id, moments=_midnights(asked, zone, 1), closes=True)


def _midnights(asked: Correction, zone: ZoneInfo, most: int) -> list[datetime]:
    """The last instants of days between its values that have none of their own."""
    after = asked.done_to or asked.since
    first, last = days.day_of(after + days.INSTANT, zone), days.day_of(asked.until, zone)
    closes = [days.ends(first + timedelta(days=number), zone) - days.INSTANT for number in range((last - first).days)]
    there = set(_values(asked.owner_id).filter(at__in=closes).values_list("at", flat=True))
    return [at for at in closes if after < at < asked.until and at not in there][:most]


def write(
    *,
    owner_id: UUID,
    moments: Sequence[datetime],
    only: Collection[UUID] | None = None,
    joins: datetime | None = None,
    closes: bool = False,
) -> Outcome:
    """Write the values of these moments, oldest first, each with what follows from it. Runs as the tenant.

    A moment at which something held has no price is left out, and where it `closes` a day one with an old price too:
    the last value before stays the close then. The history that begins at `joins` is put behind what is written before.
    """
    outcome = Outcome()
    if not moments:
        return outcome
    if blind := history.unknown_derivatives(owner_id=owner_id):
        return Outcome(skipped=len(moments), unpriced=set(blind))
    known = _values(owner_id)
    currency = User.objects.values_list("base_currency", flat=True).get(pk=owner_id)
    opened = known.filter(at__lt=moments[0]).order_by("-at").values_list("at", flat=True).first()
    past = history.Past(
        owner_id=owner_id,
        currency=currency,
        first=opened or moments[0],
        until=moments[-1],
        now=None if closes else clock.now(),
        only=only,
    )
    wallets = Wallet.objects.filter(owner_id=owner_id)
    given: dict[str, Any] = {
        "scopes": [*(wallets.values_list("pk", flat=True) if only is None else only), owner_id],
        "bases": sorted({currency, *wallets.values_list("base_asset", flat=True)}),
    }
    marked = None
    for at in moments:
        before = known.filter(at__lt=at).order_by("-at").values_list("at", flat=True).first()
        if before is not None and before != marked:
            past.mark(before)
        prices = past.lead_to(at)
        outcome.unpriced |= prices.missing | (prices.old if closes else frozenset())
        if prices.missing or (closes and prices.old):
            outcome.skipped += 1
            continue
        with connection.cursor() as cursor:
            cursor.execute("SELECT portfolio_ensure_partition(%s)", [at.date()])
        said = _rows(_SAID, given, at)
        outcome.written += past.write(at, prices)
        marked = at
        if joins is None or at > joins:
            _follow(given | {"at": at}, [(scope, base, row[0]) for (scope, base), row in said.items()])
        elif at == joins:
            _join(given, at, said)
    return outcome


def _join(given: dict[str, Any], at: datetime, said: Mapping[tuple[UUID, str], tuple[Any, ...]]) -> None:
    """What the history that began at `at` says goes on from what stands before it now."""
    for (scope, base), (_, flows, fees, index) in _rows(_SAID, given, at).items():
        if (before := said.get((scope, base))) is None:
            continue
        _, flows_before, fees_before, index_before = before
        moved: dict[str, Any] = {"scope": scope, "base": base, "at": at}
        with connection.cursor() as cursor:
            cursor.execute(_SHIFT, moved | {"flows": flows - flows_before, "fees": fees - fees_before})
            if index > 0 and index_before > 0:
                cursor.execute(_GROW, moved | {"factor": index / index_before})


def _follow(given: dict[str, Any], said: Sequence[tuple[Any, ...]]) -> None:
    names = ("said_scopes", "said_bases", "said")
    told = {name: [row[place] for row in said] for place, name in enumerate(names)}
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, given | told)
        for scope, base, at, index, before in cursor.fetchall():
            if before > 0 and index > 0 and abs(index / before - 1) > SAME:
                cursor.execute(_GROW, {"scope": scope, "base": base, "at": at, "factor": index / before})


def _rows(statement: str, given: dict[str, Any], at: datetime) -> dict[tuple[UUID, str], tuple[Any, ...]]:
    """What each history says at the moment, by scope and base."""
    with connection.cursor() as cursor:
        cursor.execute(statement, given | {"at": at})
        return {(scope, base): tuple(row) for scope, base, *row in cursor.fetchall()}


def _values(owner_id: UUID) -> Any:
    """The snapshots of all the owner's wallets together: one of each moment."""
    currency = User.objects.values_list("base_currency", flat=True).get(pk=owner_id)
    return Snapshot.objects.filter(scope=owner_id, base=currency)


def _path(wallet_id: UUID) -> list[UUID]:
    """The wallet and those above it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT wallet_id FROM wallet_path(%s) WHERE wallet_id IS NOT NULL", [wallet_id])
        return [pk for (pk,) in cursor.fetchall()]


def _moments(asked: Correction, most: int) -> list[datetime]:
    """Where the correction goes on: at the values there are, or where one is missing between two of them.

    A history of which only hours or days are kept goes no further back than its snapshots do. One that begins, as that
    in a base currency of now, is put behind what is missing before it: the value it began with is told anew then.
    """
    known = _values(asked.owner_id).order_by("at").values_list("at", flat=True)
    first, last = known.first(), known.last()
    after = asked.done_to or asked.since - days.INSTANT
    if first is None or last is None:
        return []
    if asked.step is None:
        return list(known.filter(at__gt=after, at__lt=asked.until)[:most])
    if asked.done_to is None and not _reaches_before(asked.owner_id, first):
        asked.joins_at = first if asked.since < first else None
    if asked.joins_at is None:
        after = max(after, first)
    else:
        booked = Transfer.objects.filter(owner_id=asked.owner_id).aggregate(Min("created_at"))["created_at__min"]
        after = max(after, booked - asked.step) if booked else last
    until = min(asked.until, last)
    there = list(known.filter(at__gt=after - asked.step, at__lte=until + asked.step))
    return list(islice(_missing(there, after, until, asked.step, asked.joins_at), most))


def _missing(
    there: Sequence[datetime], after: datetime, until: datetime, step: timedelta, joins: datetime | None
) -> Iterator[datetime]:
    """Every `step` a moment that is not near one of those there are, and the one that is joined."""
    at = EPOCH + ((after - EPOCH) // step + 1) * step
    while at <= until or (joins is not None and after < joins <= until):
        if joins is not None and after < joins <= at:
            yield joins
            after, joins = joins, None
            continue
        place = bisect_left(there, at)
        near = there[max(place - 1, 0) : place + 1]
        if at <= until and all(abs(one - at) >= step for one in near):
            yield at
        at += step


def _reaches_before(owner_id: UUID, first: datetime) -> bool:
    """Whether days of the history are known that have no snapshots any more."""
    rows = DailyPerformance.objects.filter(scope=owner_id, closed_at__lt=first).in_the_base_of_now()
    return rows.exists()


def _roll_up(asked: Correction) -> None:
    if asked.written:
        zone = zone_of(asked.owner_id)
        daily.roll_up(owner_id=asked.owner_id, since=days.day_of(asked.since, zone), zone=zone)


def zone_of(owner_id: UUID) -> ZoneInfo:
    """Where the owner's days begin."""
    return ZoneInfo(User.objects.values_list("timezone", flat=True).get(pk=owner_id))
