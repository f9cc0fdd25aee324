"""What the frame of every page needs to know."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from kit import clock
from kit.live.asgi import PATH as LIVE_PATH
from kit.users.middleware import ADMIN_PREFIX
from moniqo.ui import navigation, selectors
from portfolio.selectors.standings import standings

DEMO_FILE: Path = settings.DATA_DIR / "demo.json"


def shell(request: HttpRequest) -> dict[str, Any]:
    """Navigation, counters and the live stream for who is signed in; where the demo's password is for who is not.

    Fragments have no frame, the operators' admin has its own (and sees everybody's rows), and errors before
    authentication have no user: nothing is asked of the database for them.
    """
    user = getattr(request, "user", None)
    if user is None or getattr(request, "htmx", False) or request.path.startswith(ADMIN_PREFIX):
        return {}
    if not user.is_authenticated:
        return {"demo_file": _demo_file()}
    return frame(request.path) | {"live_url": LIVE_PATH}


def figures(request: HttpRequest) -> dict[str, Any]:
    """`standings`: how each wallet stands by its id, for pages below the portfolio too; read when one is asked for."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or request.path.startswith(ADMIN_PREFIX):
        return {}
    return {"standings": SimpleLazyObject(lambda: standings(owner_id=user.pk))}


def frame(path: str) -> dict[str, Any]:
    """The parts of the frame that change while a page is open, for the page at `path`."""
    pulse = selectors.read_pulse()
    return {
        "sections": [
            (section.title, links)
            for section in navigation.SECTIONS
            if (links := navigation.links(section.pages, path=path, counts=pulse.counts))
        ],
        "tabs": navigation.links(navigation.TABS, path=path, counts={"alerts": pulse.counts["alerts"]}),
        "alerts": pulse.counts["alerts"],
        "is_grave": pulse.is_grave,
        "is_live": pulse.is_live,
        "is_watching": pulse.is_watching,
        "is_reworked": pulse.is_reworked,
        "as_of": clock.now(),
        "priced_at": pulse.priced_at,
        "synced_at": pulse.synced_at,
    }


def _demo_file() -> str:
    """Where the demo's login is written, from the project's folder if it lies inside; empty in production."""
    if settings.PRODUCTION or not DEMO_FILE.exists():
        return ""
    inside = DEMO_FILE.is_relative_to(settings.BASE_DIR)
    return str(DEMO_FILE.relative_to(settings.BASE_DIR) if inside else DEMO_FILE)
