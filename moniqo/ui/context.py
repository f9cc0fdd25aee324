"""What the frame of every page needs to know."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from moniqo.ui import navigation


def shell(request: HttpRequest) -> dict[str, Any]:
    """Navigation and its counters for people who are signed in; for everybody else only whether this is development.

    Fragments have no frame: for them nothing is asked of the database.
    """
    development = {"is_development": not settings.PRODUCTION}
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or getattr(request, "htmx", False):
        return development
    counts: dict[str, int] = {}
    return development | {
        "sections": [
            (section.title, navigation.links(section.pages, path=request.path, counts=counts))
            for section in navigation.SECTIONS
        ],
        "tabs": navigation.links(navigation.TABS, path=request.path, counts=counts),
    }
