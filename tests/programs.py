"""Programs that carry a token."""

from datetime import timedelta

from kit.users import tokens
from kit.users.models import Token, User


def make_token(
    user: User, *scopes: str, name: str = "A test's program", kind: Token.Kind = Token.Kind.PERSONAL
) -> Token:
    """A token of `user` for an hour, personal unless said, which may do everything unless `scopes` are named."""
    return tokens.open_token(
        user,
        kind=kind,
        name=name,
        scopes=scopes or tokens.EVERYTHING,
        lifetime=timedelta(hours=1),
    )


def bearer(user: User, *scopes: str) -> dict[str, str]:
    """The header of a request by such a program."""
    return {"Authorization": f"Bearer {tokens.access_text(make_token(user, *scopes))}"}


def by_password(user: User, *scopes: str) -> dict[str, str]:
    """The header of a request by a program that somebody has signed in for with the password."""
    return {"Authorization": f"Bearer {tokens.access_text(make_token(user, *scopes, kind=Token.Kind.SIGN_IN))}"}
