"""Thousands of requests that a generator makes from the API's description, right ones and wrong ones.

Each runs through the whole application (Django's handler with its middlewares) before a fund with a past, in a real
database where what it writes stays. No answer is an error of ours, and none is another than the description says.
"""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections

from kit.users.models import User
from moniqo.api import api
from tests.programs import bearer
from tests.simulators.server import Exchanges
from tests.world import build_world

# All of them but these.
LEFT_OUT: Final = {
    "positive_data_acceptance": "what is well-formed may still be more than is free, a name in use, an unlisted market",
    "ignored_auth": "it cannot ask an application in its own process; a run of its own asks everything unsigned",
    "use_after_free": "what is archived, revoked or removed from use keeps its address on purpose",
    "ensure_resource_availability": "an order or a goal may be over before it is asked for again",
}
EXAMPLES: Final = 10  # of each operation, beside those of its boundaries
WHO: Final = {"owner": (), "agent": ("agent", "read"), "nobody": None}


@dataclass
class Application:
    """The application for a program that signs in again when a generated request has revoked its token."""

    user: User
    scopes: tuple[str, ...]
    asked_with: str = ""
    carries: str = ""
    handler: WSGIHandler = field(default_factory=WSGIHandler)

    def __post_init__(self) -> None:
        self.asked_with = self.carries = self._sign_in()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        is_signed = environ.get("HTTP_AUTHORIZATION") == self.asked_with
        if is_signed:
            environ["HTTP_AUTHORIZATION"] = self.carries

        def began(status: str, *rest: Any) -> Any:
            if is_signed and status.startswith("401"):
                self.carries = self._sign_in()
            return start_response(status, *rest)

        answer = list(self.handler(environ, began))
        connections.close_all()  # the generator's threads end, and tell nobody
        return answer

    def _sign_in(self) -> str:
        return bearer(self.user, *self.scopes)["Authorization"]


@dataclass
class Found:
    """What a run has seen."""

    answers: Counter[int] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)

    def take(self, scenario: Any) -> None:
        recorder = scenario.recorder
        self.answers.update(one.response.status_code for one in recorder.interactions.values() if one.response)
        for case, checks in recorder.checks.items():
            for check in checks:
                if (failed := check.failure_info) is not None:
                    told = recorder.interactions[case].response
                    body = told.content[:300].decode(errors="replace") if told else ""
                    self.failures.setdefault(
                        f"{recorder.label} {check.name}: {failed.failure.title}",
                        f"{failed.failure.message[:400]}\n{failed.code_sample[:600]}\n{body}",
                    )


def run(user: User, scopes: tuple[str, ...] | None, *, examples: int) -> Found:
    """Carry out everything that is generated, and tell what was seen."""
    import schemathesis  # a second, which no other test shall wait for
    from schemathesis.config import SchemathesisConfig
    from schemathesis.engine import events, from_schema

    application = Application(user, scopes or ())
    signed = {} if scopes is None else {"Authorization": application.asked_with}
    config = SchemathesisConfig.from_dict(
        {
            "seed": 20261127,
            "continue-on-failure": True,
            "headers": {**signed, "Accept-Encoding": "identity"},
            "phases": {"stateful": {"enabled": False}},
            "checks": {name: {"enabled": False} for name in LEFT_OUT},
            "generation": {
                "deterministic": True,
                "max-examples": examples,
                "no-shrink": True,
                "database": "none",
                "with-security-parameters": False,
            },
        }
    )
    described = schemathesis.openapi.from_dict(json.loads(json.dumps(api.get_openapi_schema())), config=config)
    described.app = application
    found = Found()
    for event in from_schema(described).execute():
        assert not isinstance(event, events.NonFatalError | events.FatalError), event
        if isinstance(event, events.ScenarioFinished):
            found.take(event)
    return found


@pytest.fixture
def traces(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """The traces of what broke on our side."""
    with caplog.at_level(logging.ERROR, logger="moniqo.api"):
        found: list[str] = []
        yield found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")  # of the generator's own threads
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # as above
@pytest.mark.parametrize("who", WHO)
def test_no_generated_request_breaks_anything_or_is_answered_as_nobody_said(
    live_db: str, exchanges: Exchanges, settings: Any, who: str, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != "tests.documented.only_documented"]
    found = run(build_world().owner, WHO[who], examples=EXAMPLES)
    with capsys.disabled():
        print(f"\n{who}: {found.answers.total()} generated requests, {dict(found.answers)}")
    traces = "\n".join(str(record.exc_text) for record in caplog.records if record.exc_text)
    assert found.failures == {}, f"{json.dumps(found.failures, indent=1)}\n{traces[-6000:]}"
    assert found.answers.total() > 5000
