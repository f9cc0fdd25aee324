"""The nightly proof: recompute the books from their rows and tell people when they contradict themselves.

It is done in turns of some minutes, each of which goes on where the last one left off or was killed.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import astuple
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connections, transaction
from django.db.models import Q, Sum

from kit import clock, tenancy
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, raise_platform_alert, resolve_alert, resolve_platform_alert
from kit.sentences import moment, quoted
from wallets.ledger.checks import CHECKS
from wallets.ledger.verify import AssetSum, Found, Part, Report, verify
from wallets.models import Account, LedgerProof, ProofRun

ALERT: Final = "ledger"
UNFINISHED: Final = f"{ALERT}:unfinished"
# A turn of a worker at the proof of all books, which may need many.
TURN: Final = timedelta(minutes=4)
# How long nobody may have been heard of at it, how long it may take, and how often there is one at least.
SILENCE: Final = timedelta(minutes=15)
LATE: Final = timedelta(hours=2)
EVERY: Final = timedelta(hours=25)
_WORDS: Final = {
    "title": "The books contradict themselves",
    "body": "{said} Stop trading on them and keep the database as it is until this is explained.",
}
logger = logging.getLogger(__name__)


def prove_ledger(*, at_most: timedelta = TURN) -> Report | None:
    """Go on with the proof of all books, or begin one; None while another worker does.

    After `at_most` it leaves off at a part's end (the report is not whole then), and the next call goes on there. When
    it is whole, operators and the owners concerned get a critical alert of a contradiction; one of an earlier proof is
    resolved once the books prove themselves again.
    """
    with connections[tenancy.SYSTEM_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [ALERT])
        if not cursor.fetchone()[0]:
            return None
    try:
        return _go_on(at_most)
    finally:
        with connections[tenancy.SYSTEM_DB_ALIAS].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [ALERT])


def watch() -> bool:
    """Whether a proof has to be begun or gone on with; one that does not come to its end is an alert to operators."""
    now = clock.now()
    with tenancy.system():
        newest = ProofRun.objects.first()
        if newest is None:
            return Account.objects.exists()
        if newest.finished_at is not None:
            return now - newest.started_at > EVERY
        if now - newest.started_at > LATE:
            raise_platform_alert(
                key=UNFINISHED,
                level=Alert.Level.CRITICAL,
                title="The proof of the books does not come to its end",
                body="It began at {at} and was last heard of at {heard}. It is tried again; the workers' log says why.",
                at=moment(newest.started_at),
                heard=moment(newest.told_at),
            )
        return now - newest.told_at > SILENCE


def prove_own(*, owner_id: UUID) -> LedgerProof:
    """Verify one owner's books now and write down what came of it; a contradiction is a critical alert."""
    began = time.perf_counter()
    report = verify(owner_id=owner_id)
    with tenancy.tenant(owner_id):
        _tell(owner_id, report.contradiction)
        return LedgerProof.objects.create(
            owner_id=owner_id,
            checked_at=report.checked_at,
            entries=report.entries,
            seconds=round(time.perf_counter() - began, 3),
            contradiction=report.contradiction or "",
            found=_kept(report.found),
        )


def sums(*, owner_id: UUID) -> list[AssetSum]:
    """Each asset over all accounts of the owner, which is zero in sound books, and over the wallets alone."""
    rows = Account.objects.filter(owner_id=owner_id, version__gt=0).order_by("asset").values("asset")
    in_wallets = Sum("balance", filter=Q(kind=Account.Kind.WALLET), default=Decimal(0))
    found = rows.annotate(total=Sum("balance"), wallets=in_wallets)
    return [AssetSum(row["asset"], row["total"], row["wallets"]) for row in found]


def _tell(owner_id: UUID, contradiction: str | None) -> None:
    if contradiction is None:
        resolve_alert(owner_id=owner_id, key=ALERT)
    else:
        raise_alert(owner_id=owner_id, key=ALERT, level=Alert.Level.CRITICAL, said=quoted(contradiction), **_WORDS)


def _go_on(at_most: timedelta) -> Report:
    now, ends = clock.now(), time.monotonic() + at_most.total_seconds()
    with tenancy.system():
        run = ProofRun.objects.filter(finished_at=None).first()
        run = run or ProofRun.objects.create(started_at=now, told_at=now)
    found = {one.check: one for one in found_of(run.found)}

    def told(part: Part, number: int, of: int, so_far: Mapping[str, Found]) -> None:
        run.after, run.found, run.told_at = astuple(part), _kept(so_far.values()), clock.now()
        run.save(using=tenancy.SYSTEM_DB_ALIAS)

    after = Part(*run.after) if run.after else None
    report = verify(after=after, found=found, told=told, is_over=lambda: time.monotonic() >= ends)
    if report.is_whole:
        _finish(run, report)
    return report


def _finish(run: ProofRun, report: Report) -> None:
    with tenancy.system():
        owners = list(Account.objects.values_list("owner_id", flat=True).distinct())
        alerted = set(Alert.objects.unresolved().filter(key=ALERT).values_list("owner_id", flat=True))
    failed = {one.check for one in report.found if one.said}
    theirs = {pk: verify(owner_id=pk, only=failed) for pk in owners} if failed else {}
    wrong = {pk: own.contradiction for pk, own in theirs.items() if own.contradiction}
    if report.contradiction is None:
        resolve_platform_alert(key=ALERT)
    else:
        logger.critical("The ledger contradicts itself: %s", report.contradiction)
        raise_platform_alert(key=ALERT, level=Alert.Level.CRITICAL, said=quoted(report.contradiction), **_WORDS)
    resolve_platform_alert(key=UNFINISHED)
    for user_id in {*alerted, *wrong}:
        with tenancy.tenant(user_id):
            _tell(user_id, wrong.get(user_id))
    with tenancy.system(), transaction.atomic(using=tenancy.SYSTEM_DB_ALIAS):
        counted = Account.objects.order_by().values_list("owner_id").annotate(Sum("version"))
        LedgerProof.objects.bulk_create(
            LedgerProof(
                owner_id=owner_id,
                checked_at=report.checked_at,
                entries=entries,
                contradiction=wrong.get(owner_id) or "",
                found=_kept([one for one in report.found if not one.said] + list(_found(theirs.get(owner_id)))),
            )
            for owner_id, entries in counted
        )
        run.finished_at, kept = clock.now(), timedelta(days=settings.PROOF_DAYS)
        run.save(using=tenancy.SYSTEM_DB_ALIAS)
        ProofRun.objects.filter(started_at__lt=run.started_at - kept).delete()
        LedgerProof.objects.filter(checked_at__lt=report.checked_at - kept).delete()


def _found(report: Report | None) -> tuple[Found, ...]:
    return report.found if report else ()


def _kept(found: Iterable[Found]) -> list[dict[str, str]]:
    return [{"check": one.check, "at": one.at.isoformat(), "said": one.said} for one in found]


def found_of(kept: Iterable[Mapping[str, str]]) -> list[Found]:
    """What was written down of checks, of those that there still are."""
    rows = (Found(row["check"], datetime.fromisoformat(row["at"]), row["said"]) for row in kept)
    return [row for row in rows if row.check in CHECKS]
