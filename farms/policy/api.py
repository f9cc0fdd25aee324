"""The policy of a farm for programs. Only a token with the scope `limits` may change it."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from farms.policy.readings import policy_row
from farms.policy.schemas import PolicyChange, PolicyOut, changed, policy_out
from farms.policy.services import set_policy
from kit.http import owner_of
from kit.users.access import LIMITS

router = Router()


@router.get("/farms/{farm_id}/policy", response=PolicyOut, summary="What a farm lets its agents do together")
def get_policy(request: HttpRequest, farm_id: UUID) -> Any:
    return policy_out(policy_row(owner_id=owner_of(request), farm_id=farm_id))


@router.patch("/farms/{farm_id}/policy", auth=LIMITS, response=PolicyOut, summary="Change what a farm lets them do")
def change_policy(request: HttpRequest, farm_id: UUID, body: PolicyChange) -> Any:
    """It binds the next entry that an agent decides. What is held stays: an agent outside of the policy leaves as its
    strategy says. An order that somebody places is bound by limits, `PUT /wallets/{wallet_id}/limits`, not by this."""
    owner_id = owner_of(request)
    row = policy_row(owner_id=owner_id, farm_id=farm_id)
    set_policy(owner_id=owner_id, farm_id=farm_id, policy=changed(row.policy, body))
    return get_policy(request, farm_id)
