"""Users' accounts at platforms: making them and finding one."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from kit.audit import services as audit
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from markets.models import Instrument
from markets.prices import SIMULATED
from markets.services import list_perpetuals
from wallets.models import Account, Connection, Platform, Wallet
from wallets.venues.alerts import tell_of_switch
from wallets.venues.credentials import CredentialError, read_credentials, refuse_twice
from wallets.venues.handing import changing_hands
from wallets.venues.names import venue_name
from wallets.venues.obligations import open_under

DEMO: Final = "demo"


def create_demo_connection(*, owner_id: UUID, name: str = "Paper account", venue: str = SIMULATED) -> Connection:
    """The owner's account `name` at the demo exchange, trading the instruments of `venue`; made when it is missing."""
    connection, is_new = Connection.objects.get_or_create(
        owner_id=owner_id, name=name, defaults={"platform_id": DEMO, "venue": venue, "is_paper": True}
    )
    if is_new:
        list_perpetuals(venue=venue)
        record_opening(connection)
    return connection


def rehearse(*, connection: Connection) -> None:
    """Give the account a past: until `go_live`, only code under the clock of the past trades it or moves its money."""
    connection.is_rehearsing = True
    connection.save(update_fields=("is_rehearsing",))


def go_live(*, connection: Connection) -> None:
    """From here on the account belongs to the present."""
    connection.is_rehearsing = False
    connection.save(update_fields=("is_rehearsing",))


def open_paper_account(*, owner_id: UUID, name: str, venue: str) -> Connection:
    """A new account at the paper exchange that trades the instruments of `venue` at their prices.

    Raises InvalidInputError for an empty name or a venue without prices, ConflictError for a name in use.
    """
    name = named(name)
    if venue not in dict(paper_venues()):
        raise InvalidInputError("Choose prices that there are.", fields={"venue": "There are no such prices."})
    platform = Platform.objects.get(slug=DEMO)
    if not platform.is_active:
        raise ConflictError("Paper accounts are switched off here: ask the operator.")
    with named_once(name):
        opened = Connection.objects.create(owner_id=owner_id, name=name, platform=platform, venue=venue, is_paper=True)
        list_perpetuals(venue=venue)
        record_opening(opened)
    return opened


def rename_connection(*, owner_id: UUID, connection_id: UUID, name: str) -> Connection:
    """Give a connection another name. Raises NotFoundError, InvalidInputError for none, ConflictError for one used."""
    name = named(name)
    with named_once(name):
        connection = get_connection(owner_id=owner_id, connection_id=connection_id)
        before, connection.name = connection.name, name
        connection.save(update_fields=("name",))
        audit.record_change(
            audit.Area.KEYS,
            "Connection renamed",
            owner_id=owner_id,
            subject=name,
            before={"name": before},
            after={"name": name},
        )
    return connection


def named(name: str) -> str:
    """The name without blanks around it. Raises InvalidInputError when nothing is left."""
    if not name.strip():
        raise InvalidInputError("Give the account a name.", fields={"name": "A name is needed."})
    return name.strip()


@contextmanager
def named_once(name: str) -> Iterator[None]:
    """A transaction that writes a connection's name; ConflictError when another has it."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "connection_name_once_per_owner" not in str(error):
            raise
        raise ConflictError(f"Choose another name: there is an account {name} already.") from error


def set_connection_state(*, owner_id: UUID, connection_id: UUID, state: str) -> Connection:
    """Pause, archive or reactivate a connection: what is not active neither syncs nor trades.

    Its health is left as it is: only syncs write it. Raises NotFoundError; InvalidInputError for another word;
    ConflictError when one is to be archived under which orders or positions are open, because nobody would watch them.
    """
    if state not in Connection.State.values:
        raise InvalidInputError(
            f"Choose one of: {', '.join(Connection.State.values)}.", fields={"state": "There is no such state."}
        )
    connection = get_connection(owner_id=owner_id, connection_id=connection_id)
    before = connection.state
    with transaction.atomic():
        if before == Connection.State.ARCHIVED != state and not connection.is_paper:
            with suppress(CredentialError):  # one that cannot be read says so at its next sync
                own = read_credentials(connection=connection)
                refuse_twice(owner_id, connection.platform_id, own, but=connection)
        # Its row first, as whoever values everything has it: that flags connections, and waits for its turn after it.
        Connection.objects.select_for_update(no_key=True).filter(pk=connection.pk).values_list("pk", flat=True).get()
        connection.switch(state)
        # With an archived account its derivatives leave the fund, as its money does.
        leaves_or_returns = before != state and Connection.State.ARCHIVED in (before, state)
        with changing_hands(owner_id) if leaves_or_returns else nullcontext():
            connection.save(update_fields=connection.SWITCHED)
        # Asked after it is switched: what comes now is refused, and what came before is seen.
        if sentence := why_not_archived(connection):
            raise ConflictError(sentence)
        tell_of_switch(connection)
    audit.record_change(
        audit.Area.KEYS,
        "Connection switched",
        owner_id=owner_id,
        subject=connection.name,
        before={"state": before},
        after={"state": state},
    )
    return connection


def why_not_archived(connection: Connection) -> str:
    """What to do before the connection can be archived; empty when it can, or shall not be."""
    if connection.state != Connection.State.ARCHIVED:
        return ""
    words = open_under([connection.pk])[connection.pk].words
    if not words:
        return _why_not_left(connection)
    return (
        f"Close what is open under {connection.name} first ({words}): nobody watches or sells anything at an archived "
        "account."
    )


def _why_not_left(connection: Connection) -> str:
    """What of a real account's money the wallets still hold: nobody would see what becomes of it."""
    held = Account.objects.filter(wallet__connection_id=connection.pk, kind=Account.Kind.WALLET, balance__gt=0)
    held = held.exclude(wallet__role=Wallet.Role.UNASSIGNED)  # which nobody has claimed, and which leaves the fund then
    assets = [] if connection.is_paper else sorted(held.order_by().values_list("asset", flat=True).distinct())
    if not assets:
        return ""
    return (
        f"The wallets of {connection.name} still hold {', '.join(assets)}: pay it out at the venue and explain what is "
        "missing then, or pause the connection instead."
    )


def record_opening(connection: Connection) -> None:
    """Write into the owner's log that it was opened."""
    audit.record(
        audit.Area.KEYS,
        "Connection opened",
        owner_id=connection.owner_id,
        subject=connection.name,
        after={"platform": connection.platform_id, "venue": connection.venue, "is_paper": connection.is_paper},
    )


def paper_venues() -> tuple[tuple[str, str], ...]:
    """Whose prices a paper account may trade at, each with its words: the simulator's always, and all that are fed."""
    fed = Instrument.objects.filter(is_active=True).exclude(venue=SIMULATED).order_by("venue")
    others = fed.values_list("venue", venue_name()).distinct()
    return ((SIMULATED, "Simulated"), *others)


def get_connection(*, owner_id: UUID, connection_id: UUID) -> Connection:
    """One connection with its platform. Raises NotFoundError, also when it is somebody else's."""
    rows = Connection.objects.select_related("platform", "owner").defer("owner__password")
    connection = rows.filter(owner_id=owner_id, pk=connection_id).first()
    if connection is None:
        raise NotFoundError("There is no such connection.")
    return connection
