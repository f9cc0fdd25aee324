"""Taking farms and agents back, and moving them: the pages of `farms.services.placing`."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from farms import services
from farms.kinds import may_have
from farms.models import Agent, Farm
from kit.errors import MoniqoError
from kit.forms import TextField, explain
from kit.http import missing_is_404, owner_of
from kit.limits import KEY_LENGTH
from wallets.models import Wallet

FREE: Final = "free"  # the choice of no farm


class PlaceForm(forms.Form):
    """Where to: one of the places that there are."""

    place = forms.ModelChoiceField(Wallet.objects.none(), label="To", empty_label=None)

    def __init__(self, *args: Any, places: Any, label: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        field = self.fields["place"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset, field.label = places, label


class AgentPlaceForm(forms.Form):
    """A farm, or the pool of free agents: somebody says which. Who presses the button twice moves once.

    `offered` of the `farms` are shown; what is sent of the others is answered by who moves agents, in words.
    """

    place = forms.ChoiceField(
        label="Farm", error_messages={"required": "Choose a farm, or none.", "invalid_choice": "Choose one of these."}
    )
    key = TextField(widget=forms.HiddenInput, max_length=KEY_LENGTH, initial=uuid4)

    def __init__(
        self, given: QueryDict | None, *, farms: Sequence[Farm], offered: Sequence[Farm], may_be_freed: bool
    ) -> None:
        super().__init__(given, label_suffix="")
        self._farms = {str(farm.pk): farm for farm in farms}
        field = self.fields["place"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        freed = [(FREE, "None: a free agent")]
        field.choices = [*((pk, farm.name) for pk, farm in self._farms.items()), *freed]
        shown = [("", "Choose"), *((str(farm.pk), farm.name) for farm in offered), *(freed if may_be_freed else ())]
        field.widget.choices = shown

    def clean_place(self) -> Farm | None:
        """The farm; None to free it."""
        return self._farms.get(self.cleaned_data["place"])


@login_required
@require_POST
def restore_farm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take an archived farm back."""
    return _do(request, reverse("farms:farm", args=(pk,)), lambda: services.restore_farm(
        owner_id=owner_of(request), farm_id=pk
    ))  # fmt: skip


@login_required
@require_POST
def restore_agent(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take an archived agent back."""
    return _do(request, reverse("farms:agent", args=(pk,)), lambda: services.restore_agent(
        owner_id=owner_of(request), agent_id=pk
    ))  # fmt: skip


@login_required
@require_http_methods(["GET", "POST"])
def move_farm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for another master of the same account, then put the farm under it."""
    owner_id = owner_of(request)
    farm = Farm.objects.select_related("wallet").filter(owner_id=owner_id, pk=pk).first()
    if farm is None or farm.is_pool:
        raise Http404("There is no such farm.")
    masters = Wallet.objects.filter(
        owner_id=owner_id,
        role=Wallet.Role.MASTER,
        archived_at=None,
        base_asset=farm.wallet.base_asset,
        connection=farm.wallet.connection_id,
    ).exclude(children=farm.wallet)
    form = PlaceForm(request.POST or None, places=masters, label="Master")
    text = (
        "Its agents, their money and their past come along. What they hold leaves one master and comes to the other as "
        "a flow: it is nobody's profit."
    )
    return _moving(request, form, farm.name, text, reverse("farms:farm", args=(pk,)), lambda place: services.move_farm(
        owner_id=owner_id, farm_id=pk, master_id=place.pk
    ))  # fmt: skip


@login_required
@require_http_methods(["GET", "POST"])
def move_agent(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for another farm of the same master, or none, then let the agent work there, or nowhere."""
    owner_id = owner_of(request)
    agent = Agent.objects.select_related("farm__wallet", "instrument").filter(owner_id=owner_id, pk=pk).first()
    if agent is None:
        raise Http404("There is no such agent.")
    farms = Farm.objects.filter(
        owner_id=owner_id, wallet__parent=agent.farm.wallet.parent_id, wallet__role=Wallet.Role.FARM
    ).exclude(status=Farm.Status.ARCHIVED)
    ready = farms.exclude(status=Farm.Status.REHEARSING).exclude(agents__name__iexact=agent.name)
    offered = [farm for farm in ready.select_related("wallet") if may_have(farm, agent)]
    is_free = agent.farm.is_pool
    form = AgentPlaceForm(request.POST or None, farms=list(farms), offered=offered, may_be_freed=not is_free)
    text = (
        "Its money, its position and its past come along. What it holds leaves one farm and comes to the other as a "
        "flow: it is nobody's profit. A free agent is paused, and trades nothing until it is moved to a farm."
    )
    if not offered:
        text += " No other farm of its master may have it: its strategy or its market fits none, or its name is used."

    def move(_: Any) -> Agent:
        given = form.cleaned_data
        asked: dict[str, Any] = {"owner_id": owner_id, "agent_id": pk, "key": given["key"]}
        if given["place"] is None:
            return services.free_agent(**asked)
        return services.move_agent(**asked, farm_id=given["place"].pk)

    return _moving(request, form, agent.name, text, reverse("farms:agent", args=(pk,)), move)


def _moving(
    request: HttpRequest,
    form: PlaceForm | AgentPlaceForm,
    name: str,
    text: str,
    back: str,
    move: Callable[[Any], Farm | Agent],
) -> HttpResponse:
    if form.is_valid():
        try:
            move(form.cleaned_data["place"])
        except MoniqoError as error:
            explain(form, error, otherwise="place")
        else:
            place = form.cleaned_data["place"]
            messages.success(request, f"{name} is with {place} now." if place else f"{name} is free now, and paused.")
            return redirect(back)
    context = {"form": form, "title": f"Move {name}", "text": text, "cancel_url": back, "verb": "Move it"}
    return render(request, "components/form_page.html", context, status=422 if form.is_bound else 200)


def _do(request: HttpRequest, back: str, work: Callable[[], Farm | Agent]) -> HttpResponse:
    try:
        with missing_is_404():
            done = work()
    except MoniqoError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{done.name} is back, paused and without money: fund it, then start it.")
    return redirect(back)
