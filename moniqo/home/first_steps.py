"""The way from an empty account to a farm that trades, as a list whose ticks are read from the data.

Nothing remembers that a step was taken: what is there says so, and the list goes away by itself with the last tick. A
step that was undone (money collected again, a farm paused) is open again, and its link leads to where it is done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, QuerySet, Subquery
from django.urls import reverse

from farms.models import Agent, Farm
from kit.users.models import User
from trading.models import RiskLimit
from wallets.models import Account, Connection, Posting, PostingKind, Wallet


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do first; `is_next` is true for the one whose turn it is."""

    words: str
    url: str
    is_done: bool
    is_next: bool


def first_steps(*, owner_id: UUID) -> Sequence[Step]:
    """The steps in their order, one query; empty once all are taken."""
    found: dict[str, Any] | None = User.objects.filter(pk=owner_id).values(**_facts(owner_id)).first()  # type: ignore[assignment]  # named by the keywords
    steps = _steps(found or {})
    if all(is_done for _, _, is_done in steps):
        return ()
    turn = next(number for number, (_, _, is_done) in enumerate(steps) if not is_done)
    return [Step(words, url, is_done, number == turn) for number, (words, url, is_done) in enumerate(steps)]


def _facts(owner_id: UUID) -> dict[str, Exists | Subquery]:
    """What is there, and the first of each kind, which the links lead to."""

    def mine(model: Any) -> QuerySet[Any]:
        found: QuerySet[Any] = model.objects.filter(owner_id=owner_id)
        return found

    def funded(role: str) -> Exists:
        return Exists(mine(Account).filter(kind=Account.Kind.WALLET, balance__gt=0, wallet__role=role))

    farm = mine(Farm).exclude(status=Farm.Status.ARCHIVED).order_by("created_at")
    agent = mine(Agent).exclude(status=Agent.Status.ARCHIVED).order_by("created_at")
    return {
        "account": Subquery(mine(Connection).exclude(state=Connection.State.ARCHIVED).values("pk")[:1]),
        "master": Subquery(mine(Wallet).filter(role=Wallet.Role.MASTER).order_by("created_at").values("pk")[:1]),
        # What a real account held is taken into the books, not deposited.
        "deposited": Exists(mine(Posting).filter(kind__in=(PostingKind.DEPOSIT, PostingKind.ASSIGN))),
        "symbols": Exists(mine(RiskLimit).filter(allowed_symbols__isnull=False).exclude(allowed_symbols=[])),
        "notional": Exists(mine(RiskLimit).filter(maximum_notional__isnull=False)),
        "farm": Subquery(farm.values("pk")[:1]),
        "agent": Subquery(agent.values("pk")[:1]),
        "farm_wallet": Subquery(farm.values("wallet_id")[:1]),
        "agent_wallet": Subquery(agent.values("wallet_id")[:1]),
        "farm_funded": funded(Wallet.Role.FARM),
        "agent_funded": funded(Wallet.Role.AGENT),
        "farm_runs": Exists(farm.exclude(status=Farm.Status.PAUSED)),
        "agent_runs": Exists(agent.filter(status=Agent.Status.RUNNING)),
    }


def _steps(found: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Words, address and whether it is done. Addresses of what is not there yet lead to where it is made."""
    account, master, farm, agent = (found.get(name) for name in ("account", "master", "farm", "agent"))
    farms = reverse("farms:farm", args=(farm,)) if farm else reverse("farms:new")
    hire = reverse("farms:hire", args=(farm,)) if farm else farms
    limits = reverse("trading:connection-limits" if account else "wallets:connections", args=(account,) * bool(account))
    to_fund = found.get("agent_wallet") if found.get("farm_funded") else found.get("farm_wallet")
    return [
        ("Open an account at a venue", reverse("wallets:connection-create"), account is not None),
        ("Set its limits: the markets, and the most per order", limits, _all(found, "symbols", "notional")),
        ("Make a master wallet for its money", reverse("wallets:create"), master is not None),
        ("Deposit money to it", _tree(master, "deposit"), _all(found, "deposited")),
        ("Make a farm", reverse("farms:new"), farm is not None),
        ("Hire an agent for the farm", hire, agent is not None),
        ("Allocate money to the farm, and from there to the agent", _tree(to_fund, "allocate"),
         _all(found, "agent_funded")),
        ("Start the agent", reverse("farms:agent", args=(agent,)) if agent else hire, _all(found, "agent_runs")),
        ("Start the farm: its agents decide at the close of their next candle", farms, _all(found, "farm_runs")),
    ]  # fmt: skip


def _all(found: dict[str, Any], *names: str) -> bool:
    return all(found.get(name) for name in names)


def _tree(wallet_id: UUID | None, tab: str) -> str:
    """The inspector of the wallet, open at what is to be done."""
    tree = reverse("wallets:tree")
    return f"{tree}?wallet={wallet_id}&tab={tab}#inspector" if wallet_id else tree
