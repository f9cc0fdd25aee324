"""The page that promotes an agent from paper to a real account; it works without JavaScript."""

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from farms.models import Farm
from farms.selectors.promotions import Standing, standing_of
from farms.services.promoting import REASON_LENGTH, VALID, Override, promotable, promote_agent
from kit.errors import MoniqoError
from kit.forms import TextField, explain
from kit.http import missing_is_404, owner_of
from kit.limits import KEY_LENGTH


class PromotionForm(forms.Form):
    """Where to and under which name; where no verdict is in favour, what the owner types to do it nevertheless."""

    farm = forms.ModelChoiceField(Farm.objects.none(), label="Farm at a real account", empty_label=None)
    name = TextField(max_length=80)
    override = TextField(required=False, max_length=200)
    reason = TextField(
        required=False, max_length=REASON_LENGTH, label="Why, in your own words", help_text="It is kept."
    )
    key = TextField(widget=forms.HiddenInput, max_length=KEY_LENGTH, initial=uuid4)

    def __init__(self, given: QueryDict | None, *, standing: Standing) -> None:
        super().__init__(given, initial={"name": standing.agent.name})
        self.label_suffix = ""
        farm = self.fields["farm"]
        assert isinstance(farm, forms.ModelChoiceField)  # noqa: S101 - declared above
        farm.queryset = Farm.objects.filter(pk__in=[one.pk for one in promotable(standing.agent)]).order_by("name")
        if standing.lacks:
            self.fields["override"].label = f"Type: {standing.override_words}"
        else:
            del self.fields["override"], self.fields["reason"]

    @property
    def given(self) -> dict[str, Any]:
        """What the service takes."""
        told = self.cleaned_data
        override = Override(told["override"], told["reason"]) if "override" in told else None
        return {"farm_id": told["farm"].pk, "name": told["name"], "key": told["key"], "override": override}


@login_required
@require_http_methods(["GET", "POST"])
def promote(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say what stands for the agent, and hire its copy at a real account."""
    owner_id = owner_of(request)
    with missing_is_404():
        standing = standing_of(owner_id=owner_id, agent_id=pk)
    form = PromotionForm(request.POST or None, standing=standing)
    if form.is_valid():
        try:
            copy = promote_agent(owner_id=owner_id, agent_id=pk, **form.given)
        except MoniqoError as error:
            explain(form, error, renamed={"farm_id": "farm"})
        else:
            messages.success(request, f"{copy.name} is hired, paused. Allocate money to it, then start it.")
            return redirect("farms:agent", pk=copy.pk)
    context = {"form": form, "standing": standing, "agent": standing.agent, "days": VALID.days}
    return render(request, "farms/promote.html", context, status=422 if form.is_bound else 200)
