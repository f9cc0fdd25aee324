"""The inbox. Every action is a form that also works without JavaScript; with it the list fetches itself anew."""

from datetime import timedelta
from typing import Final, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from kit import clock
from kit.alerts import selectors, services
from kit.alerts.forms import FilterForm
from kit.alerts.selectors import Filters
from kit.errors import InvalidInputError
from kit.http import HtmxRequest, missing_is_404, owner_of, page_or_part
from kit.users.models import User

MUTES: Final = {"hour": ("1 hour", timedelta(hours=1)), "day": ("1 day", timedelta(days=1)), "good": ("for good", None)}
TOAST_KINDS: Final = {"critical": "bad", "warning": "warn", "info": ""}


@login_required
@require_GET
def inbox(request: HtmxRequest) -> HttpResponse:
    """One of the four tabs, filtered by severity and kind."""
    user = cast("User", request.user)
    tab = request.GET.get("tab", "")
    tab = tab if tab in selectors.TABS else selectors.OPEN
    filters = Filters.parse(request.GET.dict())
    counts = selectors.counts(user_id=user.pk, is_operator=user.is_staff)
    form = FilterForm(initial={"level": filters.level, "kind": filters.kind})
    context = {
        "page": selectors.inbox(
            user_id=user.pk, is_operator=user.is_staff, tab=tab, filters=filters, page=request.GET.get("page")
        ),
        "mutes": selectors.list_mutes(user_id=user.pk) if tab == selectors.MUTED else (),
        "tab": tab,
        "tab_label": selectors.TABS[tab],
        "current_tab": "" if tab == selectors.OPEN else tab,
        "places": [
            ("" if name == selectors.OPEN else name, f"{label} {counts[name]}" if counts.get(name) else label)
            for name, label in selectors.TABS.items()
        ],
        "form": form,
        "given": filters,
        "filters": _chips(form, filters),
        "left_out": filters.left_out,
        "mute_choices": [(name, label) for name, (label, _) in MUTES.items()],
    }
    return page_or_part(request, "alerts/inbox.html", "list", context)


@login_required
@require_POST
def acknowledge(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """Take note of one."""
    with missing_is_404():
        services.acknowledge(user_id=owner_of(request), alert_id=pk)
    return _done(request, "The alert is acknowledged.")


@login_required
@require_POST
def acknowledge_all(request: HtmxRequest) -> HttpResponse:
    """Take note of all that the list's filters show."""
    filters = Filters.parse(request.POST.dict())
    if filters.left_out:  # or more would be acknowledged than was shown
        messages.error(request, f"Nothing is acknowledged. {filters.left_out}")
        return _back(request)
    count = services.acknowledge_all(user_id=owner_of(request), level=filters.level, kind=filters.kind)
    return _done(request, f"{count} alert{'s are' if count != 1 else ' is'} acknowledged.")


@login_required
@require_POST
def resolve(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """Call one settled."""
    with missing_is_404():
        services.resolve_by_hand(user_id=owner_of(request), alert_id=pk)
    return _done(request, "The alert is settled. It comes back if its cause does.")


@login_required
@require_POST
def mute(request: HtmxRequest) -> HttpResponse:
    """Hear nothing of a key or a kind for a while, or for good."""
    words, length = MUTES.get(request.POST.get("for", ""), MUTES["hour"])
    until = clock.now() + length if length else None
    try:
        services.mute(user_id=owner_of(request), key=request.POST.get("key", ""), until=until)
    except InvalidInputError as error:
        if not request.htmx:
            messages.error(request, str(error))
        return _back(request)
    return _done(request, f"Muted {words if length is None else f'for {words}'}: it is still written down.")


@login_required
@require_POST
def unmute(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """Hear of it again."""
    with missing_is_404():
        services.unmute(user_id=owner_of(request), mute_id=pk)
    return _done(request, "You hear of it again.")


@login_required
@require_GET
def toast(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """The toast of an alert that was just raised; nothing once it is acknowledged, muted or over."""
    row = selectors.open_alert(user_id=owner_of(request), alert_id=pk)
    if row is None:
        return HttpResponse(status=204)
    return render(request, "alerts/toast.html", {"row": row, "kind": TOAST_KINDS[row.level]})


def _chips(form: FilterForm, filters: Filters) -> list[tuple[str, str, str]]:
    """The filters that are on, in words."""
    given = (("level", filters.level), ("kind", filters.kind))
    return [
        (name, str(form.fields[name].label), dict(form.fields[name].choices)[value])  # type: ignore[attr-defined]
        for name, value in given
        if value
    ]


def _done(request: HtmxRequest, said: str) -> HttpResponse:
    """With JavaScript the list and the bell hear that something changed; without it the page is loaded anew."""
    if request.htmx:
        answer = HttpResponse(status=204)
        trigger_client_event(answer, "live:alerts")
        return answer
    messages.success(request, said)
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    """To the list that the form stood in, if it is one of ours."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = reverse("alerts:inbox")
    return redirect(target)
