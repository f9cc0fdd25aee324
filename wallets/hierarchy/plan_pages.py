"""The pages of plans: what is wished for, then the plan with what it would do, applied or taken back.

A wish is a form of three: give to a child, collect from here, bring children back to their targets. Sending one keeps a
plan; its page says line by line what would move. Everything works without JavaScript.
"""

from typing import Any, Final
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit.errors import MoniqoError
from kit.forms import AmountField, PercentField, TextField, explain
from kit.http import missing_is_404, owner_of
from kit.models import MONEY
from wallets.hierarchy import plans, undoing, wishes
from wallets.models import Wallet

AMOUNT, SHARE, UP_TO = "amount", "share", "up_to"
VERBS: Final = {"allocate": "Allocate", "collect": "Collect", "rebalance": "Rebalance"}
SENT: Final = {"target_id": "child", "to_amount": "amount", "share": "percent"}


class GiveForm(forms.Form):
    """To a child: an amount, a part of what is free, or as much as brings it to an amount."""

    child = forms.ModelChoiceField(Wallet.objects.none(), label="To", empty_label=None)
    how = forms.ChoiceField(
        label="How much",
        choices=(
            (AMOUNT, "An amount"),
            (UP_TO, "As much as brings it to an amount"),
            (SHARE, "A part of what is free, in percent"),
        ),
    )
    amount = AmountField(
        label="Amount",
        max_digits=MONEY["max_digits"],
        decimal_places=MONEY["decimal_places"],
        required=False,
        help_text="Not for a part. What it shall come to counts everything below the child.",
    )
    percent = PercentField(label="Percent", max_digits=9, required=False, help_text="For a part of what is free only.")
    note = TextField(label="Note", max_length=200, required=False)

    def wish(self) -> dict[str, Any]:
        asked = self.cleaned_data
        how = asked["how"]
        named = {"share": asked["percent"]} if how == SHARE else {how: asked["amount"]}
        return {"target_id": asked["child"].pk, **named}


class CollectForm(forms.Form):
    """Up from here, alone or with everything below."""

    what = forms.ChoiceField(
        label="What",
        choices=(
            (wishes.FREE, "What is free above the minimum balance"),
            (wishes.PROFIT, "Its profit only, as far as it is free"),
            (wishes.EVERYTHING, "Everything free, other assets too; positions stay unless they are sold first"),
        ),
    )
    below = forms.BooleanField(label="From everything below it too", required=False, initial=True)
    note = TextField(label="Note", max_length=200, required=False)

    def wish(self) -> dict[str, Any]:
        return {"what": self.cleaned_data["what"], "below": self.cleaned_data["below"]}


class RebalanceForm(forms.Form):
    """Children back to their targets."""

    band = PercentField(
        label="Band, %",
        max_digits=9,
        initial=wishes.BAND,
        help_text="Who is no further from its target than this, of the whole, is left alone.",
    )
    note = TextField(label="Note", max_length=200, required=False)

    def wish(self) -> dict[str, Any]:
        return {"band": self.cleaned_data["band"]}


FORMS: Final[dict[str, Any]] = {"allocate": GiveForm, "collect": CollectForm, "rebalance": RebalanceForm}


@login_required
@require_http_methods(["GET", "POST"])
def wish(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask what is wished for, `?do=` says of which kind; then keep the plan and go to it."""
    owner_id = owner_of(request)
    with missing_is_404():
        books = wishes.read_books(owner_id)
        wallet = books.wallet(pk)
    children = books.children(wallet)
    tabs = [do for do in VERBS if do == "collect" or children]
    do = request.GET.get("do", "")
    do = do if do in tabs else tabs[0]
    form = FORMS[do](request.POST or None)
    form.label_suffix = ""
    if isinstance(form, GiveForm):
        field = form.fields["child"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = Wallet.objects.filter(pk__in=[one.pk for one in children])
    if form.is_valid():
        try:
            draft = wishes.draft(books, do=do, wallet_id=pk, **form.wish())
            made = plans.preview(owner_id=owner_id, draft=draft, books=books, note=form.cleaned_data["note"])
        except MoniqoError as error:
            explain(form, error, renamed=SENT)
        else:
            return redirect("wallets:plan", pk=made.allocation.pk)
    context = {"wallet": wallet, "form": form, "wishes": [(one, VERBS[one]) for one in tabs], "do": do}
    return render(request, "wallets/wish.html", context, status=422 if form.is_bound else 200)


@login_required
@require_GET
def plan(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A plan, or what became of it."""
    with missing_is_404():
        found = plans.find(owner_id=owner_of(request), allocation_id=pk)
    context = {
        "plan": found,
        "allocation": found.allocation,
        "key": uuid4().hex,
        "can_undo": undoing.can_be_undone(found.allocation),
    }
    return render(request, "wallets/plan.html", context)


@login_required
@require_POST
def apply(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Carry it out."""
    try:
        with missing_is_404():
            plans.apply(owner_id=owner_of(request), allocation_id=pk, key=request.POST.get("key", ""))
    except MoniqoError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "It is done, all of it at once.")
    return redirect("wallets:plan", pk=pk)


@login_required
@require_POST
def undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take it back."""
    try:
        with missing_is_404():
            undoing.undo(owner_id=owner_of(request), allocation_id=pk)
    except MoniqoError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "It is taken back, all of it at once.")
    return redirect("wallets:plan", pk=pk)
