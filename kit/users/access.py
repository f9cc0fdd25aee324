"""Who may use the API, and for what: a token with the operation's scope, or a browser's session.

An operation says its scope by `auth=MOVE`. One that says nothing needs `read` when it only reads and
`manage` otherwise, so that a new operation is never open by oversight.
"""

from typing import Any, ClassVar

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from kit.errors import MoniqoError
from kit.users.models import Token

Scope = Token.Scope
READING = {"GET", "HEAD", "OPTIONS"}


class ScopeError(MoniqoError):
    """The token is valid and may not do this: its owner makes one with the scope, or uses another."""

    code = "insufficient_scope"
    status = 403


class SignedIn(AuthBase):
    """A bearer token with the scope `read` where the operation only reads and `manage` elsewhere; or a session.

    A session may do everything, with its CSRF token on everything that writes.
    """

    openapi_type = "http"
    openapi_scheme = "bearer"
    scopes: ClassVar[tuple[Scope, ...]] = ()

    def __call__(self, request: HttpRequest) -> Any:
        if not request.user.is_authenticated:
            return None
        token: Token | None = getattr(request, "token", None)
        if token is None:
            if check_csrf(request):
                raise HttpError(403, "Send the CSRF token of the page, or sign in with a bearer token.")
            return request.user
        usual = Scope.READ if request.method in READING else Scope.MANAGE
        missing = [scope.value for scope in self.scopes or (usual,) if scope not in token.scopes]
        if missing:
            plural = "s" if missing[1:] else ""
            raise ScopeError(f"This token may not do that: it needs the scope{plural} {', '.join(missing)}.")
        return request.user


def _needs(*scopes: Scope) -> AuthBase:
    """The authentication of operations that need `scopes`; the API's description names it after them."""
    words = " and ".join(f"`{scope.value}`: {scope.label.lower()}" for scope in scopes)
    made = type(
        f"{''.join(scope.value.capitalize() for scope in scopes)}Token",
        (SignedIn,),
        {"scopes": scopes, "openapi_description": f"A token with the scope {words}."},
    )
    signed_in: AuthBase = made()
    return signed_in


READ, TRADE, MOVE, MANAGE, LIMITS = (_needs(scope) for scope in Scope)
# What makes wallets, brings them money, limits them and trades, all at once.
EVERYTHING = _needs(*Scope)
