"""The demo trader, and the file that tells a person how to sign in.

The password is made up at the first run and stands in `demo.json` of the data directory, readable by its owner only.
The database keeps its hash, so when the file is lost the trader gets another password.
"""

import json
import os
import re
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db.models import QuerySet

from kit import tenancy
from kit.users.models import User
from portfolio.models import PortfolioState

DOMAIN: Final = "demo.moniqo.local"
NAME: Final = "Dana Demo"
PASSWORD_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Login:
    """What `demo.json` says."""

    url: str
    email: str
    password: str


def find() -> User | None:
    """The newest demo trader; an operator may have added other people of that domain."""
    return _traders().order_by("-date_joined").first()


def _traders() -> QuerySet[User]:
    return User.objects.filter(email__regex=rf"^trader(-\d+)?@{re.escape(DOMAIN)}$")


def has_history() -> bool:
    """Whether the newest demo trader's history is complete."""
    user = find()
    if user is None:
        return False
    with tenancy.tenant(user.pk):
        return PortfolioState.objects.filter(owner_id=user.pk, building__isnull=True).exists()


def prepare(*, another: bool = False) -> tuple[User, Login]:
    """The demo trader and how to sign in; both are made when they are missing.

    Repeating it changes nothing, except the address in the file when the server has moved. With `another` there is one
    trader more, and the file is theirs.
    """
    known = _read()
    user = None if another else find()
    password = known.password if user is not None and known is not None and known.email == user.email else None
    if user is None:
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        user = User.objects.create_user(_free_email(), password, name=NAME)
        with tenancy.tenant(user.pk):
            PortfolioState.objects.create(owner_id=user.pk, building=0, building_step="Waiting for its history")
    elif password is None:
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        user.set_password(password)
        with tenancy.tenant(user.pk):
            user.save(update_fields=("password",))
    login = Login(_url(), user.email, password)
    if login != known:
        _write(login)
    return user, login


def path() -> Path:
    """Where the login is written."""
    return Path(settings.DATA_DIR) / "demo.json"


def _free_email() -> str:
    count = _traders().count()
    return f"trader{f'-{count + 1}' if count else ''}@{DOMAIN}"


def _url() -> str:
    host = os.environ.get("MONIQO_HOST") or "127.0.0.1"
    port = os.environ.get("MONIQO_PORT") or "8000"
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{reachable}:{port}/"


def _read() -> Login | None:
    try:
        return Login(**json.loads(path().read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _write(login: Login) -> None:
    """Replace the file in one step; nobody else may read it at any moment."""
    path().parent.mkdir(parents=True, exist_ok=True)
    fresh = path().with_suffix(f".{os.getpid()}.tmp")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(login), file, indent=2)
        file.write("\n")
    fresh.replace(path())
