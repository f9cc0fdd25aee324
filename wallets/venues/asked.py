"""What a platform asks for, held against what was entered: before anything is stored, and before the venue is asked."""

import re
from collections.abc import Mapping

from kit.errors import InvalidInputError
from wallets.models import CredentialField, Platform


def require_credentials(platform: Platform, values: Mapping[str, str], *, complete: bool = False) -> None:
    """Raise InvalidInputError, by field, for what the platform does not ask for and what cannot be what it asks for.

    With `complete` every field that it requires has to be there. No sentence repeats a value.
    """
    declared = {field.name: field for field in platform.credential_fields.all()}
    entered = {**{name: "" for name, field in declared.items() if complete and field.required}, **values}
    problems = {name: told for name, value in entered.items() if (told := _problem(declared.get(name), value))}
    if problems:
        raise InvalidInputError("Correct the credentials' fields.", fields=problems)


def _problem(field: CredentialField | None, value: str) -> str:
    if field is None:
        return "The platform has no such field."
    if not value:
        return f"Enter the {field.label}." if field.required else ""
    if field.pattern and not re.fullmatch(field.pattern, value):
        return f"This does not look like the {field.label}: copy the whole of it, and nothing around it."
    return ""
