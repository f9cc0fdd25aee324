"""A sweep carried out without the queue: where other work waits that is nobody's, or nothing is committed."""

from uuid import uuid4

from farms.laboratory import jobs, running
from farms.models import Job, Sweep
from kit import clock, tenancy


def carry_out_by_hand(sweep: Sweep) -> None:
    """Every block of it, as by workers that have just taken them up, and what came of them."""
    with tenancy.tenant(sweep.owner_id):
        work: list[Job] = [*sweep.blocks.order_by("number"), Sweep.objects.get(pk=sweep.pk)]
    for job in work:
        with tenancy.tenant(sweep.owner_id):
            job.refresh_from_db()
            job.status, job.claim, job.claimed_until = Job.Status.RUNNING, uuid4(), clock.now() + jobs.LEASE
            job.save(update_fields=("status", "claim", "claimed_until"))
        running.carry_out(job)
