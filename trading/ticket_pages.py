"""The order ticket: an order by hand is written down, reviewed as the gate sees it, and placed."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from kit.errors import InvalidInputError, MoniqoError, NotFoundError
from kit.forms import explain
from kit.http import missing_is_404, owner_of
from kit.sentences import quoted, sentence
from markets.models import Instrument
from trading import services
from trading.forms import TicketForm
from trading.models import Order
from trading.orders.intents import Terms
from trading.risk.sizing import Sizing
from trading.selectors import limits
from wallets.models import Wallet

BY_HAND = "Placed by hand."


@dataclass(frozen=True, slots=True)
class Review:
    """What the order would do, and the fields that place it as it stands, whatever its size was said in."""

    preview: services.Preview
    fields: dict[str, str]


@login_required
@require_http_methods(["GET", "POST"])
def ticket(request: HttpRequest) -> HttpResponse:
    """Choose a wallet, write the order down, review it, place it: one address, and nothing is placed unseen."""
    owner_id = owner_of(request)
    wallets = Wallet.objects.filter(owner_id=owner_id, archived_at=None).exclude(role__in=Wallet.IDLE)
    asked = request.POST.get("wallet") or request.GET.get("wallet", "")
    if not asked:
        rows = wallets.order_by("parent__name", "name").values_list("pk", "parent__name", "name")
        choices = [(pk, f"{farm} · {name}" if farm else name) for pk, farm, name in rows]
        return render(request, "trading/ticket_wallet.html", {"choices": choices})
    with missing_is_404():
        wallet = _wallet(owner_id, asked)
    path = limits.wallet_limits(owner_id=owner_id, wallet_id=wallet.pk)
    given = {name: request.GET.get(name, "") for name in ("symbol", "side") if request.GET.get(name)}
    form = TicketForm(request.POST if request.method == "POST" else None, initial=given, label_suffix="")
    review, wrong = None, ""
    if form.is_valid():
        try:
            instrument = _instrument(wallet, form.cleaned_data["symbol"])
            if request.POST.get("step") != "place":
                review = _review(form, wallet, instrument, key=str(uuid4()))
            elif _is_confirmed(request, wallet):
                return _place(request, form, wallet, instrument)
            else:
                wrong = f"Type {wallet.name} as it is written."
                review = _review(form, wallet, instrument, key=request.POST.get("key", ""))
        except MoniqoError as error:
            explain(form, error)
    offered = path.choices if path.allowed_symbols is None else path.allowed_symbols
    context: dict[str, Any] = {"form": form, "wallet": wallet, "review": review, "wrong": wrong}
    context |= {"offered": offered[:200], "obstacle": path.obstacle}
    is_wrong = bool(form.errors or wrong)
    return render(request, "trading/ticket.html", context, status=422 if is_wrong else 200)


def _wallet(owner_id: UUID, asked: str) -> Wallet:
    try:
        wallet_id = UUID(asked)
    except ValueError:
        raise NotFoundError("There is no such wallet.") from None
    rows = Wallet.objects.select_related("connection__platform", "parent").filter(owner_id=owner_id, archived_at=None)
    wallet = rows.filter(pk=wallet_id).exclude(role__in=Wallet.IDLE).first()
    if wallet is None:
        raise NotFoundError("There is no such wallet.")
    return wallet


def _instrument(wallet: Wallet, symbol: str) -> Instrument:
    found = Instrument.objects.filter(venue=wallet.connection.venue, symbol=symbol.strip().upper()).first()
    if found is None:
        told = f"{wallet.connection.name} does not list {symbol}."
        raise InvalidInputError(told, fields={"symbol": "Not listed at the wallet's venue."})
    return found


def _terms(form: TicketForm, quantity: Decimal) -> Terms:
    said = form.cleaned_data
    return Terms(
        said["side"],
        quantity,
        sentence("{said}", said=quoted(said["why"])) if said["why"] else BY_HAND,
        exit_stop=said["exit_stop"],
        exit_target=said["exit_target"],
        exit_trail=said["exit_trail"],
    )


def _review(form: TicketForm, wallet: Wallet, instrument: Instrument, *, key: str) -> Review:
    """The order as it would be placed: its quantity is fixed from here on."""
    said = form.cleaned_data
    quantity = services.quantity_of(
        wallet=wallet,
        instrument=instrument,
        side=said["side"],
        sizing_by=said["sizing_by"],
        size=form.size_now(),
        stop=said["exit_stop"],
    )
    if quantity <= 0:
        raise InvalidInputError("That is less than one lot: give more.", fields={"how_much": "Less than one lot."})
    preview = services.preview_order(wallet=wallet, instrument=instrument, terms=_terms(form, quantity))
    exact = {"how_much": quantity} | form.levels()
    fields = {name: "" if value is None else form.fields[name].prepare_value(value) for name, value in exact.items()}
    fields |= {name: said[name] for name in ("symbol", "side", "why")}
    fields |= {"sizing_by": Sizing.QUANTITY.value, "wallet": str(wallet.pk), "key": key, "step": "place"}
    return Review(preview, fields)


def _is_confirmed(request: HttpRequest, wallet: Wallet) -> bool:
    return wallet.connection.is_paper or request.POST.get("typed", "").strip() == wallet.name


def _place(request: HttpRequest, form: TicketForm, wallet: Wallet, instrument: Instrument) -> HttpResponse:
    terms = _terms(form, form.size_now())
    order: Order = services.place_order(
        wallet=wallet,
        instrument=instrument,
        side=terms.side,
        quantity=terms.quantity,
        key=f"page:{request.POST.get('key', '')[:64]}",
        reason=terms.reason,
        exit_stop=terms.exit_stop,
        exit_target=terms.exit_target,
        exit_trail=terms.exit_trail,
    )
    if order.is_refused:
        messages.error(request, f"The gate refused the order: {order.refusal}")
    else:
        messages.success(request, "The order is on its way: this page says how it goes.")
    return redirect("trading:order", pk=order.pk)
