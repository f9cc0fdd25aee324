"""The five-minute job: every owner's venues are asked, then what came is valued, one task per owner and step."""

from typing import Final
from uuid import UUID

from celery import shared_task
from django.conf import settings

from kit import tenancy
from kit.alerts.failures import contained
from kit.errors import NotFoundError
from portfolio import corrections, services
from portfolio.exposure.limits import watch
from portfolio.models import PortfolioState
from portfolio.rebalancing import running
from portfolio.rebalancing.forgetting import forget_runs
from wallets.models import Connection, Wallet

# When it is looked whether the venues have answered, in seconds after the last look. Half a minute together: a snapshot
# every five minutes waits no longer for the slowest venue.
LOOKS: Final = (1, 2, 4, 8, 15)
REBALANCE_EXPIRES: Final = 60  # the next one comes anyway


@shared_task
def sync_all() -> int:
    """Start a sync for every owner who has wallets or an active connection, whether a wallet uses it yet or not; a
    history that is being built is left alone. Returns how many."""
    with tenancy.system():
        building = PortfolioState.owners_building()
        wallets = Wallet.objects.exclude(owner_id__in=building).order_by()  # an order would make every row distinct
        active = Connection.objects.filter(state=Connection.State.ACTIVE).exclude(owner_id__in=building).order_by()
        found = wallets.values_list("owner_id").union(active.values_list("owner_id"))
        owners = [owner_id for (owner_id,) in found]
    for owner_id in owners:
        sync_now.apply_async(args=(str(owner_id),), expires=settings.SYNC_SECONDS)
    return len(owners)


@shared_task
def sync_now(owner_id: str) -> bool:
    """Ask the owner's venues; False when that is under way already."""
    asked = services.ask_venues(owner_id=UUID(owner_id))
    if asked:
        value_owner.apply_async(args=(owner_id,), countdown=LOOKS[0])
    return asked


@shared_task
def watch_exposure() -> int:
    """Look at every owner's limits of exposure between two valuations; returns at how many owners'."""
    with tenancy.system():
        owners = services.limited_in_exposure()
    for owner_id in owners:
        with contained(owner_id=owner_id, work="exposure", title="Watching exposure"), tenancy.tenant(owner_id):
            watch(owner_id=owner_id)
    return len(owners)


@shared_task
def rebalance() -> int:
    """A task for every rule that may be due, or has a run that is not over; returns how many."""
    with tenancy.system():
        found = running.due_rules()
    for owner_id, wallet_id in found:
        rebalance_wallet.apply_async(args=(str(owner_id), str(wallet_id)), expires=REBALANCE_EXPIRES)
    return len(found)


@shared_task
def rebalance_wallet(owner_id: str, wallet_id: str) -> int:
    """Do what one wallet's rule has reason for; returns how many runs have changed."""
    try:
        with tenancy.tenant(UUID(owner_id)):
            return len(running.look(owner_id=UUID(owner_id), wallet_id=UUID(wallet_id)))
    except NotFoundError:  # the rule was taken away meanwhile
        return 0


@shared_task
def forget_rebalance_runs() -> int:
    """Forget runs that are older than they are kept; returns how many."""
    return forget_runs()


@shared_task
def close_days() -> int:
    """Close the day of every owner for whom it has just ended: midnight comes at a quarter of an hour in every zone.
    Returns how many."""
    with tenancy.system():
        owners = services.days_that_closed()
    for owner_id in owners:
        close_day.apply_async(args=(str(owner_id),), expires=services.CLOSES_WITHIN.total_seconds())
    return len(owners)


@shared_task
def close_day(owner_id: str) -> None:
    """Close the owner's day at its midnight."""
    with tenancy.tenant(UUID(owner_id)):
        services.close_day(owner_id=UUID(owner_id))


@shared_task
def roll_up(owner_id: str) -> int:
    """Bring the owner's days up to date; returns how many were written."""
    with tenancy.tenant(UUID(owner_id)):
        written = services.roll_up_days(owner_id=UUID(owner_id))
        corrections.request_work(owner_id=UUID(owner_id))
        return written


@shared_task
def forget_snapshots() -> None:
    """Sum up what is not yet, and forget snapshots and hours that are older than the settings say."""
    services.forget_snapshots()


@shared_task
def correct(owner_id: str) -> None:
    """Work out anew what is to be corrected of the owner's past, part by part."""
    while corrections.work(owner_id=UUID(owner_id)) is not None:
        pass


@shared_task
def value_owner(owner_id: str, look: int = 0) -> bool:
    """Value the owner when every venue has answered, at the last look whatever came; False when it looks again."""
    following = look + 1
    if services.value_what_came(owner_id=UUID(owner_id), last_look=following == len(LOOKS)):
        return True
    value_owner.apply_async(args=(owner_id, following), countdown=LOOKS[following])
    return False
