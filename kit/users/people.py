"""Whom a command of the terminal is for."""

from kit.errors import InvalidInputError
from kit.users.models import User


def person(email: str = "") -> User:
    """The user of that address, or the only trader there is. Raises InvalidInputError."""
    traders = User.objects.filter(is_active=True)
    if email:
        found = traders.filter(email__iexact=email.strip()).first()
        if found is None:
            raise InvalidInputError(f"Nobody here has the address {email}.")
        return found
    only = list(traders.filter(is_superuser=False)[:2])
    if len(only) != 1:
        raise InvalidInputError("Say for whom with --user ADDRESS: there is not exactly one trader.")
    return only[0]
