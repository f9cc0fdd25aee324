"""What people are told about a connection itself, and what ends it: its key is rejected, nobody watches its stops."""

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


def tell_of_switch(connection: Connection) -> None:
    """After a connection was switched: say how many stops nobody carries out now, or that this is over.

    What failed at an archived one is over too: nobody asks it any more.
    """
    unwatched, owner_id = f"unwatched:{connection.pk}", connection.owner_id
    stops = 0 if connection.state == Connection.State.ACTIVE else open_under([connection.pk])[connection.pk].protected
    if not stops:
        resolve_alert(owner_id=owner_id, key=unwatched)
    else:
        raise_alert(
            owner_id=owner_id,
            key=unwatched,
            title=f"Nobody watches the stops of {connection.name}",
            body="The stops and targets of {stops} open position(s) are not carried out until you make it active.",
            about=about("connection", connection.pk),
            stops=stops,
        )
    if connection.state == Connection.State.ARCHIVED:
        keys = (
            f"sync:{connection.pk}",
            f"failing:sync of {connection.pk}",
            refused_key(connection.pk),
            old_keys_key(connection.pk),
        )
        resolve_alerts(owner_id=owner_id, keys=keys)
