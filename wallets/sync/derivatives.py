"""Whose the derivatives at an account are: the wallet that their owner names, or nobody's who claims anything."""

from uuid import UUID

from django.db import transaction

from kit.audit import services as audit
from kit.errors import InvalidInputError, NotFoundError
from kit.live.publish import publish
from wallets.models import Connection, VenuePosition
from wallets.sync.arriving import tradable_wallets
from wallets.sync.positions import has_positions
from wallets.sync.suspense import hold_connection
from wallets.venues.handing import changing_hands


def give_derivatives(*, owner_id: UUID, connection_id: UUID, wallet_id: UUID | None) -> Connection:
    """Say whose the account's derivatives are, those of now and to come; None: nobody's who claims anything.

    Nothing is won or lost by it. Raises NotFoundError for a wallet that is none of the connection's; InvalidInputError
    where none are traded: at a paper account, and at a platform without any.
    """
    with transaction.atomic():
        connection = hold_connection(owner_id, connection_id)
        if wallet_id is not None and not _may_have_any(connection):
            told = f"Only spot is traded at {connection.name}: it has no derivatives that could be anybody's."
            raise InvalidInputError(told, fields={"wallet_id": told})
        if wallet_id is not None and not tradable_wallets(owner_id, connection_id).filter(pk=wallet_id).exists():
            raise NotFoundError("There is no such wallet at this connection.")
        before = connection.derivatives_to_id
        if before == wallet_id:
            return connection
        with changing_hands(owner_id):
            Connection.objects.filter(pk=connection_id).update(derivatives_to=wallet_id)
        connection.derivatives_to_id = wallet_id
        audit.record_change(
            audit.Area.MONEY,
            "Whose derivatives are changed",
            owner_id=owner_id,
            subject=connection.name,
            before={"wallet": before and str(before)},
            after={"wallet": wallet_id and str(wallet_id)},
        )
        publish(owner_id=owner_id, event="wallets", data={"connection": str(connection_id), "change": "derivatives"})
    return connection


def _may_have_any(connection: Connection) -> bool:
    """Whether derivatives can be at the account, or are there already."""
    return has_positions(connection.platform) or VenuePosition.objects.filter(connection=connection).exists()
