"""One running site with the world on it, for all protocols."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import connections

from kit import clock
from kit.users.models import User
from markets.models import Ticker
from tests.conftest import WORKER, cloned_database, make_user
from tests.drills.site import Site, running
from tests.world import World, build_world

RUN_SECONDS = 5


@dataclass
class Stage:
    """A running site with the world on it, and somebody else's account beside."""

    site: Site
    world: World
    stranger: User
    name: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.site.port}"

    def price_now(self) -> None:
        """Say the last prices again: what has stood for a minute, as on a slow machine, is no price to trade by."""
        priced = (self.world.bitcoin, self.world.ether)
        Ticker.objects.filter(instrument__in=priced).update(at=clock.now())


@pytest.fixture(scope="package")
def stage(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """Runs of AG-UI are short, and read again as soon as something changes."""
    with (
        django_db_blocker.unblock(),  # type: ignore[attr-defined]
        cloned_database(f"moniqo_protocols_{WORKER}") as name,
    ):
        world, stranger = build_world(), make_user("stranger@example.com")
        environment = {"MONIQO_AGUI_SECONDS": "0.05", "MONIQO_AGUI_RUN_SECONDS": str(RUN_SECONDS)}
        with running(name, tmp_path_factory.mktemp("protocols"), **environment) as site:
            yield Stage(site, world, stranger, name)
        connections.close_all()
