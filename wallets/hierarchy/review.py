"""A movement of money as its page asks for it and its review shows it: from where, to where, and what would change."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any
from uuid import UUID

from django.http import Http404
from django.urls import reverse
from django.utils.html import strip_tags

from kit.templatetags import formats
from markets.assets import dollar_in
from wallets.hierarchy import movements
from wallets.hierarchy.forms import MovementForm
from wallets.hierarchy.tree import Holding, WalletNode

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Movement:
    """One of the three movements, seen from the wallet it is asked for."""

    action: str
    wallet: WalletNode
    source: WalletNode | None
    target: WalletNode

    @property
    def verb(self) -> str:
        return {"deposit": "Deposit", "allocate": "Allocate", "collect": "Collect"}[self.action]

    @property
    def url(self) -> str:
        return reverse(f"wallets:{self.action}", args=(self.wallet.id,))


def find_movement(nodes: tuple[WalletNode, ...], node: WalletNode, action: str) -> Movement:
    """The movement that an action is for the wallet. Raises Http404 where there is none, as for a deposit to a farm."""
    parent = next((other for other in nodes if other.id == node.parent_id), None)
    if action == "deposit" and parent is None:
        return Movement(action, node, None, node)
    if action == "allocate" and parent is not None:
        return Movement(action, node, parent, node)
    if action == "collect" and parent is not None:
        return Movement(action, node, node, parent)
    raise Http404("This wallet has no such movement.")


def suggestion(movement: Movement) -> str:
    """What would bring the wallet to its target, as far as the source's free money goes."""
    node = movement.wallet
    if node.drift is None or not node.share or not node.value:
        return ""
    wanted = node.drift * node.value / node.share * (1 if movement.action == "collect" else -1)
    free = movement.source.free(node.base_asset) if movement.source else Decimal(0)
    amount = min(max(wanted, Decimal(0)), free).quantize(CENT * dollar_in(node.base_asset), ROUND_DOWN)
    return f"{amount:f}" if amount > 0 else ""


def arguments(movement: Movement, owner_id: UUID, form: MovementForm) -> dict[str, Any]:
    """What the services of `movements` are asked with."""
    asked = {"owner_id": owner_id, "asset": form.cleaned_data["asset"], "amount": form.cleaned_data["amount"]}
    if movement.source is None:
        return asked | {"wallet_id": movement.target.id}
    return asked | {"source_id": movement.source.id, "target_id": movement.target.id}


def review(movement: Movement, preview: movements.Preview) -> dict[str, Any]:
    """What the confirmation says: title, warnings, each side before and after, and the verb with its amount."""
    sides = [side for side in (preview.source, preview.target) if side is not None]
    changes = [
        (f"{side.wallet.name}, free", _amount(side.free_before, preview), _amount(side.free_after, preview))
        for side in sides
    ]
    changes += _shares(movement, preview.asset, preview.amount)
    return {
        "title": _title(movement),
        "text": " ".join(preview.warnings) or "No order and no position is touched.",
        "changes": changes,
        "facts": [("Network fee", "none: both wallets are at the same connection")] if movement.source else [],
        "verb": f"{movement.verb} {plain(formats.amount(preview.amount, preview.asset))}",
    }


def _shares(movement: Movement, asset: str, amount: Decimal) -> list[tuple[str, Any, Any]]:
    """The wallet's share of the master before and after, where the asset has a price."""
    node, whole = movement.wallet, movement.source or movement.target
    if movement.source is None or node.share is None or not node.value or not node.share:
        if not node.share or node.value is None:
            return []
        return [(f"{node.name}, value", *_values(node, node.value, asset, amount))]
    price = _price(whole.holdings, asset)
    if price is None:
        return []
    moved = amount * price * (1 if movement.action == "allocate" else -1)
    after = node.share * (node.value + moved) / node.value
    return [(f"{node.name}, share", formats.percent(node.share), formats.percent(after))]


def _values(node: WalletNode, value: Decimal, asset: str, amount: Decimal) -> tuple[Any, Any]:
    price = _price(node.holdings, asset) or Decimal(1 if asset == node.base_asset else 0)
    return formats.money(value, node.base_asset), formats.money(value + amount * price, node.base_asset)


def _price(holdings: tuple[Holding, ...], asset: str) -> Decimal | None:
    return next((holding.price for holding in holdings if holding.asset == asset), None)


def _title(movement: Movement) -> str:
    if movement.source is None:
        return f"Deposit to {movement.target.name}"
    return f"{movement.source.name} → {movement.target.name}"


def _amount(value: Decimal, preview: movements.Preview) -> Any:
    return formats.amount(value, preview.asset)


def plain(markup: Any) -> str:
    """The text of a formatted figure, for buttons and toasts."""
    return strip_tags(str(markup))
