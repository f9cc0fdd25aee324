"""The one form that moves money: from → to, how much, and what that would change, in place.

It stands on the page of all wallets and on that of one. The page's own address is the preview: it shows the form as
its parameters fill it, so that a link, the browser's own form and htmx all ask the same. Nothing moves before the
review is confirmed. What was just done stays above the form, with its undo, for as long as the undo is offered.
"""

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode

from kit import display
from kit.errors import InvalidInputError, MoniqoError
from kit.forms import explain
from wallets.hierarchy import movements, undoing
from wallets.hierarchy.folding import View
from wallets.hierarchy.forms import MovementForm
from wallets.hierarchy.parts import ALL, HALF, QUARTER, TO_TARGET, Move, Part
from wallets.hierarchy.review import VERBS, Plan, plan, said, sentence
from wallets.models import Wallet

TREE: Final = "tree"
WALLET: Final = "wallet"
SWAPPED: Final = {"allocate": "collect", "collect": "allocate"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the form stands: on which page, for which wallet, and for which of the movements.

    On a master's own page what is moved to or from one of its farms is asked for too: `child` is that farm. `view` is
    what the table of all wallets lists beside it.
    """

    page: str
    wallet_id: UUID
    tab: str
    child: UUID | None = None
    view: View = field(default=View(), compare=False)

    @property
    def moved(self) -> UUID:
        """The wallet whose money it is about."""
        return self.child or self.wallet_id

    @property
    def path(self) -> str:
        return reverse("wallets:wallet", args=(self.wallet_id,)) if self.page == WALLET else reverse("wallets:tree")

    @property
    def address(self) -> str:
        return self.with_tab(self.tab)

    def with_tab(self, tab: str, **more: str) -> str:
        wallet = {} if self.page == WALLET else {"wallet": str(self.wallet_id), **self.view.fields}
        child = {"child": str(self.child)} if self.child and tab in SWAPPED else {}
        return f"{self.path}?{urlencode(wallet | {'tab': tab} | child | more)}"

    @property
    def fields(self) -> dict[str, str]:
        """What a form carries, so that the answer comes back to this place."""
        child = {"child": str(self.child)} if self.child else {}
        return {"at": self.page, "wallet": str(self.wallet_id), "tab": self.tab} | child | self.view.fields


@dataclass(frozen=True, slots=True)
class Chip:
    """A link that fills in a part."""

    label: str
    address: str
    title: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """All that the form shows. `plan` is None until there is an amount that could be moved."""

    place: Place
    move: Move
    form: MovementForm
    plan: Plan | None
    chips: list[Chip]
    done: undoing.Done | None

    @property
    def url(self) -> str:
        return reverse(f"wallets:{self.move.action}", args=(self.move.wallet.id,))

    @property
    def noun(self) -> str:
        return "deposit" if self.move.source is None else "transfer"

    @property
    def verb(self) -> str:
        return VERBS[self.move.action]

    @property
    def swapped(self) -> str:
        """The address of the same form with the money going the other way; empty for a deposit."""
        other = SWAPPED.get(self.move.action)
        return self.place.with_tab(other) if other else ""

    @property
    def done_sentence(self) -> str:
        return said(self.done.allocation) if self.done else ""


def read_form(move: Move, data: QueryDict) -> MovementForm:
    """The form as the page's parameters fill it: unbound, and so without complaints, until there is an amount."""
    if data.get("amount", "").strip():
        return asked_form(move, data)
    kept = {name: data[name] for name in ("asset", "note", "split") if data.get(name)}
    return _form(move, initial=kept)


def asked_form(move: Move, data: QueryDict) -> MovementForm:
    """The form as somebody sent it; a link may leave the asset out."""
    return _form(move, data={"asset": move.target.base_asset} | {name: data[name] for name in data})


def _form(move: Move, **filled: Any) -> MovementForm:
    is_farm = move.action == "allocate" and move.target.role == Wallet.Role.FARM and bool(move.target.children)
    return MovementForm(
        source=move.source,
        base_asset=move.target.base_asset,
        can_split=is_farm and movements.can_split(move.target.id),
        **filled,
    )


def try_plan(*, owner_id: UUID, move: Move, form: MovementForm) -> Plan | None:
    """What the form asks for; None when it cannot be done, and the form says why."""
    if not form.is_valid():
        return None
    try:
        found = plan(owner_id=owner_id, move=move, form=form)
    except MoniqoError as error:
        refuse(form, error, move)
        return None
    if found.part is not None and not display.current().hide_amounts:
        form.write_amount(found.written_amount)
    return found


def refuse(form: MovementForm, error: MoniqoError, move: Move) -> None:
    """Say at the form why it cannot be done; what concerns no other field concerns the amount."""
    said = InvalidInputError(sentence(error, move), fields=getattr(error, "fields", {}))
    explain(form, said, otherwise="amount" if error.code == "insufficient_funds" else None)


def transfer(
    *,
    owner_id: UUID,
    place: Place,
    move: Move,
    data: QueryDict,
    form: MovementForm | None = None,
    done: UUID | None = None,
) -> Transfer:
    """The form as the page's parameters fill it, or as it was refused (`form`)."""
    form = form or read_form(move, data)
    shown = try_plan(owner_id=owner_id, move=move, form=form) if form.is_bound and not form.errors else None
    done = done or _uuid(data.get("done", ""))
    return Transfer(
        place=place,
        move=move,
        form=form,
        plan=shown,
        chips=_chips(place, move, form),
        done=undoing.recent(owner_id=owner_id, allocation_id=done) if done else None,
    )


def _chips(place: Place, move: Move, form: MovementForm) -> list[Chip]:
    if move.source is None:
        return []
    asset = form["asset"].value() or move.target.base_asset
    parts: list[tuple[Part, str]] = [
        (part, f"{part.label} of what {move.source.name} has free") for part in (QUARTER, HALF, ALL)
    ]
    if move.wallet.target is not None:
        parts.append((TO_TARGET, f"What brings {move.wallet.name} to its target"))
    return [Chip(part.label, place.with_tab(place.tab, asset=asset, amount=part.label), title) for part, title in parts]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
