"""The nightly proof: recompute the books from their rows and tell people when they contradict themselves."""

import logging
from typing import Final

from kit import tenancy
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, raise_platform_alert, resolve_alert, resolve_platform_alert
from kit.sentences import quoted
from wallets.ledger import Report, verify
from wallets.models import Account

ALERT: Final = "ledger"
_WORDS: Final = {
    "title": "The books contradict themselves",
    "body": "{said} Stop trading on them and keep the database as it is until this is explained.",
}
logger = logging.getLogger(__name__)


def prove_ledger() -> Report:
    """Verify all books at once. On a contradiction operators and the owners concerned get a critical alert.

    An alert of an earlier night is resolved once the books prove themselves again.
    """
    report = verify()
    with tenancy.system():
        owners = list(Account.objects.values_list("owner_id", flat=True).distinct())
        alerted = set(Alert.objects.unresolved().filter(key=ALERT).values_list("owner_id", flat=True))
    wrong = {} if report.contradiction is None else {pk: verify(owner_id=pk).contradiction for pk in owners}
    if report.contradiction is None:
        resolve_platform_alert(key=ALERT)
    else:
        logger.critical("The ledger contradicts itself: %s", report.contradiction)
        raise_platform_alert(key=ALERT, level=Alert.Level.CRITICAL, said=quoted(report.contradiction), **_WORDS)
    for user_id in {*alerted, *wrong}:
        with tenancy.tenant(user_id):
            if (said := wrong.get(user_id)) is None:
                resolve_alert(owner_id=user_id, key=ALERT)
            else:
                raise_alert(owner_id=user_id, key=ALERT, level=Alert.Level.CRITICAL, said=quoted(said), **_WORDS)
    return report
