"""Whom a wrong password counts against."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest


def lock_name(request: HttpRequest | None, credentials: Mapping[str, Any] | None = None) -> str | None:
    """The address that was typed, in lower case: OLIVE@… and olive@… are one person and share one count."""
    typed = (credentials or {}).get("username") or (request.POST.get("username") if request else None)
    return str(typed).strip().lower() if typed else None
