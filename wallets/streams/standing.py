"""How a connection's stream stands, as the process that listens writes it; `wallets.sync.hearing` says it."""

from uuid import UUID

from kit import clock, tenancy
from kit.live.publish import publish
from wallets.models import Connection
from wallets.sync.hearing import NOT_KEPT


def note(*, owner_id: UUID, connection_id: UUID, stream: str, detail: str = "") -> None:
    """Write how the connection's stream stands from now on; what is said already is left as it is, and its moment."""
    with tenancy.tenant(owner_id):
        rows = Connection.objects.filter(pk=connection_id).exclude(stream=stream, stream_detail=detail)
        same = Connection.objects.filter(pk=connection_id, stream=stream)
        changes: dict[str, object] = {"stream": stream, "stream_detail": detail}
        if not same.exists():
            changes["stream_since"] = clock.now()
        if rows.update(**changes):
            publish(owner_id=owner_id, event="sync", data={"connection": connection_id, "stream": stream})


def forget_all(detail: str = NOT_KEPT) -> int:
    """Nobody is listened to from now on; returns how many were."""
    with tenancy.system():
        opened = Connection.objects.exclude(stream__in=(Connection.Stream.NONE, Connection.Stream.BROKEN))
        return opened.update(stream=Connection.Stream.BROKEN, stream_detail=detail, stream_since=clock.now())
