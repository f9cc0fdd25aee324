"""A difference between books and venue that nothing explains: where it stands, who is told, and how it is explained."""

from decimal import Decimal
from typing import Final
from uuid import UUID

from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, resolve_alert
from kit.audit import services as audit
from kit.errors import ConflictError, NotFoundError
from kit.limits import MAX_AMOUNT
from kit.sentences import Value, amount, moment
from wallets.ledger import AccountRef, Leg, post
from wallets.models import Account, Connection, Entry, Posting, SyncRun, Wallet
from wallets.sync.reconciliation import first_wallet, read_books

ZERO: Final = Decimal(0)


def assign_suspense(
    *,
    owner_id: UUID,
    connection_id: UUID,
    asset: str,
    key: str,
    wallet_id: UUID | None = None,
    expected: Decimal | None = None,
) -> Posting:
    """Explain an asset's whole suspense as a wallet's: what arrived becomes its money, what is missing its loss.

    `wallet_id` is one of the connection's wallets, by default its oldest master; `expected` is what was shown, and
    nothing else is taken. Raises ConflictError when there is nothing in suspense or not that, NotFoundError for another
    wallet, InsufficientFundsError when the wallet cannot bear the loss.
    """
    # Who comes second waits, and then finds nothing left: the same suspense must not be explained twice.
    hold_connection(owner_id, connection_id)
    earlier = Posting.objects.filter(owner_id=owner_id, key=key).first()
    if earlier is not None:
        return earlier
    wallet = first_wallet(connection_id)
    balance = read_books(connection_id).suspense.get(asset, ZERO)
    if wallet is None or not balance:
        raise ConflictError(f"Nothing to assign: no {asset} of this connection is in suspense.")
    if expected is not None and expected != balance:
        raise ConflictError(f"What is unexplained of {asset} has changed since it was shown: look at it again.")
    present = Wallet.objects.filter(owner_id=owner_id, connection=connection_id, archived_at=None)
    if wallet_id is not None and not present.filter(pk=wallet_id).exists():
        raise NotFoundError("There is no such wallet at this connection.")
    suspense, own = AccountRef(wallet, asset, Account.Kind.SUSPENSE), AccountRef(wallet_id or wallet, asset)
    leg = Leg(suspense, own, balance) if balance > 0 else Leg(own, suspense, -balance)
    posting = post(owner_id=owner_id, key=key, kind="assign", legs=[leg], detail={"connection": str(connection_id)})
    audit.record(audit.Area.MONEY, "Suspense assigned", owner_id=owner_id, after={"amount": balance, "asset": asset})
    resolve_alert(owner_id=owner_id, key=drift_key(connection_id, asset))
    return posting


def into_suspense(run: SyncRun, wallet_id: UUID, asset: str, drift: Decimal) -> None:
    outside = AccountRef(wallet_id, asset, Account.Kind.EXTERNAL)
    suspense = AccountRef(wallet_id, asset, Account.Kind.SUSPENSE)
    amount = min(abs(drift), MAX_AMOUNT / 2)  # more than one leg may move stays for the next sync
    leg = Leg(outside, suspense, amount) if drift > 0 else Leg(suspense, outside, amount)
    post(
        owner_id=run.owner_id,
        key=f"sync:{run.pk}:{asset}",
        kind="suspense",
        legs=[leg],
        detail={"connection": str(run.connection_id), "run": str(run.pk)},
    )


def alert_drift(run: SyncRun, connection: Connection, asset: str, drift: Decimal, entry: Entry | None) -> None:
    if drift > 0 and entry is None:
        title, level = "{amount} arrived at {connection}", Alert.Level.WARNING
        body = "The venue's history does not tell of it: it is in suspense. If it is a deposit, say whose it is."
    else:
        title, level = (
            f"{{connection}} has {{amount}} {'more' if drift > 0 else 'less'} than the books",
            Alert.Level.CRITICAL,
        )
        body = "The difference is in suspense; no wallet was changed."
    facts: dict[str, Value | str] = {"amount": amount(abs(drift), asset), "connection": connection.name}
    if entry is not None:
        body += " The first entry that the venue does not know: {entry} of {since}."
        facts |= {"entry": str(entry.pk), "since": moment(entry.created_at)}
    raise_alert(
        owner_id=run.owner_id,
        key=drift_key(connection.pk, asset),
        level=level,
        title=title,
        body=body,
        about=about("connection", connection.pk),
        **facts,
    )


def drift_key(connection_id: UUID, asset: str) -> str:
    return f"drift:{connection_id}:{asset}"


def hold_connection(owner_id: UUID, connection_id: UUID) -> Connection:
    """Take turns on what is known of the connection, to the end of the transaction. Raises NotFoundError."""
    rows = Connection.objects.select_for_update(no_key=True).filter(owner_id=owner_id, pk=connection_id)
    connection = rows.first()
    if connection is None:
        raise NotFoundError("There is no such connection.")
    return connection
