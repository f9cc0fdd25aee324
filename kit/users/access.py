"""Who may use the API, and for what: a token with the operation's scope, or a browser's session.

An operation says its scope by `auth=MOVE`. One that says nothing needs `read` when it only reads and
`manage` otherwise, so that a new operation is never open by oversight.

The scope `agent` is for programs that trade by themselves and shall reach nothing else: it reads, and does what
names it beside another scope. Limits, money, connections and farms are not among that, whatever it is told.
"""

from collections.abc import Collection
from typing import Any, ClassVar

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from kit.errors import MoniqoError
from kit.users.models import Token

Scope = Token.Scope
READING = {"GET", "HEAD", "OPTIONS"}
ASKS_FIRST = (
    "This token asks first: ask its owner by POST /api/v1/approvals/…, or by a tool that proposes. "
    "What there is no question for it may not do."
)


class ScopeError(MoniqoError):
    """The token is valid and may not do this: its owner makes one with the scope, or uses another."""

    code = "insufficient_scope"
    status = 403


class AsksFirstError(ScopeError):
    """The owner has said that the token's program asks before it does anything."""

    code = "asks_first"


class SignedIn(AuthBase):
    """A bearer token with the scope `read` where the operation only reads and `manage` elsewhere; or a session.

    A session may do everything, with its CSRF token on everything that writes.
    """

    openapi_type = "http"
    openapi_scheme = "bearer"
    scopes: ClassVar[tuple[Scope, ...]] = ()
    agents_may: ClassVar[bool] = False
    is_question: ClassVar[bool] = False

    def __call__(self, request: HttpRequest) -> Any:
        if not request.user.is_authenticated:
            return None
        token: Token | None = getattr(request, "token", None)
        if token is None:
            if check_csrf(request):
                raise HttpError(403, "Send the CSRF token of the page, or sign in with a bearer token.")
            return request.user
        if token.asks_first and self.acts(request.method or ""):
            raise AsksFirstError(ASKS_FIRST)
        if missing := self.missing(token.scopes, request.method or ""):
            plural = "s" if missing[1:] else ""
            raise ScopeError(f"This token may not do that: it needs the scope{plural} {', '.join(missing)}.")
        return request.user

    def acts(self, method: str) -> bool:
        """Whether an operation of this method does something, which a token that asks first may not."""
        return method not in READING and self.scopes != (Scope.READ,) and not self.is_question

    def missing(self, granted: Collection[str], method: str) -> list[str]:
        """The scopes that a token with these lacks for an operation of this method; none where it may."""
        usual = Scope.READ if method in READING else Scope.MANAGE
        needed = self.scopes or (usual,)
        if Scope.AGENT in granted and (self.agents_may or needed == (Scope.READ,)):
            return []
        return [scope.value for scope in needed if scope not in granted]


def require_scope(request: HttpRequest, scope: Scope) -> None:
    """Raise ScopeError when the request comes with a token that lacks the scope: for what only part of a body needs."""
    token: Token | None = getattr(request, "token", None)
    if token is not None and scope not in token.scopes:
        raise ScopeError(f"This token may not do that: it needs the scope {scope.value}.")


class OperatorsOnlyError(MoniqoError):
    """The person is signed in and no operator."""

    code = "operators_only"
    status = 403


class OperatorToken(SignedIn):
    """An operator, with a session or a token that has the scope `read` where it only reads and `manage` elsewhere."""

    openapi_description = "An operator: `read` where it only reads, else `manage`."

    def __call__(self, request: HttpRequest) -> Any:
        signed_in = super().__call__(request)
        if signed_in is not None and not signed_in.is_staff:
            raise OperatorsOnlyError("This is for operators.")
        return signed_in


class PeopleOnlyError(MoniqoError):
    """The token was made to act by itself, and this asks for its owner."""

    code = "people_only"
    status = 403


def require_person(request: HttpRequest) -> None:
    """Raise PeopleOnlyError when the request comes with a token that nobody has signed in for with a password."""
    token: Token | None = getattr(request, "token", None)
    if token is not None and token.kind != Token.Kind.SIGN_IN:
        raise PeopleOnlyError("A person does that: on the page, or through a program that signed in with the password.")


class PersonToken(SignedIn):
    """The scope `manage` of a token that somebody signed in for with the password, or a session."""

    openapi_description = "A token of the scope `manage` that came from signing in: no token that was made."
    scopes: ClassVar[tuple[Scope, ...]] = (Scope.MANAGE,)

    def __call__(self, request: HttpRequest) -> Any:
        signed_in = super().__call__(request)
        if signed_in is not None:
            require_person(request)
        return signed_in


class AnyToken(SignedIn):
    """A bearer token, whatever its scopes, or a session: for what tells of the token itself."""

    openapi_description = "Any token."

    def missing(self, granted: Collection[str], method: str) -> list[str]:
        return []


def _needs(*scopes: Scope, agents_may: bool = False, is_question: bool = False) -> AuthBase:
    """The authentication of operations that need `scopes`; the API's description names it after them."""
    words = " and ".join(f"`{scope.value}`: {scope.label.lower()}" for scope in scopes)
    if agents_may:
        words = " or ".join(f"`{scope.value}`" for scope in (*scopes, Scope.AGENT))
    name = "".join(scope.value.capitalize() for scope in scopes) + ("OrAgent" if agents_may else "")
    said = {"openapi_description": f"A token with the scope {words}."}
    made = type(
        f"{name}Token", (SignedIn,), {"scopes": scopes, "agents_may": agents_may, "is_question": is_question, **said}
    )
    signed_in: AuthBase = made()
    return signed_in


READ, TRADE, MOVE, MANAGE, LIMITS, AGENT = (_needs(scope) for scope in Scope)
OPERATOR: AuthBase = OperatorToken()
PERSON: AuthBase = PersonToken()
ANY: AuthBase = AnyToken()
# Orders, which are what an agent is for; `kit.users.bindings` looks at where its token may act.
ORDERS = _needs(Scope.TRADE, agents_may=True)
# A question to the owner, of who may place orders: also of a token that asks first.
ASKING = _needs(Scope.TRADE, agents_may=True, is_question=True)
# What makes wallets, brings them money, limits them and trades, all at once.
EVERYTHING = _needs(*(scope for scope in Scope if scope != Scope.AGENT))
