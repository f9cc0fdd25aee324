"""The operators' endpoints: whose they are, how their keys are kept, what a call costs, and when nobody asks."""

from datetime import timedelta
from decimal import Decimal

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.db import DatabaseError, connections, transaction

from farms.advice import endpoints
from farms.advice.client import Trouble
from farms.models import AdviceEndpoint
from kit import clock, resealing, sealing, tenancy
from kit.alerts.models import PlatformAlert
from kit.users.models import User
from tests.farms.advice.conftest import KEY, make_endpoint
from wallets.venues.keeping import keeping

QUOTA = Trouble("quota", "The quota at the endpoint is used up.")


@pytest.fixture
def endpoint(live_db: str, operator: User) -> AdviceEndpoint:
    return make_endpoint("https://models.example.com/v1")


def test_what_serves_pages_makes_no_endpoint_and_changes_no_address_and_no_key(endpoint: AdviceEndpoint) -> None:
    for statement in (
        "UPDATE farms_adviceendpoint SET base_url = 'https://elsewhere.example.com'",
        "UPDATE farms_adviceendpoint SET key = NULL",
        "UPDATE farms_adviceendpoint SET price_in = 0",
        "DELETE FROM farms_adviceendpoint",
        "INSERT INTO farms_adviceendpoint SELECT * FROM farms_adviceendpoint",
    ):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connections["default"].cursor() as cursor,
        ):
            cursor.execute(statement)


def test_the_key_is_sealed_for_its_row_and_opens_nowhere_else(endpoint: AdviceEndpoint) -> None:
    assert endpoints.opened(endpoint).key == KEY
    assert KEY.encode() not in bytes(endpoint.key)
    endpoint.pk = AdviceEndpoint().pk
    with pytest.raises(endpoints.EndpointError, match="cannot be read: its operator enters it again"):
        endpoints.opened(endpoint)


def test_an_older_key_seals_nothing_after_a_night(endpoint: AdviceEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    new = Fernet.generate_key().decode()
    monkeypatch.setattr(settings, "CREDENTIAL_KEYS", [new, *settings.CREDENTIAL_KEYS])
    assert keeping().old_others == 1
    assert resealing.rotate_others() == (1, ())
    assert keeping().old_others == 0
    monkeypatch.setattr(settings, "CREDENTIAL_KEYS", [new])
    endpoint.refresh_from_db()
    assert sealing.is_newest(bytes(endpoint.key))
    assert endpoints.opened(endpoint).key == KEY
    monkeypatch.setattr(settings, "CREDENTIAL_KEYS", [Fernet.generate_key().decode()])
    assert resealing.rotate_others() == (0, ("Endpoint Simulated",))


def test_a_call_costs_what_its_tokens_cost(endpoint: AdviceEndpoint) -> None:
    assert endpoints.cost(endpoint, tokens_in=1_000_000, tokens_out=500_000) == Decimal(2)
    assert endpoints.cost(endpoint, tokens_in=1, tokens_out=0) == Decimal("0.000001")


def test_who_has_no_time_is_left_alone_twice_as_long_each_time_and_as_long_as_it_says(
    endpoint: AdviceEndpoint,
) -> None:
    with clock.at(clock.now()):
        pauses = []
        for wait in (0, 0, 0, 500, 0):
            endpoints.note_trouble(endpoint, Trouble("busy", "Later.", wait=wait))
            endpoint.refresh_from_db()
            assert endpoint.paused_until is not None
            pauses.append((endpoint.paused_until - clock.now()).total_seconds())
        assert pauses == [30, 60, 120, 500, 480]
        with pytest.raises(endpoints.EndpointError, match="try again later") as caught:
            endpoints.require_open(endpoint)
        assert caught.value.wait_seconds == 481
        for _ in range(9):
            endpoints.note_trouble(endpoint, Trouble("busy", "Later."))
        endpoint.refresh_from_db()
        assert endpoint.paused_until == clock.now() + timedelta(hours=1)
        endpoints.note_answer(endpoint)
        endpoint.refresh_from_db()
        endpoints.require_open(endpoint)
        assert endpoint.refusals == 0


def test_a_used_up_quota_stops_it_for_everybody_until_an_operator_has_looked(
    endpoint: AdviceEndpoint, operator: User
) -> None:
    for _ in range(2):
        endpoints.note_trouble(endpoint, QUOTA)
    endpoint.refresh_from_db()
    with pytest.raises(endpoints.EndpointError, match="stopped until its operator has looked: The quota"):
        endpoints.require_open(endpoint)
    with tenancy.system():
        told = PlatformAlert.objects.get()
    assert told.headline() == "Simulated answers no more questions"
    assert told.times == 2
    endpoint.stopped = ""
    endpoints.note_looked_at(endpoint)
    with tenancy.system():
        assert PlatformAlert.objects.get().resolved_at is not None
    endpoints.require_open(endpoint)


def test_what_is_its_own_trouble_stops_nobody(endpoint: AdviceEndpoint) -> None:
    for cause in ("server", "timeout", "reset", "refused", "unreadable"):
        endpoints.note_trouble(endpoint, Trouble(cause, "It broke."))  # type: ignore[arg-type]  # one of the causes
    endpoint.refresh_from_db()
    endpoints.require_open(endpoint)


def test_one_that_is_switched_off_is_not_asked(endpoint: AdviceEndpoint) -> None:
    endpoint.is_active = False
    with pytest.raises(endpoints.EndpointError, match="is switched off"):
        endpoints.require_open(endpoint)


def test_an_endpoint_without_a_key_is_asked_without(live_db: str, operator: User) -> None:
    assert endpoints.opened(AdviceEndpoint(name="Local", base_url="http://localhost:11434/v1", model="m")).key == ""
