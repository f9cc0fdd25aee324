"""What kinds of work are done in the wallets of farms and agents, and their statuses, for whoever weighs wallets."""

from uuid import UUID

from farms.models import Agent, Farm
from portfolio.allocation.filters import Trait
from quant.strategies import catalog


def traits_in_wallets(owner_id: UUID) -> dict[UUID, Trait]:
    """Of each farm its own kind and its agents' strategies, of each agent its strategy: two queries."""
    names = {one.slug: one.name for one in catalog()}
    found: dict[UUID, Trait] = {}
    of_farm: dict[UUID, dict[str, str]] = {}
    agents = Agent.objects.filter(owner_id=owner_id).exclude(status=Agent.Status.ARCHIVED)
    for wallet_id, strategy, status, farm_id in agents.values_list("wallet_id", "strategy", "status", "farm_id"):
        kinds = {strategy: names.get(strategy, strategy)}
        found[wallet_id] = Trait(kinds, status)
        of_farm.setdefault(farm_id, {}).update(kinds)
    for farm in Farm.objects.filter(owner_id=owner_id).exclude(status=Farm.Status.ARCHIVED):
        found[farm.wallet_id] = Trait({farm.kind: farm.get_kind_display(), **of_farm.get(farm.pk, {})}, farm.status)
    return found
