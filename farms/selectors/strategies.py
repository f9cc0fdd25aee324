"""Strategies as accounts: the wallets of all agents that follow one, those of archived agents too."""

from collections.abc import Sequence
from uuid import UUID

from farms.kinds import allows
from farms.models import Agent, Farm, StrategyVersion
from kit.errors import NotFoundError
from markets.models import Instrument
from portfolio.selectors.accounts import Account
from quant import strategies

STRATEGY = "strategy"
MARK = f"{STRATEGY}:"


def strategy_accounts(*, owner_id: UUID) -> Sequence[Account]:
    """By name; one for each asset that its agents are valued in, because only those make a sum. One query."""
    found: dict[tuple[str, str], list[UUID]] = {}
    rows = Agent.objects.filter(owner_id=owner_id).order_by("created_at")
    for slug, base, wallet in rows.values_list("strategy", "wallet__base_asset", "wallet_id"):
        found.setdefault((slug, base), []).append(wallet)
    accounts = [
        Account(f"{MARK}{slug}:{base}", STRATEGY, _named(slug), base, tuple(wallets))
        for (slug, base), wallets in found.items()
    ]
    return sorted(accounts, key=lambda one: (one.name, one.base))


def strategy_account(key: str, *, owner_id: UUID) -> Account:
    """Raises NotFoundError where no agent of the owner's follows it."""
    for account in strategy_accounts(owner_id=owner_id):
        if account.key == key:
            return account
    raise NotFoundError("No agent of yours follows that strategy.")


def hireable_versions(*, owner_id: UUID, farm: Farm) -> list[StrategyVersion]:
    """The newest version of each saved strategy that an agent of the farm can follow, by name.

    Left out is what is archived or not installed, what the farm's kind does not allow, and what is short where only
    spot can be traded.
    """
    newest = [one for one in newest_versions(owner_id=owner_id) if allows(farm.kind, one.saved.strategy)]
    if any(not _is_long(version) for version in newest) and not has_perpetuals(farm.wallet.connection.venue):
        newest = [version for version in newest if _is_long(version)]
    return newest


def newest_versions(*, owner_id: UUID) -> list[StrategyVersion]:
    """The newest version of each saved strategy that is installed and not archived, by name."""
    installed = {one.slug for one in strategies.catalog()}
    rows = StrategyVersion.objects.filter(
        owner_id=owner_id, saved__strategy__in=installed, saved__archived_at=None
    ).select_related("saved")
    newest = rows.order_by("saved_id", "-number").distinct("saved_id")
    return sorted(newest, key=lambda version: version.saved.name.casefold())


def has_perpetuals(venue: str) -> bool:
    """Whether anything can be sold short there."""
    return Instrument.objects.filter(venue=venue, is_active=True, prices_of__isnull=False).exists()


def _is_long(version: StrategyVersion) -> bool:
    return bool(version.parameters.get("direction", "long") == "long")


def _named(slug: str) -> str:
    known = {one.slug: one.name for one in strategies.catalog()}
    return known.get(slug, slug.replace("_", " ").capitalize())
