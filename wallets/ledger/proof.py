"""The nightly proof: recompute the books from their rows and tell people when they contradict themselves."""

import logging
from typing import Final
from uuid import UUID

from kit import tenancy
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, resolve_alert
from kit.users.models import User
from wallets.ledger import Report, verify
from wallets.models import Account

ALERT: Final = "ledger"
logger = logging.getLogger(__name__)


def prove_ledger() -> Report:
    """Verify all books at once. On a contradiction operators and the owners concerned get a critical alert.

    An alert of an earlier night is resolved once the books prove themselves again.
    """
    report = verify()
    with tenancy.system():
        operators = list(User.objects.filter(is_staff=True, is_active=True).values_list("pk", flat=True))
        owners = list(Account.objects.values_list("owner_id", flat=True).distinct())
        alerted = set(Alert.objects.filter(key=ALERT, resolved_at=None).values_list("owner_id", flat=True))
    if report.contradiction is None:
        for user_id in alerted:
            with tenancy.tenant(user_id):
                resolve_alert(owner_id=user_id, key=ALERT)
        return report
    logger.critical("The ledger contradicts itself: %s", report.contradiction)
    for user_id in operators:
        _alert(user_id, report.contradiction)
    for user_id in owners:
        theirs = verify(owner_id=user_id).contradiction
        if theirs is not None:
            _alert(user_id, theirs)
    return report


def _alert(user_id: UUID, contradiction: str) -> None:
    with tenancy.tenant(user_id):
        raise_alert(
            owner_id=user_id,
            key=ALERT,
            level=Alert.Level.CRITICAL,
            title="The books contradict themselves",
            body=f"{contradiction} Stop trading on them and keep the database as it is until this is explained.",
        )
