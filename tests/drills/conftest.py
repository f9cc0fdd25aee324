"""The stage of the drills."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from moniqo import settings as deployed
from tests.conftest import make_user
from tests.drills.site import Site, running


@pytest.fixture
def site(live_db: str, tmp_path: Path, settings: Any) -> Iterator[Site]:
    """A web process of the drill's own. Passwords are hashed as in a deployment."""
    settings.PASSWORD_HASHERS = deployed.PASSWORD_HASHERS
    cache.clear()  # what another drill was counted for
    make_user("drill@example.com")
    with running(live_db, tmp_path) as site:
        yield site
