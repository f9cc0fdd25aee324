"""What a page asks whose stream was refused: is it still signed in?"""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET


@never_cache
@login_required
@require_GET
def session(request: HttpRequest) -> HttpResponse:
    """204 for who is signed in; others are sent to sign in."""
    return HttpResponse(status=204)
