"""A movement of money as it is planned: the exact amount that was asked for, what it would change, and its seal.

The form shows the changes in place, the review repeats them and asks for confirmation. A review is sealed: the seal
depends on every amount in it, so what is confirmed is what was read, or it is refused; and no page has to carry an
amount that its reader hides.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.html import strip_tags
from django.utils.safestring import SafeString

from kit import decimals, display, formatting
from kit.errors import ConflictError, MoniqoError
from kit.templatetags import formats
from wallets.hierarchy import movements
from wallets.hierarchy.forms import MovementForm
from wallets.hierarchy.parts import TO_TARGET, Move, Part, ShareChange, amount_of, share_change
from wallets.ledger import InsufficientFundsError
from wallets.models import FundAllocation

VERBS = {"deposit": "Deposit", "allocate": "Allocate", "collect": "Collect"}


@dataclass(frozen=True, slots=True)
class Line:
    """What one figure is before and after; `note` stands behind it."""

    label: str
    before: Any
    after: Any
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A movement that could be done now."""

    move: Move
    part: Part | None
    note: str
    preview: movements.Preview
    share: ShareChange | None

    @property
    def is_split(self) -> bool:
        return bool(self.preview.split)

    @property
    def shown_amount(self) -> str:
        return plain(formats.amount(self.preview.amount, self.preview.asset))

    @property
    def written_amount(self) -> str:
        """What a form carries: the exact amount, or the part that it was asked for as while amounts are hidden."""
        if self.part is not None and display.current().hide_amounts:
            return self.part.label
        return formatting.written(self.preview.amount)

    def lines(self) -> list[Line]:
        """Both sides, the agents it is split to, and the share of the whole."""
        asset = self.preview.asset
        sides = [side for side in (self.preview.source, self.preview.target, *self.preview.split) if side is not None]
        lines = [
            Line(
                f"{side.wallet.name}, free",
                formats.amount(side.free_before, asset),
                formats.amount(side.free_after, asset),
            )
            for side in sides
        ]
        if self.share is not None:
            target = "" if self.share.target is None else f"target {formatting.percent(self.share.target)}"
            before, after = formats.percent(self.share.before), formats.percent(self.share.after)
            lines.append(Line(f"{self.move.wallet.name}, share", before, after, target))
        elif self.move.source is None and self.move.wallet.value is not None and asset == self.move.wallet.base_asset:
            value, base = self.move.wallet.value, self.move.wallet.base_asset
            after = formats.money(value + self.preview.amount, base)
            lines.append(Line(f"{self.move.wallet.name}, value", formats.money(value, base), after))
        return lines

    def notes(self) -> list[str]:
        """Sentences about it, without amounts."""
        notes = list(self.preview.warnings)
        source = self.preview.source
        if self.part == TO_TARGET and source is not None and self.share is not None and self.share.target is not None:
            gap = self.share.target - self.share.after
            if (gap if self.move.goes_in else -gap) > Decimal("0.0005"):
                notes.insert(0, f"{source.wallet.name} has less free than the target asks for.")
        if self.is_split and self.preview.target.free_after > self.preview.target.free_before:
            notes.append(f"What no agent's target asks for stays in {self.preview.target.wallet.name}.")
        return notes

    def seal(self, key: str) -> str:
        """Depends on everything that a confirmation confirms."""
        said = (
            key,
            self.move.action,
            self.move.wallet.id,
            self.preview.asset,
            decimals.plain(self.preview.amount),
            self.note,
            *(f"{side.wallet.pk} {decimals.plain(side.free_after - side.free_before)}" for side in self.preview.split),
        )
        return salted_hmac("wallets.review", "\n".join(map(str, said)), algorithm="sha256").hexdigest()


def plan(*, owner_id: UUID, move: Move, form: MovementForm) -> Plan:
    """What the valid form asks for. Raises MoniqoError where it cannot be done."""
    asked = form.cleaned_data
    part = asked["amount"] if isinstance(asked["amount"], Part) else None
    amount = asked["amount"] if part is None else amount_of(part, move, asked["asset"])
    sides: dict[str, Any] = {"owner_id": owner_id, "asset": asked["asset"], "amount": amount}
    if move.source is None:
        preview = movements.preview_deposit(wallet_id=move.target.id, **sides)
    else:
        sides |= {"source_id": move.source.id, "target_id": move.target.id}
        if move.goes_in:
            preview = movements.preview_allocate(split=asked.get("split", False), **sides)
        else:
            preview = movements.preview_collect(**sides)
    return Plan(move, part, asked.get("note", ""), preview, share_change(move, asked["asset"], amount))


def carry_out(*, owner_id: UUID, plan: Plan, key: str, seal: str) -> FundAllocation:
    """Do what was confirmed, or raise ConflictError when it is no longer what was reviewed."""
    if not constant_time_compare(seal, plan.seal(key)):
        raise ConflictError("This is not what was reviewed: something has changed since. Review it again.")
    preview, source = plan.preview, plan.move.source
    asked: dict[str, Any] = {"owner_id": owner_id, "asset": preview.asset, "amount": preview.amount, "key": key}
    if source is None:
        return movements.deposit(wallet_id=plan.move.target.id, **asked)
    asked |= {"source_id": source.id, "target_id": plan.move.target.id, "note": plan.note}
    if plan.move.goes_in:
        return movements.allocate(split=plan.is_split, **asked)
    return movements.collect(**asked)


def confirmation(plan: Plan) -> dict[str, Any]:
    """What the review says: title, what changes, and the verb with its amount; its fields carry the seal."""
    move, key = plan.move, uuid4().hex
    hidden = [("asset", plan.preview.asset), ("amount", plan.written_amount), ("note", plan.note), ("key", key)]
    hidden += [("split", "on")] if plan.is_split else []
    return {
        "title": f"{move.source.name} → {move.target.name}" if move.source else f"Deposit to {move.target.name}",
        "text": " ".join(plan.notes()) or "No order and no position is touched.",
        "changes": [(line.label, line.before, line.after) for line in plan.lines()],
        "facts": [("Network fee", "none: both wallets are at the same connection")] if move.source else [],
        "verb": f"{VERBS[move.action]} {plan.shown_amount}",
        "hidden": [*hidden, ("seal", plan.seal(key))],
    }


def sentence(error: MoniqoError, move: Move) -> str:
    """What the error says; amounts in it as the reader wants to see them."""
    if isinstance(error, InsufficientFundsError) and move.source is not None:
        free = plain(formats.amount(error.available, error.asset))
        return f"Only {free} is free in {move.source.name}: move less, or add funds."
    return str(error)


def said(done: FundAllocation) -> str:
    """What was done, in words."""
    origin = f" from {done.source.name}" if done.source else ""
    target = done.target.name if done.target else "outside"
    return f"{plain(formats.amount(done.amount, done.asset))} went{origin} to {target}."


def plain(markup: SafeString | str) -> str:
    """The text of a formatted figure, for buttons and toasts; the mask without its word for screen readers."""
    return formatting.MASK if formatting.MASK in str(markup) else strip_tags(str(markup))
