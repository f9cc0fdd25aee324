"""The five-minute job: every owner's venues and values, one task per owner."""

from uuid import UUID

from celery import shared_task
from django.conf import settings

from kit import tenancy
from portfolio import services
from portfolio.models import PortfolioState
from wallets.models import Wallet


@shared_task
def sync_all() -> int:
    """Start a sync for every owner who has wallets; a history that is being built is left alone. Returns how many."""
    with tenancy.system():
        building = PortfolioState.objects.filter(building__isnull=False).values("owner_id")
        wallets = Wallet.objects.exclude(owner_id__in=building).order_by()  # an order would make every row distinct
        owners = list(wallets.values_list("owner_id", flat=True).distinct())
    for owner_id in owners:
        sync_now.apply_async(args=(str(owner_id),), expires=settings.SYNC_SECONDS)
    return len(owners)


@shared_task
def sync_now(owner_id: str) -> bool:
    """Sync one owner; False when that is under way already."""
    return services.sync_owner(owner_id=UUID(owner_id))
