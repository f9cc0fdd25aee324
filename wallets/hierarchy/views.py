"""The wallet pages: the tree with its inspector, one wallet, and the steps of a movement of money.

A movement is asked for in the form on either page, which shows in place what it would change; the review says it again
and is confirmed (a POST with the key and the seal that the review made). Each step is an address of its own and works
without JavaScript; with it the review opens as a dialog and the answers come back into the form.
"""

from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import retarget, trigger_client_event

from kit import display
from kit.errors import ConflictError, MoniqoError
from kit.forms import explain
from kit.http import HtmxRequest, add_toast, missing_is_404, owner_of, vary, wants_part
from wallets.hierarchy import movements, pages, places, transfers, undoing
from wallets.hierarchy.forms import MovementForm, ReserveForm, SettingsForm, WalletForm
from wallets.hierarchy.review import carry_out, confirmation, said
from wallets.hierarchy.transfers import TREE, WALLET, Place
from wallets.hierarchy.tree import WalletNode, wallet_tree
from wallets.ledger import statements
from wallets.models import Connection, FundAllocation, Wallet
from wallets.sync.listing import BRIDGES
from wallets.sync.runs import request_sync

# --- the pages ------------------------------------------------------------------------------------------------------


@login_required
@require_GET
def tree(request: HtmxRequest) -> HttpResponse:
    """All wallets and the inspector of one; `?wallet=…&tab=…` says which, `&amount=…` fills its form in."""
    nodes = wallet_tree(owner_id=owner_of(request))
    place = pages.chosen(request, nodes)
    if place and wants_part(request) and request.htmx.target == pages.FORM and place.tab != pages.SETTINGS:
        return pages.page_with(request, nodes, place)
    return pages.tree_page(request, nodes, place)


@login_required
@require_GET
def wallet(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """One wallet with its statement; `?tab=…&amount=…` fills the form in, a master's for its farm `&child=…`."""
    nodes = wallet_tree(owner_id=owner_of(request))
    place = pages.place_of(nodes, pages.find(nodes, pk), WALLET, request.GET)
    if wants_part(request) and request.htmx.target == pages.FORM:
        return pages.page_with(request, nodes, place)
    return pages.wallet_page(request, nodes, place)


@login_required
@require_GET
def posting(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry of the books with all that was moved by the same request, and what it was for."""
    with missing_is_404():
        found = statements.posting_page(owner_id=owner_of(request), posting_id=pk)
    return render(request, "wallets/posting.html", {"found": found})


# --- moving money ---------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def move(request: HtmxRequest, pk: UUID, action: str) -> HttpResponse:
    """GET reviews what the movement would do, POST with the review's key and seal does it."""
    owner_id = owner_of(request)
    nodes = wallet_tree(owner_id=owner_id)
    sent = request.POST if request.method == "POST" else request.GET
    place = pages.place_of_move(nodes, pk, action, sent)
    asked = pages.move_at(nodes, place)
    key = request.POST.get("key", "")
    already = movements.asked_with(owner_id=owner_id, key=key) if key else None
    if already is not None:
        return _done(request, place, already)
    form = transfers.asked_form(asked, sent)
    plan = transfers.try_plan(owner_id=owner_id, move=asked, form=form)
    if plan is None:
        return _refused(request, place, form)
    if request.method == "GET":
        context = confirmation(plan) | {"action": request.path, "cancel_url": place.address}
        context |= {"target": "#dialog", "sync": "body:queue all"}
        context["hidden"] += place.fields.items()
        return vary(render(request, "components/confirm.html" if request.htmx else "wallets/review.html", context))
    try:
        done = carry_out(owner_id=owner_id, plan=plan, key=key, seal=request.POST.get("seal", ""))
    except ConflictError as error:
        return _told(request, str(error), lambda: _refused(request, place, form))
    except MoniqoError as error:
        transfers.refuse(form, error, asked)
        return _refused(request, place, form)
    return _done(request, place, done)


@login_required
@require_POST
def undo(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """Take a movement back, and come back to the form that offered it."""
    owner_id = owner_of(request)
    nodes = wallet_tree(owner_id=owner_id)
    page = WALLET if request.POST.get("at") == WALLET else TREE
    place = pages.place_of(nodes, pages.find(nodes, request.POST.get("wallet", "")), page, request.POST)
    with missing_is_404():
        try:
            back = undoing.undo(owner_id=owner_id, allocation_id=pk)
        except ConflictError as error:
            return _told(request, str(error), lambda: pages.page_with(request, nodes, place, done=pk, status=422))
    if not request.htmx:
        messages.success(request, said(back))
    return _answer(request, place, said(back), done=None)


def _done(request: HtmxRequest, place: Place, done: FundAllocation) -> HttpResponse:
    return _answer(request, place, said(done), done=done.pk)


def _answer(request: HtmxRequest, place: Place, sentence: str, *, done: UUID | None) -> HttpResponse:
    """The form with fresh figures after money has moved, and word to everything else on the page."""
    if not request.htmx:
        return redirect(f"{place.with_tab(place.tab, **({'done': str(done)} if done else {}))}#inspector")
    nodes = wallet_tree(owner_id=owner_of(request))
    response = _in_place(pages.page_with(request, nodes, place, done=done))
    trigger_client_event(response, "live:wallets")
    add_toast(response, sentence)
    return response


def _refused(request: HtmxRequest, place: Place, form: MovementForm) -> HttpResponse:
    """The form with what is wrong with it and fresh figures; htmx puts it where the form is, not into the dialog."""
    nodes = wallet_tree(owner_id=owner_of(request))
    response = pages.page_with(request, nodes, place, form=form, status=422)
    return _in_place(response) if request.htmx else response


def _told(request: HtmxRequest, sentence: str, show: Callable[[], HttpResponse]) -> HttpResponse:
    """What is refused for what happened elsewhere is said beside the form, which soon fetches itself again."""
    if not request.htmx:
        messages.error(request, sentence)
        return show()
    response = show()
    add_toast(response, sentence, "bad")
    return response


def _in_place(response: HttpResponse) -> HttpResponse:
    # Closed after the swap: until then the cursor is in the dialog, and a field that has it keeps what was typed.
    trigger_client_event(response, "dialog:close", after="settle")
    response = retarget(response, f"#{pages.FORM}")
    response["HX-Reswap"] = "morph:outerHTML"
    return response


# --- making and changing wallets ------------------------------------------------------------------------------------


@login_required
@require_POST
def settings(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """Store name, target, minimum balance and trading state of a wallet."""
    owner_id = owner_of(request)
    nodes = wallet_tree(owner_id=owner_id)
    node = pages.find(nodes, pk)
    place = Place(TREE, pk, pages.SETTINGS)
    form = SettingsForm(request.POST, node=node)
    if form.is_valid():
        try:
            places.update_wallet(
                owner_id=owner_id,
                wallet_id=pk,
                name=form.cleaned_data["name"],
                target_weight=form.target_weight,
                trading_state=form.state,
                minimum_balance=form.minimum,
                maximum_balance=form.ceiling,
            )
        except MoniqoError as error:
            explain(form, error, renamed={"target_weight": "target_percent"})
        else:
            messages.success(request, f"{form.cleaned_data['name']} is saved.")
            return redirect(place.address)
    return pages.tree_page(request, nodes, place, settings=form, status=422)


@login_required
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """A new master, or a reserve `?under=` one. The wallets of farms and agents are made with their farm or agent."""
    owner_id = owner_of(request)
    if "under" in request.GET:
        return _create_reserve(request, pages.find(wallet_tree(owner_id=owner_id), request.GET["under"]))
    if not Connection.objects.filter(owner_id=owner_id).exists():
        messages.info(request, "A master wallet stands for an account: open one first.")
        return redirect("wallets:connection-create")
    present = Wallet.objects.filter(owner_id=owner_id, role=Wallet.Role.MASTER, archived_at=None).order_by("created_at")
    usual = present.values_list("base_asset", flat=True).first() or display.current().currency
    form = WalletForm(
        request.POST or None,
        owner_id=owner_id,
        base_asset=usual,
        offered={*BRIDGES, display.current().currency},
        initial={"connection": request.GET.get("connection")},
    )
    if form.is_valid():
        try:
            made = places.create_wallet(
                owner_id=owner_id,
                name=form.cleaned_data["name"],
                role=Wallet.Role.MASTER.value,
                connection=form.cleaned_data["connection"],
                base_asset=form.cleaned_data["base_asset"] or usual,
            )
        except MoniqoError as error:
            explain(form, error)
        else:
            if not made.connection.is_paper:
                return _first_look(request, made)
            messages.success(request, f"{made.name} is there; it has no money yet.")
            return redirect(Place(TREE, made.pk, "deposit").address)
    masters = Wallet.objects.filter(owner_id=owner_id, role=Wallet.Role.MASTER)
    context = {"form": form, "masters": masters}
    return render(request, "wallets/create.html", context, status=422 if form.is_bound else 200)


def _first_look(request: HttpRequest, master: Wallet) -> HttpResponse:
    """Of a real account: what is there shows up with the next sync, and is taken on the connection's page."""
    with suppress(ConflictError):  # a paused connection is synced when it is active again
        request_sync(owner_id=owner_of(request), connection_id=master.connection_id)
    messages.success(request, f"{master.name} is there. What the account holds shows up here: take it into the wallet.")
    return redirect("wallets:connection", pk=master.connection_id)


def _create_reserve(request: HttpRequest, master: WalletNode) -> HttpResponse:
    owner_id = owner_of(request)
    form = ReserveForm(request.POST or None)
    if form.is_valid():
        try:
            made = places.create_wallet(
                owner_id=owner_id,
                name=form.cleaned_data["name"],
                role=Wallet.Role.RESERVE.value,
                parent=places.get_wallet(owner_id=owner_id, wallet_id=master.id),
            )
        except MoniqoError as error:
            explain(form, error)
        else:
            messages.success(request, f"{made.name} is there; what {master.name} gives it stays out of trading.")
            return redirect(Place(TREE, made.pk, "allocate").address)
    context = {"form": form, "under": master}
    return render(request, "wallets/create.html", context, status=422 if form.is_bound else 200)
