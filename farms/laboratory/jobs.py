"""The queue of the laboratory: who takes what up, who has it still, and how it ends.

Rows are the queue; Celery only wakes workers. A worker that takes a job up has a lease on it under a name of its own
and renews that with each step. A worker that died or hangs lets the lease run out, and another takes the job up; when
`MOST_ATTEMPTS` of them have, it has failed with a sentence. Whatever a worker writes, it writes only while it has the
job: one that was cancelled meanwhile, or given to another, raises `WithdrawnError`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID, uuid4

from celery import current_app
from django.conf import settings
from django.db import connections, transaction
from django.db.models import Max, Q
from django.db.models.functions import Coalesce

from farms.models import Backtest, Download, Job, Sweep, SweepBlock
from kit import clock, tenancy
from kit.errors import ConflictError
from kit.live.publish import publish
from kit.sentences import Told

# Longer than any step, that of the first backtest included, which compiles the kernel: a minute on a busy machine.
LEASE: Final = timedelta(seconds=240)
MOST_ATTEMPTS: Final = 3
# A worker that is told of work later than this has looked by itself.
WAKING_SECONDS: Final = 60
# In the order in which those of one owner are served: what is over in seconds does not wait behind a sweep.
KINDS: Final[Sequence[type[Job]]] = (Backtest, Sweep, Download, SweepBlock)
GAVE_UP: Final = (
    "Three workers took it up and none came to an end: choose a shorter time, coarser candles or fewer markets."
)
_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended('laboratory', 0))"

Kind = TypeVar("Kind", bound=Job)


class WithdrawnError(Exception):
    """The job is not this worker's any more: it was cancelled, or another worker has taken it up."""


def wake(workers: int = 1) -> None:
    """Tell so many workers, once this transaction is committed, that there is work in the laboratory."""

    def tell() -> None:
        for _ in range(min(workers, settings.LABORATORY_WORKERS)):
            current_app.send_task("farms.tasks.work_in_laboratory", expires=WAKING_SECONDS)

    transaction.on_commit(tell, robust=True)


def take() -> Job | None:
    """Take up the oldest job of the owner who was served longest ago; None where none waits.

    What has been taken up too often already fails here.
    """
    with tenancy.system(), transaction.atomic(using=tenancy.SYSTEM_DB_ALIAS):
        with connections[tenancy.SYSTEM_DB_ALIAS].cursor() as cursor:
            cursor.execute(_ONE_AT_A_TIME)
        # What was claimed while this one waited for its turn is held from now, not from before.
        now = clock.now()
        held = Q(status=Job.Status.RUNNING, claimed_until__gt=now, claimed_until__lte=now + LEASE)
        # The workers of `rest` have other things to do too: so many of them work here at the same time.
        if sum(kind._default_manager.filter(held).count() for kind in KINDS) >= settings.LABORATORY_WORKERS:
            return None
        for kind in KINDS:
            kind.workable().filter(~held, attempts__gte=MOST_ATTEMPTS).update(
                status=Job.Status.FAILED, error=GAVE_UP, finished_at=now, claim=None, claimed_until=None
            )
        waiting = [(place, job) for place, kind in enumerate(KINDS) for job in _next_of_each(kind, ~held)]
        if not waiting:
            return None
        _, job = min(waiting, key=lambda one: (_served_at(one[1].owner_id), one[0], one[1].created_at))
        job.status, job.claim, job.claimed_until = Job.Status.RUNNING, uuid4(), now + LEASE
        job.attempts += 1
        taken = {name: getattr(job, name) for name in ("status", "claim", "claimed_until", "attempts")}
        # Its owner may have cancelled it since it was looked at.
        is_ours = type(job)._default_manager.filter(~held, pk=job.pk, finished_at=None).update(**taken)
    return job if is_ours else None


def _next_of_each(kind: type[Job], free: Q) -> list[Job]:
    """The oldest job of each owner that is free."""
    return list(kind.workable().filter(free).order_by("owner_id", "created_at").distinct("owner_id"))


def _served_at(owner_id: UUID) -> datetime:
    """When a job of the owner's was last taken up or came to an end."""
    last = Max(Coalesce("finished_at", "claimed_until"))
    found = [kind._default_manager.filter(owner_id=owner_id).aggregate(at=last)["at"] for kind in KINDS]
    return max((at for at in found if at is not None), default=datetime.min.replace(tzinfo=UTC))


def hold(job: Kind) -> Kind:
    """The row, locked, as the owner's tenant and within its transaction; raises `WithdrawnError` unless it is ours."""
    found = (
        type(job)
        ._default_manager.select_for_update()
        .filter(pk=job.pk, claim=job.claim, status=Job.Status.RUNNING)
        .first()
    )
    if found is None:
        raise WithdrawnError
    return found


def advance(job: Job, progress: int, step: str) -> None:
    """Say how far it is and renew the lease."""
    with tenancy.tenant(job.owner_id):
        row = hold(job)
        row.progress, row.step, row.claimed_until = progress, step, clock.now() + LEASE
        row.save(update_fields=("progress", "step", "claimed_until"))
        _tell(row)


def release(job: Job, progress: int, step: str) -> None:
    """Leave it to whoever takes it up when it can go on; within the transaction that makes what it waits for."""
    row = hold(job)
    row.progress, row.step, row.attempts, row.claim, row.claimed_until = progress, step, 0, None, None
    row.save(update_fields=("progress", "step", "attempts", "claim", "claimed_until"))
    _tell(row)


def finish(job: Job) -> None:
    """End it well; within the transaction that writes what came of it."""
    _end(hold(job), Job.Status.DONE, "")


def fail(job: Job, why: Told) -> None:
    """End it with a sentence; what is not this worker's any more stays as it is."""
    with tenancy.tenant(job.owner_id):
        try:
            row = hold(job)
        except WithdrawnError:
            return
        _end(row, Job.Status.FAILED, why)


def cancel(kind: type[Kind], *, owner_id: UUID, job_id: UUID) -> Kind:
    """End it for its owner. Raises the model's DoesNotExist, ConflictError when it has come to another end."""
    job = kind._default_manager.select_for_update().get(owner_id=owner_id, pk=job_id)
    if job.status == Job.Status.CANCELLED:
        return job
    if not job.is_open:
        raise ConflictError("It is over already: there is nothing left to cancel.")
    _end(job, Job.Status.CANCELLED, "")
    return job


def _end(job: Job, status: Job.Status, why: Told) -> None:
    job.status, job.error, job.finished_at, job.step = status, why, clock.now(), ""
    job.progress = 100 if status == Job.Status.DONE else job.progress
    job.claim = job.claimed_until = None
    job.save(update_fields=("status", "error", "finished_at", "step", "progress", "claim", "claimed_until"))
    _tell(job)


def _tell(job: Job) -> None:
    data = {"id": job.pk, "status": job.status, "progress": job.progress}
    publish(owner_id=job.owner_id, event="laboratory", data=data)
