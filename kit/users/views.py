"""One's own security: the password and the tokens of programs."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from kit.errors import NotFoundError
from kit.http import client_address, owner_of
from kit.users import signals, tokens
from kit.users.forms import PasswordChangeForm, TokenForm
from kit.users.models import Token, User


class PasswordChangeView(auth_views.PasswordChangeView):
    """A new password, which ends every token and all other sessions."""

    form_class = PasswordChangeForm

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        signals.note(form.user, "Password changed", actor=form.user)
        return response


@sensitive_post_parameters("password")
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def token_list(request: HttpRequest) -> HttpResponse:
    """The tokens of one's programs, and a form that makes one; its text is shown in this one answer."""
    user = cast("User", request.user)
    form = TokenForm(request.POST if request.method == "POST" else None, user=user)
    text = ""
    if form.is_valid():
        made = tokens.open_token(
            user,
            kind=Token.Kind.PERSONAL,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            lifetime=form.lifetime,
            address=client_address(request),
        )
        text, form = tokens.access_text(made), TokenForm(user=user)
    context = {"form": form, "text": text, "tokens": tokens.list_tokens(owner_id=user.pk)}
    return render(request, "users/tokens.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def revoke_token(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End one token at once."""
    try:
        token = tokens.revoke_token(owner_id=owner_of(request), token_id=pk)
    except NotFoundError as error:
        raise Http404(str(error)) from error
    messages.success(request, f"{token.name} is revoked: what it signs in with counts no longer.")
    return redirect("users:tokens")
