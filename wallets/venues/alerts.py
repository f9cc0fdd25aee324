"""What people are told about a connection itself, and what ends it: its key is rejected, nobody watches its stops."""

from collections.abc import Sequence
from uuid import UUID

from kit.alerts.links import about
from kit.alerts.services import raise_alert, resolve_alert, resolve_alerts
from wallets.models import Connection
from wallets.venues.obligations import open_under


def refused_key(connection_id: UUID) -> str:
    """The key of the alert that says that the venue rejects the connection's credentials."""
    return f"credentials:{connection_id}"


def old_keys_key(connection_id: UUID) -> str:
    """The key of the alert that says that the connection's credentials have been in use for long."""
    return f"old-keys:{connection_id}"


def may_withdraw_key(connection_id: UUID) -> str:
    """The key of the alert that says that the connection's key has come to be able to withdraw."""
    return f"may-withdraw:{connection_id}"


def tell_of_rights(connection: Connection, before: Sequence[str] | None) -> None:
    """After a venue was asked what a connection's key may do: say that it may withdraw money since, or that this is
    over. Who took such a key on purpose has been told already."""
    key = may_withdraw_key(connection.pk)
    if not connection.may_withdraw:
        resolve_alert(owner_id=connection.owner_id, key=key)
    elif Connection.Permission.WITHDRAW not in (before or ()):
        raise_alert(
            owner_id=connection.owner_id,
            key=key,
            title=f"The key of {connection.name} may withdraw money",
            body="The venue says so since it was last asked. Take that right from the key at the venue, or make a key "
            "that may only read and trade and enter it.",
            about=about("connection", connection.pk),
        )


def tell_of_switch(connection: Connection) -> None:
    """After a connection was switched, made live or left watching: say how many stops nobody carries out now, or that
    this is over.

    What failed at an archived one is over too: nobody asks it any more.
    """
    unwatched, owner_id = f"unwatched:{connection.pk}", connection.owner_id
    stops = 0 if connection.carries_out else open_under([connection.pk])[connection.pk].protected
    if not stops:
        resolve_alert(owner_id=owner_id, key=unwatched)
    else:
        raise_alert(
            owner_id=owner_id,
            key=unwatched,
            title=f"Nobody watches the stops of {connection.name}",
            body="The stops and targets of {stops} open position(s) are not carried out until you make it "
            f"{'live' if connection.state == Connection.State.ACTIVE else 'active'}.",
            about=about("connection", connection.pk),
            stops=stops,
        )
    if connection.state == Connection.State.ARCHIVED:
        keys = (
            f"sync:{connection.pk}",
            f"failing:sync of {connection.pk}",
            refused_key(connection.pk),
            old_keys_key(connection.pk),
            may_withdraw_key(connection.pk),
        )
        resolve_alerts(owner_id=owner_id, keys=keys)
