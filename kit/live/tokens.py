"""The short signed token that opens a stream.

`/live` is served before Django, without sessions or a database connection. So the page, which has both, hands the
browser a token that names its user and soon expires; opening a stream costs one signature check.
"""

from uuid import UUID

from django.core import signing

from kit.errors import MoniqoError

TOKEN_SECONDS = 15 * 60  # time to open a stream; one that is open stays open

_SALT = "kit.live"


class TokenError(MoniqoError):
    """The token is missing, forged or too old: fetch a new one from the page's session and connect again."""

    code = "live_token"
    status = 401


def issue_token(*, owner_id: UUID) -> str:
    """A token that opens streams of `owner_id` for the next quarter of an hour."""
    return signing.dumps(owner_id.hex, salt=_SALT)


def read_token(token: str) -> UUID:
    """Whose stream the token opens. Raises TokenError."""
    try:
        return UUID(hex=signing.loads(token, salt=_SALT, max_age=TOKEN_SECONDS))
    except (signing.BadSignature, ValueError) as error:
        raise TokenError("The live token is not valid any more: reload the page.") from error
