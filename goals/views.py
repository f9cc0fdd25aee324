"""The pages of goals: the board, one goal, the card of them on other pages, and the steps of the wizard."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from goals import charts, drafts, pages, selectors, services
from goals.models import OPEN, Goal
from goals.templates import TEMPLATES
from goals.wizard import Wizard
from kit.errors import MoniqoError
from kit.http import HtmxRequest, missing_is_404, owner_of, page_or_part
from kit.paging import Pages
from trading.selectors.trades import trade_row
from wallets.hierarchy.places import get_wallet
from wallets.models import Wallet

PER_PAGE: Final = 24
TRADES_SHOWN: Final = 10
ON_A_CARD: Final = 4
STATUSES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "": ("Open", OPEN),
    "achieved": ("Achieved", (Goal.Status.ACHIEVED,)),
    "missed": ("Missed", (Goal.Status.MISSED,)),
    "cancelled": ("Cancelled", (Goal.Status.CANCELLED,)),
    "all": ("All", (*OPEN, *selectors.ENDED)),
}
SPANS: Final = (("", "To the deadline"), ("now", "So far"))


@login_required
@require_GET
def board(request: HtmxRequest) -> HttpResponse:
    """Goals, worst first; `?status=…` and `?wallet=…` say which."""
    owner_id = owner_of(request)
    status = request.GET.get("status", "")
    status = status if status in STATUSES else ""
    wallets = list(Wallet.objects.filter(owner_id=owner_id).exclude(role__in=Wallet.IDLE).order_by("created_at"))
    wallet_id = next((wallet.pk for wallet in wallets if str(wallet.pk) == request.GET.get("wallet")), None)
    rows = selectors.Board(owner_id=owner_id, status=STATUSES[status][1], wallet_id=wallet_id)
    context = {
        "page": Pages(rows, PER_PAGE).get_page(request.GET.get("page")),
        "has_goals": bool(rows) or Goal.objects.filter(owner_id=owner_id).exists(),
        "has_wallets": bool(wallets),
        "wallets": wallets,
        "wallet_id": wallet_id,
        "status": status,
        "statuses": [(value, label) for value, (label, _) in STATUSES.items()],
        "totals": selectors.totals(owner_id=owner_id),
        "templates": TEMPLATES.values(),
    }
    return page_or_part(request, "goals/board.html", "board", context)


@login_required
@require_GET
def card(request: HtmxRequest) -> HttpResponse:
    """The worst of the open goals, for other pages: of all, or of those that `?wallet=…` works for."""
    with missing_is_404(ValueError):
        wallet_id = UUID(text) if (text := request.GET.get("wallet", "")) else None
        if wallet_id is not None:
            get_wallet(owner_id=owner_of(request), wallet_id=wallet_id)
    rows = selectors.open_rows(owner_id=owner_of(request), wallet_id=wallet_id)
    context = {"rows": rows[:ON_A_CARD], "more": len(rows) - ON_A_CARD, "wallet_id": wallet_id}
    return render(request, "goals/small.html", context)


@login_required
@require_GET
def goal(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """One goal: where it stands, what it is made of, and what it would move or has moved."""
    owner_id = owner_of(request)
    with missing_is_404():
        page = pages.goal_page(owner_id=owner_id, goal_id=pk)
    span = request.GET.get("span", "")
    of_fills = page.row.metric.source == "fills"
    behind = selectors.fills if of_fills else selectors.trades
    trades = Pages(behind(owner_id=owner_id, goal_id=pk), TRADES_SHOWN).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "row": page.row,
        "chart": charts.course(page.row, page.points, page.projection, to_the_end=span != "now"),
        "listed": pages.listed(page),
        "trades": trades,
        "of_fills": of_fills,
        "rows": () if of_fills else [trade_row(position) for position in trades.object_list],
        "span": span if span == "now" else "",
        "spans": SPANS,
    }
    return page_or_part(request, "goals/goal.html", "goal", context)


# --- what is done with one -------------------------------------------------------------------------------------------

_SWITCHES: Final = {
    "start": (services.activate, "{name} is under way."),
    "pause": (services.pause, "{name} is paused: it counts on and does not end."),
    "resume": (services.resume, "{name} goes on."),
}


@login_required
@require_POST
def switch(request: HttpRequest, pk: UUID, action: str) -> HttpResponse:
    """Start a draft, pause a goal, or let it go on."""
    does, said = _SWITCHES[action]
    try:
        with missing_is_404():
            changed = does(owner_id=owner_of(request), goal_id=pk)
        messages.success(request, said.format(name=changed.name))
    except MoniqoError as error:
        messages.error(request, str(error))
    return redirect("goals:goal", pk=pk)


@login_required
@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask, and end it with nothing done."""
    with missing_is_404():
        found = selectors.get_goal(owner_id=owner_of(request), goal_id=pk)
    back = reverse("goals:goal", args=[pk])
    if request.method == "POST":
        try:
            services.cancel(owner_id=owner_of(request), goal_id=pk)
            messages.success(request, f"{found.name} is cancelled. Nothing was moved.")
        except MoniqoError as error:
            messages.error(request, str(error))
        return redirect(back)
    title = f"Cancel {found.name}"
    text = "It ends now, and none of its actions is done. Its history stays; duplicate it to begin again."
    context = {"title": title, "text": text, "verb": "Cancel the goal", "danger": True}
    return render(request, "components/confirm_page.html", context | {"cancel_url": back, "action": request.path})


# --- the wizard ------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The steps to a new goal.

    `?template=…` begins with one of these, `?like=…` with another goal, `?wallet=…` with who works for it.
    """
    owner_id = owner_of(request)
    if not Wallet.objects.filter(owner_id=owner_id).exists():
        messages.info(request, "A goal needs a wallet that works for it: make that first.")
        return redirect("wallets:create")
    if request.method == "POST":
        return _step(request, Wizard.sent(owner_id, request.POST))
    return _show(request, Wizard.begun(owner_id, _beginning(request)))


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The same steps for a goal that has not ended."""
    owner_id = owner_of(request)
    with missing_is_404():
        found = selectors.get_goal(owner_id=owner_id, goal_id=pk)
    if not found.is_open:
        messages.error(request, f"{found.name} has ended: duplicate it to go on with its settings.")
        return redirect("goals:goal", pk=pk)
    if request.method == "POST":
        return _step(request, Wizard.sent(owner_id, request.POST, goal=found))
    return _show(request, Wizard.begun(owner_id, drafts.told(found), goal=found))


def _beginning(request: HttpRequest) -> dict[str, Any]:
    """What a new goal begins with, as `drafts.check` takes it."""
    asked: QueryDict = request.GET
    if like := asked.get("like"):
        with missing_is_404(ValueError):
            told = drafts.told(selectors.get_goal(owner_id=owner_of(request), goal_id=UUID(like)))
        return pages.duplicated(told)
    told = pages.from_template(owner_of(request), TEMPLATES.get(asked.get("template", "")))
    if wallet := asked.get("wallet"):
        told["scope"] = [wallet]
    return told


def _step(request: HttpRequest, wizard: Wizard) -> HttpResponse:
    made = wizard.go(request.POST.get("go", "next"))
    if made is None:
        return _show(request, wizard)
    is_draft = made.status == Goal.Status.DRAFT
    said = "is saved" if wizard.goal else "is kept as a draft" if is_draft else "is under way"
    messages.success(request, f"{made.name} {said}.")
    return redirect("goals:goal", pk=made.pk)


def _show(request: HttpRequest, wizard: Wizard) -> HttpResponse:
    context = {"wizard": wizard, "templates": TEMPLATES.values() if wizard.offers_templates else ()}
    return render(request, "goals/wizard.html", context, status=422 if wizard.is_refused else 200)
