"""A venue that refuses three owners or more is a matter for operators, until it does not any more."""

from kit import tenancy
from kit.alerts.models import PlatformAlert
from kit.alerts.services import raise_alert, resolve_alert
from kit.users.models import User
from tests.conftest import make_user
from wallets.sync.platforms import tell_operators_of_refusals
from wallets.venues.accounts import create_demo_connection


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
