"""How the API shows wallets, movements and the lines of the books."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wallets.hierarchy import movements, plans
from wallets.hierarchy.parts import ShareChange
from wallets.hierarchy.schemas import (
    AllocationOut,
    EntryOut,
    HoldingOut,
    WalletOut,
    line_shown,
)
from wallets.hierarchy.states import Work, wallet_state
from wallets.hierarchy.tree import Holding, WalletNode
from wallets.ledger import statements
from wallets.models import Account, AllocationLine, Entry, Transfer


def allocation_line_shown(line: AllocationLine) -> dict[str, Any]:
    whole = line.allocation
    return {
        "id": whole.pk,
        "created_at": whole.created_at,
        "kind": whole.kind,
        "status": whole.status,
        "source_id": line.source_id,
        "target_id": line.target_id,
        "asset": line.asset,
        "amount": line.amount,
        "note": whole.note,
        "lines": list(whole.lines.all()),
        "posting_id": whole.posting_id,
    }


def wallet_shown(node: WalletNode, work: Mapping[UUID, Work]) -> dict[str, Any]:
    shown = {name: getattr(node, name) for name in WalletOut.model_fields if hasattr(node, name)}
    told = wallet_state(node, work.get(node.id))
    shown |= {"state_words": told.exact, "state_action": told.action}
    return shown | {"holdings": [holding_shown(holding) for holding in node.holdings]}


def holding_shown(holding: Holding) -> dict[str, Any]:
    return {name: getattr(holding, name) for name in HoldingOut.model_fields}


def preview_shown(preview: movements.Preview, share: ShareChange | None) -> dict[str, Any]:
    return {
        "kind": preview.kind.value,
        "asset": preview.asset,
        "amount": preview.amount,
        "source": side_shown(preview.source) if preview.source else None,
        "target": side_shown(preview.target),
        "split": [side_shown(side) for side in preview.split],
        "share": share,
        "warnings": list(preview.warnings),
    }


def side_shown(side: movements.Side | plans.Side) -> dict[str, Any]:
    figures = ("balance_before", "balance_after", "free_before", "free_after")
    return {"wallet_id": side.wallet.pk} | {name: getattr(side, name) for name in figures}


def plan_shown(plan: plans.Plan) -> dict[str, Any]:
    row = plan.allocation
    told = {name: getattr(row, name) for name in AllocationOut.model_fields if name != "lines"}
    return told | {
        "lines": [line_shown(line) for line in plan.lines],
        "sides": [side_shown(side) | {"asset": side.asset, "held": side.held} for side in plan.sides],
        "stays": row.stays,
        "warnings": list(plan.warnings),
        "cost": plan.cost,
    }


def transfer_shown(row: Transfer) -> dict[str, Any]:
    return {
        "id": row.pk,
        "created_at": row.created_at,
        "kind": row.posting.kind,
        "phase": row.phase,
        "asset": row.asset,
        "amount": row.amount,
        "debit": account_shown(row.debit),
        "credit": account_shown(row.credit),
        "pending_id": row.pending_id,
        "posting_id": row.posting_id,
        "detail": row.posting.detail,
    }


def account_shown(row: Account) -> dict[str, Any]:
    return {"wallet_id": row.wallet_id, "wallet": row.wallet.name, "kind": row.kind}


def entry_shown(row: Entry) -> dict[str, Any]:
    line = statements.entry_line(row)
    return {name: getattr(line, name) for name in EntryOut.model_fields}
