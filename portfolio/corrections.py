"""The past worked out anew: values that are missing, and those from the moment on at which a trade was told late.

A value that is put between two others changes neither: what it tells of flows and corrections of the books is taken out
of the one after it. Where money flowed in between, the time-weighted index gets finer by it, and what follows grows
from there. Each moment leaves a history that holds together, so a correction may be cut off anywhere and goes on from
`done_to`. Nothing is put after the newest value: what happens from there on is told by the next.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Max, Min

from kit import clock, days, tenancy
from kit.live.publish import publish
from kit.users.models import User
from portfolio import daily
from portfolio.models import Correction, DailyPerformance, PortfolioState, Snapshot
from portfolio.retention import kept_from
from portfolio.rewriting import CannotJoinError, Outcome, currency_of, values, write
from portfolio.selectors.periods import EPOCH
from portfolio.trees import Trees
from trading.models import Fill
from wallets.models import Transfer

# Moments of one transaction: while they are written, nothing else of the owner is valued.
AT_ONCE: Final = 20
# A trade that is told sooner is as good as at once: values lie five minutes apart.
LATE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)


def find_late(*, owner_id: UUID) -> Sequence[Correction]:
    """Ask for a correction wherever a trade was told after values that it belongs before. Runs as the tenant."""
    state = PortfolioState.held(owner_id)
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
        if values(owner_id).filter(at__gte=one["first"], at__lt=one["last"]).exists()
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
    kinds = (Correction.Kind.FILL, Correction.Kind.RESTATE)
    return Correction.objects.filter(kind__in=kinds, finished_at=None).exists()


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
        PortfolioState.held(owner_id)  # one at a time
        asked = Correction.objects.filter(owner_id=owner_id, finished_at=None).order_by("created_at", "pk").first()
        if asked is None:
            return None
        zone = zone_of(owner_id)
        if asked.kind == Correction.Kind.RESTATE:
            _restate(asked, _closes_before(asked, zone), is_last=True)
            return asked
        closes = asked.kind == Correction.Kind.CLOSE
        moments = _midnights(asked, zone, at_once) if closes else _moments(asked, at_once)
        outcome = write(
            owner_id=owner_id,
            moments=moments,
            only=Trees(owner_id=owner_id).ever_above(asked.wallet_id) if asked.wallet_id else None,
            joins=asked.joins_at,
            closes=closes,
        )
        _note(asked, outcome, moments[-1] if moments else asked.until, is_last=len(moments) < at_once)
    return asked


def _note(asked: Correction, outcome: Outcome, done_to: datetime, *, is_last: bool) -> None:
    asked.written += outcome.written
    asked.skipped += outcome.skipped
    asked.unpriced = sorted({*asked.unpriced, *outcome.unpriced})
    asked.done_to = done_to
    restates = asked.kind == Correction.Kind.RESTATE
    if (restates or is_last) and asked.written:
        zone = zone_of(asked.owner_id)
        since = days.day_of(done_to if restates else asked.since, zone)
        daily.roll_up(owner_id=asked.owner_id, since=since, zone=zone, only_whole=restates)
    if is_last:
        asked.finished_at = clock.now()
        publish(owner_id=asked.owner_id, event="portfolio", data={"at": clock.now()})
    changed = ("joins_at", "done_to", "finished_at", "written", "skipped", "unpriced")
    asked.save(update_fields=changed if asked.pk else None)


def ask_to_close(*, owner_id: UUID, since: date | None) -> Correction | None:
    """Ask for what everything was worth right before the midnights from the day `since` on, where it is missing.

    Without a day as far back as snapshots are kept. Runs as the tenant.
    """
    zone = zone_of(owner_id)
    begins = days.begins(since, zone) if since else EPOCH
    span = values(owner_id).filter(at__gte=max(begins, kept_from()[0])).aggregate(Min("at"), Max("at"))
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
    PortfolioState.held(owner_id)  # one at a time
    zone = zone_of(owner_id)
    yesterday = days.begins(days.day_of(clock.now(), zone) - timedelta(days=1), zone)
    span = values(owner_id).aggregate(Min("at"), Max("at"))
    if span["at__min"] is not None:
        asked = Correction(owner_id=owner_id, since=max(yesterday, span["at__min"]), until=span["at__max"])
        write(owner_id=owner_id, moments=_midnights(asked, zone, 1), closes=True)


def restate(*, owner_id: UUID) -> None:
    """Have the history of a base that is new begin where the owner's did, as far back as snapshots are kept: today at
    once, by the hour from its midnight on, the days before by their closes, when a worker comes to it. As the tenant.

    Nothing is done where what was held has no price of then, or where that is not known of derivatives.
    """
    began = values(owner_id).aggregate(at=Min("at"))["at"]
    others = Snapshot.objects.filter(scope=owner_id, at__gte=kept_from()[0])
    since = others.exclude(base=currency_of(owner_id)).aggregate(at=Min("at"))["at"]
    Correction.objects.filter(owner_id=owner_id, kind=Correction.Kind.RESTATE, finished_at=None).update(
        finished_at=clock.now()
    )
    if began is None or since is None or since >= began:
        return
    PortfolioState.held(owner_id)  # one at a time
    asked = Correction(
        owner_id=owner_id, kind=Correction.Kind.RESTATE, since=since, until=began, created_at=clock.now()
    )
    zone = zone_of(owner_id)
    opened = max(days.begins(days.day_of(began, zone), zone) - days.INSTANT, since)
    hours = (EPOCH + ((opened - EPOCH) // HOUR + 1 + number) * HOUR for number in range((began - opened) // HOUR + 1))
    _restate(asked, [opened, *(at for at in hours if at < began)], is_last=opened == since)


def _restate(asked: Correction, moments: Sequence[datetime], *, is_last: bool) -> None:
    """Put these moments before the history in the base of now, which goes on from them at once, and so do its days:
    there is no moment at which it tells of two beginnings."""
    began = values(asked.owner_id).aggregate(at=Min("at"))["at"]
    try:
        with transaction.atomic():
            outcome = write(owner_id=asked.owner_id, moments=[*moments, began], only=(), joins=began, closes=True)
    except CannotJoinError:
        outcome = Outcome(skipped=len(moments))
    # Where nothing was put there, what was held then has no price, and what lies before it has none either.
    _note(asked, outcome, moments[0], is_last=is_last or outcome.skipped >= len(moments))


def _closes_before(asked: Correction, zone: ZoneInfo) -> list[datetime]:
    """The first value of the owner's, and the closes of the days that lie before the history in the base of now."""
    until = values(asked.owner_id).aggregate(at=Min("at"))["at"]
    first, last = days.day_of(asked.since, zone), days.day_of(until, zone)
    closes = (days.ends(first + timedelta(days=number), zone) - days.INSTANT for number in range((last - first).days))
    return [asked.since, *(at for at in closes if asked.since < at < until)]


def _midnights(asked: Correction, zone: ZoneInfo, most: int) -> list[datetime]:
    """The last instants of days between its values that have none of their own."""
    after = asked.done_to or asked.since
    first, last = days.day_of(after + days.INSTANT, zone), days.day_of(asked.until, zone)
    closes = [days.ends(first + timedelta(days=number), zone) - days.INSTANT for number in range((last - first).days)]
    there = set(values(asked.owner_id).filter(at__in=closes).values_list("at", flat=True))
    return [at for at in closes if after < at < asked.until and at not in there][:most]


def _moments(asked: Correction, most: int) -> list[datetime]:
    """Where the correction goes on: at the values there are, or where one is missing between two of them.

    A history of which only hours or days are kept goes no further back than its snapshots do. One that begins, as that
    in a base currency of now, is put behind what is missing before it: the value it began with is told anew then.
    """
    known = values(asked.owner_id).order_by("at").values_list("at", flat=True)
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


def zone_of(owner_id: UUID) -> ZoneInfo:
    """Where the owner's days begin."""
    return ZoneInfo(User.objects.values_list("timezone", flat=True).get(pk=owner_id))
