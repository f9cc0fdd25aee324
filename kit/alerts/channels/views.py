"""The pages of channels, under Settings. Every action is a form and works without JavaScript."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit.alerts.channels import selectors, services
from kit.alerts.channels.addresses import ASKED
from kit.alerts.channels.forms import WISHES, ChannelForm
from kit.alerts.models import Channel, Delivery
from kit.errors import ConflictError, InvalidInputError
from kit.forms import explain
from kit.http import missing_is_404, owner_of
from kit.users.models import User


@login_required
@require_GET
def channel_list(request: HttpRequest) -> HttpResponse:
    """One's channels, and what was sent to them."""
    owner_id = owner_of(request)
    context = {
        "channels": selectors.list_channels(owner_id=owner_id),
        "page": selectors.list_deliveries(owner_id=owner_id, page=request.GET.get("page")),
        "kinds": [(kind, Channel.Kind(kind).label) for kind in ASKED],
    }
    return render(request, "channels/list.html", context)


@sensitive_post_parameters()
@login_required
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, kind: str) -> HttpResponse:
    """Another channel of this kind."""
    if kind not in ASKED:
        raise Http404
    user = cast("User", request.user)
    form = ChannelForm(request.POST or None, kind=kind, is_operator=user.is_staff)
    if form.is_valid():
        try:
            made = services.make_channel(owner_id=user.pk, kind=kind, address=form.address, **form.wishes)
        except (InvalidInputError, ConflictError) as error:
            explain(form, error)
        else:
            messages.success(request, f"{made.name} is told from now on: send a test.")
            return redirect("channels:list")
    return _form(request, form, Channel.Kind(kind))


@sensitive_post_parameters()
@login_required
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What one is told, and its address entered anew."""
    user = cast("User", request.user)
    with missing_is_404():
        channel = services.find_channel(owner_id=user.pk, channel_id=pk)
    form = _form_of(channel, user, request.POST or None)
    if form.is_valid():
        try:
            services.change_channel(owner_id=user.pk, channel_id=pk, address=form.address or None, **form.wishes)
        except (InvalidInputError, ConflictError) as error:
            explain(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect("channels:list")
    return _form(request, form, Channel.Kind(channel.kind), channel)


@login_required
@require_POST
def test(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Send a test and say what the receiver said."""
    with missing_is_404():
        channel = services.find_channel(owner_id=owner_of(request), channel_id=pk)
    try:
        delivery = services.send_test(owner_id=channel.owner_id, channel_id=pk)
    except ConflictError as error:
        messages.error(request, str(error))
        return redirect("channels:list")
    if delivery.status == Delivery.Status.SENT:
        messages.success(request, f"{channel.name} took the test: {delivery.said}")
    else:
        messages.error(request, f"{channel.name} did not take the test. {delivery.said}")
    return redirect("channels:list")


@never_cache
@login_required
@require_POST
def link(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A code that links one's account at Telegram, shown in this one answer."""
    user = cast("User", request.user)
    with missing_is_404():
        channel = services.find_channel(owner_id=user.pk, channel_id=pk)
    try:
        code, _ = services.make_link_code(owner_id=user.pk, channel_id=pk)
    except ConflictError as error:
        messages.error(request, str(error))
        return redirect("channels:list")
    return _form(request, _form_of(channel, user), Channel.Kind(channel.kind), channel, code=code)


@login_required
@require_POST
def switch(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Pause it, or let it be told again."""
    is_active = request.POST.get("on") == "1"
    with missing_is_404():
        channel = services.change_channel(owner_id=owner_of(request), channel_id=pk, is_active=is_active)
    messages.success(request, f"{channel.name} is {'told again' if is_active else 'paused'}.")
    return redirect("channels:list")


@login_required
@require_POST
def remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Forget it."""
    with missing_is_404():
        name = services.remove_channel(owner_id=owner_of(request), channel_id=pk)
    messages.success(request, f"{name} is removed.")
    return redirect("channels:list")


def _form_of(channel: Channel, user: User, given: QueryDict | None = None) -> ChannelForm:
    initial = {name: getattr(channel, name) for name in WISHES}
    return ChannelForm(given, kind=channel.kind, is_operator=user.is_staff, channel=channel, initial=initial)


def _form(
    request: HttpRequest, form: ChannelForm, kind: Channel.Kind, channel: Channel | None = None, *, code: str = ""
) -> HttpResponse:
    context = {"form": form, "kind": kind.label, "channel": channel, "code": code}
    context["is_linkable"] = channel is not None and kind == Channel.Kind.TELEGRAM
    return render(request, "channels/form.html", context, status=422 if form.errors else 200)
