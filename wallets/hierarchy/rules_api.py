"""Rules of wallets and the proof of the books, for programs. The same services as the pages."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status

from kit.api import IdempotencyKey, Page, PageQuery, paginate
from kit.http import owner_of
from kit.users.access import MOVE
from wallets.hierarchy import places, proofs, rules
from wallets.hierarchy.rules_schemas import (
    ArrivalsIn,
    ArrivalsOut,
    AssignedOut,
    AssignIn,
    ClaimIn,
    DerivativesIn,
    DerivativesOut,
    ProofOut,
    ProofPageOut,
    ReasonOut,
    RuleChange,
    RuleIn,
    RuleOut,
    RuleRunOut,
    VenueIncomeOut,
    VenueMovementOut,
)
from wallets.hierarchy.schemas import line_shown
from wallets.models import Connection, RuleRun, VenueIncome, VenueMovement, WalletRule
from wallets.sync.arriving import set_arrivals
from wallets.sync.derivatives import give_derivatives
from wallets.sync.suspense import assign_suspense
from wallets.sync.unassigned import claim
from wallets.venues.accounts import get_connection
from wallets.venues.capabilities import capabilities_of

router = Router()


@router.get("/wallets/{wallet_id}/rules", response=list[RuleOut], summary="What is done with its money by itself")
def list_rules(request: HttpRequest, wallet_id: UUID) -> Any:
    places.get_wallet(owner_id=owner_of(request), wallet_id=wallet_id)
    return WalletRule.objects.filter(owner_id=owner_of(request), wallet=wallet_id)


@router.post("/wallets/{wallet_id}/rules", auth=MOVE, response={201: RuleOut}, summary="Give a master or a farm a rule")
def make_rule(request: HttpRequest, wallet_id: UUID, body: RuleIn) -> Any:
    """It moves money by itself from now on. The same rule a second time is the first, switched on."""
    made = rules.make_rule(owner_id=owner_of(request), wallet_id=wallet_id, kind=body.kind, every=body.every)
    return Status(201, made)


@router.patch("/rules/{rule_id}", auth=MOVE, response=RuleOut, summary="Switch a rule on or off")
def switch_rule(request: HttpRequest, rule_id: UUID, body: RuleChange) -> Any:
    return rules.switch_rule(owner_id=owner_of(request), rule_id=rule_id, is_on=body.is_on)


@router.get("/rules/{rule_id}/preview", response=list[ReasonOut], summary="What the rule would do now, on or off")
def preview_rule(request: HttpRequest, rule_id: UUID) -> Any:
    rule = rules.find_rule(owner_id=owner_of(request), rule_id=rule_id)
    done = set(RuleRun.objects.filter(rule=rule).values_list("key", flat=True))
    return [
        {"key": one.key, "why": one.why, "lines": [line_shown(line) for line in one.lines], "done": one.key in done}
        for one in rules.would_do(rule)
    ]


@router.get("/rules/{rule_id}/runs", response=Page[RuleRunOut], summary="What the rule did and why, newest first")
def list_rule_runs(request: HttpRequest, rule_id: UUID, query: Query[PageQuery]) -> Any:
    rule = rules.find_rule(owner_id=owner_of(request), rule_id=rule_id)
    return paginate(RuleRun.objects.filter(rule=rule), query, present=lambda row: row)


@router.get(
    "/proof", response=ProofPageOut, summary="Whether the books are sound, and what they say against the venues"
)
def get_proof(request: HttpRequest) -> Any:
    return proofs.proof_of(owner_of(request))


@router.post("/proof", response={200: ProofOut, 202: None}, summary="Prove the books now")
def prove(request: HttpRequest) -> Any:
    """Every figure is recomputed from the transfers; where there are many, a worker does it (202), and `GET /proof` has
    it afterwards."""
    proved = proofs.prove(owner_of(request))
    return Status(202, None) if proved is None else proved


@router.post(
    "/connections/{uuid:connection_id}/unassigned/{asset}",
    auth=MOVE,
    response={201: AssignedOut},
    summary="Take what is unassigned into a wallet",
)
def take_unassigned(request: HttpRequest, connection_id: UUID, asset: str, body: ClaimIn, key: IdempotencyKey) -> Any:
    """It moves between two wallets of yours: nobody's profit. What is unassigned stands in `GET /proof`, and in
    `GET /wallets` as a wallet of the role `unassigned`."""
    posting = claim(
        owner_id=owner_of(request),
        connection_id=connection_id,
        asset=asset,
        wallet_id=body.wallet_id,
        amount=body.amount,
        key=f"claim:{key}",
    )
    return Status(201, {"posting_id": posting.pk})


@router.get(
    "/connections/{uuid:connection_id}/arrivals", response=ArrivalsOut, summary="What becomes of deposits by itself"
)
def get_arrivals(request: HttpRequest, connection_id: UUID) -> Any:
    return _arrivals(get_connection(owner_id=owner_of(request), connection_id=connection_id))


@router.put(
    "/connections/{uuid:connection_id}/arrivals",
    auth=MOVE,
    response=ArrivalsOut,
    summary="Say which wallets take in deposits and bear withdrawals",
)
def put_arrivals(request: HttpRequest, connection_id: UUID, body: ArrivalsIn) -> Any:
    """From now on, and only what the venue's own history calls so: any other difference stays one, and is explained."""
    changed = set_arrivals(
        owner_id=owner_of(request),
        connection_id=connection_id,
        deposits_to=body.deposits_to,
        withdrawals_from=body.withdrawals_from,
    )
    return _arrivals(changed)


@router.put(
    "/connections/{uuid:connection_id}/derivatives",
    auth=MOVE,
    response=DerivativesOut,
    summary="Say whose the derivatives at an account are",
)
def put_derivatives(request: HttpRequest, connection_id: UUID, body: DerivativesIn) -> Any:
    """What they have won or lost so far is a flow to that wallet, from then on it is the wallet's own; null: nobody's
    who claims anything, which is the unassigned wallet or, where there is none, the oldest master."""
    changed = give_derivatives(owner_id=owner_of(request), connection_id=connection_id, wallet_id=body.wallet_id)
    return {"wallet_id": changed.derivatives_to_id}


@router.get(
    "/connections/{uuid:connection_id}/movements",
    response=Page[VenueMovementOut],
    summary="Deposits and withdrawals that the venue told of, newest first",
)
def list_venue_movements(request: HttpRequest, connection_id: UUID, query: Query[PageQuery]) -> Any:
    get_connection(owner_id=owner_of(request), connection_id=connection_id)
    return paginate(VenueMovement.objects.filter(connection=connection_id), query, moment="at")


@router.get(
    "/connections/{uuid:connection_id}/income",
    response=Page[VenueIncomeOut],
    summary="What derivatives brought and cost by the venue's account of it, newest first",
)
def list_venue_income(request: HttpRequest, connection_id: UUID, query: Query[PageQuery]) -> Any:
    get_connection(owner_id=owner_of(request), connection_id=connection_id)
    return paginate(VenueIncome.objects.filter(connection=connection_id), query, moment="at")


def _arrivals(connection: Connection) -> dict[str, Any]:
    return {
        "deposits_to": connection.deposits_to_id,
        "withdrawals_from": connection.withdrawals_from_id,
        "is_told": capabilities_of(connection.platform_id)["movements"].works != "no",
    }


@router.post(
    "/connections/{uuid:connection_id}/suspense/{asset}",
    auth=MOVE,
    response={201: AssignedOut},
    summary="Say whose money arrived at the venue, or left it",
)
def assign(request: HttpRequest, connection_id: UUID, asset: str, body: AssignIn, key: IdempotencyKey) -> Any:
    """What stands in suspense becomes a transfer with the wallet, by default the oldest master of the connection."""
    posting = assign_suspense(
        owner_id=owner_of(request),
        connection_id=connection_id,
        asset=asset,
        key=f"assign:{key}",
        wallet_id=body.wallet_id,
    )
    return Status(201, {"posting_id": posting.pk})
