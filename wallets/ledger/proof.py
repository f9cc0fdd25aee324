"""The nightly proof: recompute the books from their rows and tell people when they contradict themselves."""

import logging
import time
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Q, Sum

from kit import tenancy
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, raise_platform_alert, resolve_alert, resolve_platform_alert
from kit.sentences import quoted
from wallets.ledger import Report, verify
from wallets.ledger.verify import AssetSum
from wallets.models import Account, LedgerProof

ALERT: Final = "ledger"
KEPT: Final = timedelta(days=90)
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
            _tell(user_id, wrong.get(user_id))
    with tenancy.system():
        counted = Account.objects.order_by().values_list("owner_id").annotate(Sum("version"))
        LedgerProof.objects.bulk_create(
            LedgerProof(
                owner_id=owner_id,
                checked_at=report.checked_at,
                entries=entries,
                contradiction=wrong.get(owner_id) or "",
            )
            for owner_id, entries in counted
        )
        LedgerProof.objects.filter(checked_at__lt=report.checked_at - KEPT).delete()
    return report


def prove_own(*, owner_id: UUID) -> LedgerProof:
    """Verify one owner's books now and write down what came of it; what is wrong is a critical alert."""
    began = time.perf_counter()
    report = verify(owner_id=owner_id)
    with tenancy.tenant(owner_id):
        _tell(owner_id, report.contradiction)
        return LedgerProof.objects.create(
            owner_id=owner_id,
            checked_at=report.checked_at,
            entries=report.entries,
            seconds=round(time.perf_counter() - began, 3),
            contradiction=report.contradiction or "",
        )


def sums(*, owner_id: UUID) -> list[AssetSum]:
    """Each asset over all accounts of the owner, which is zero in sound books, and over the wallets alone."""
    rows = Account.objects.filter(owner_id=owner_id, version__gt=0).order_by("asset").values("asset")
    in_wallets = Sum("balance", filter=Q(kind=Account.Kind.WALLET), default=Decimal(0))
    found = rows.annotate(total=Sum("balance"), wallets=in_wallets)
    return [AssetSum(row["asset"], row["total"], row["wallets"]) for row in found]


def _tell(owner_id: UUID, contradiction: str | None) -> None:
    if contradiction is None:
        resolve_alert(owner_id=owner_id, key=ALERT)
    else:
        raise_alert(owner_id=owner_id, key=ALERT, level=Alert.Level.CRITICAL, said=quoted(contradiction), **_WORDS)
