"""A venue that refuses three owners or more is a matter for operators, until it does not any more."""

from typing import Any

from kit import tenancy
from kit.alerts.models import PlatformAlert
from kit.alerts.services import raise_alert, resolve_alert
from kit.embedded.environment import new_encryption_key
from kit.users.models import User
from tests.conftest import make_user
from tests.wallets.test_credentials import make_connection
from wallets.sync.platforms import tell_operators_of_refusals
from wallets.venues.accounts import create_demo_connection
from wallets.venues.credentials import store_credentials


def standing(operator: User) -> list[str]:
    with tenancy.tenant(operator.pk):
        return [alert.headline() for alert in PlatformAlert.objects.unresolved()]


def test_the_third_owner_who_is_refused_alarms_operators(live_db: str, operator: User) -> None:
    refused = []
    for number in range(3):
        user = make_user(f"refused-{number}@example.com")
        with tenancy.tenant(user.pk):
            connection = create_demo_connection(owner_id=user.pk, name="Account")
            for kind in ("sync", "credentials"):
                raise_alert(owner_id=user.pk, key=f"{kind}:{connection.pk}", title="Refused")
        refused.append((user, connection))
        assert tell_operators_of_refusals() == (1 if number == 2 else 0)
    assert standing(operator) == ["Paper exchange rejects the connections of 3 people"]
    user, connection = refused[0]
    with tenancy.tenant(user.pk):
        for kind in ("sync", "credentials"):
            resolve_alert(owner_id=user.pk, key=f"{kind}:{connection.pk}")
    assert tell_operators_of_refusals() == 0
    assert standing(operator) == []


def test_a_key_of_ours_that_was_lost_is_not_laid_at_the_venues_door(
    live_db: str, operator: User, settings: Any
) -> None:
    for number in range(3):
        user = make_user(f"locked-{number}@example.com")
        with tenancy.tenant(user.pk):
            connection = make_connection(user)
            store_credentials(connection=connection, values={"key": "abc"})
            raise_alert(owner_id=user.pk, key=f"sync:{connection.pk}", title="Enter the keys again")
    kept = settings.CREDENTIAL_KEYS
    settings.CREDENTIAL_KEYS = [new_encryption_key()]
    assert tell_operators_of_refusals() == 0
    settings.CREDENTIAL_KEYS = kept
    assert tell_operators_of_refusals() == 1
