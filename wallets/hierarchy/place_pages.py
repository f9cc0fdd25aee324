"""The pages on which a master or a reserve is put away, taken back and given another place."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from kit.errors import MoniqoError
from kit.forms import explain
from kit.http import missing_is_404, owner_of
from wallets.hierarchy import archiving, places
from wallets.models import Wallet


class PlaceForm(forms.Form):
    """The master that a reserve stands under from now on."""

    parent = forms.ModelChoiceField(Wallet.objects.none(), label="Master", empty_label=None)

    def __init__(self, *args: Any, wallet: Wallet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        field = self.fields["parent"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = Wallet.objects.filter(
            owner_id=wallet.owner_id,
            role=Wallet.Role.MASTER,
            archived_at=None,
            base_asset=wallet.base_asset,
            connection=wallet.connection_id,
        ).exclude(children=wallet)


@login_required
@require_http_methods(["GET", "POST"])
def archive(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say what archiving does, then do it."""
    owner_id, back = owner_of(request), f"{reverse('wallets:tree')}?wallet={pk}&tab=settings"
    with missing_is_404():
        wallet = places.get_wallet(owner_id=owner_id, wallet_id=pk)
    if request.method == "POST":
        try:
            archiving.archive_wallet(owner_id=owner_id, wallet_id=pk)
        except MoniqoError as error:
            messages.error(request, str(error))
            return redirect(back)
        messages.success(request, f"{wallet.name} is archived: it stands below the tree.")
        return redirect("wallets:tree")
    title = f"Archive {wallet.name}"
    text = (
        "It stands in no list any more and takes no money; its history stays, and it can be restored. It is refused "
        "while it holds money, while an order of it has not ended, and while wallets stand under it."
    )
    context = {"title": title, "verb": title, "text": text, "cancel_url": back, "action": request.path, "danger": True}
    return render(request, "components/confirm_page.html", context)


@login_required
@require_POST
def restore(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take it back."""
    try:
        with missing_is_404():
            wallet = archiving.restore_wallet(owner_id=owner_of(request), wallet_id=pk)
    except MoniqoError as error:
        messages.error(request, str(error))
        return redirect("wallets:wallet", pk=pk)
    messages.success(request, f"{wallet.name} is back.")
    return redirect("wallets:wallet", pk=pk)


@login_required
@require_http_methods(["GET", "POST"])
def place(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for the other master of a reserve, then put it there."""
    owner_id = owner_of(request)
    with missing_is_404():
        wallet = places.get_wallet(owner_id=owner_id, wallet_id=pk)
    form = PlaceForm(request.POST or None, wallet=wallet)
    if form.is_valid():
        try:
            archiving.move_wallet(owner_id=owner_id, wallet_id=pk, parent_id=form.cleaned_data["parent"].pk)
        except MoniqoError as error:
            explain(form, error, otherwise="parent", renamed={"parent_id": "parent"})
        else:
            messages.success(request, f"{wallet.name} stands under {form.cleaned_data['parent']} now.")
            return redirect("wallets:wallet", pk=pk)
    context = {
        "form": form,
        "title": f"Move {wallet.name}",
        "text": "Its money and its past come along: what it holds is a flow of both masters, and nobody's profit.",
        "cancel_url": f"{reverse('wallets:tree')}?wallet={pk}&tab=settings",
        "verb": "Move it",
    }
    return render(request, "components/form_page.html", context, status=422 if form.is_bound else 200)
