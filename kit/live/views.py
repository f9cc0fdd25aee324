"""A new token for a page whose stream was closed after its first token had expired."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from kit.live.tokens import TOKEN_SECONDS, issue_token
from kit.users.models import User


@never_cache
@login_required
@require_GET
def token(request: HttpRequest) -> JsonResponse:
    """`{"token", "expires_in"}` (seconds) for the signed-in user."""
    assert isinstance(request.user, User)  # noqa: S101 - login_required has seen to it; this is for the type checker
    return JsonResponse({"token": issue_token(owner_id=request.user.pk), "expires_in": TOKEN_SECONDS})
