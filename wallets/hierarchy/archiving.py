"""Putting a wallet away and taking it back, and giving it another place.

A wallet that is put away is empty, and nothing comes to it: whoever moves money holds its row (`hold_open`) to the
end of the transaction, so that neither of the two can miss the other. The wallets of farms and agents are put away,
restored and moved with their farm or agent, which call `put_away`, `bring_back` and `change_place`.

A wallet takes its past along when it moves: what it holds leaves the wallets above it and comes to those that it then
stands under, as money would. Whoever counts what flowed registers a follower, which keeps that from being anybody's
profit or loss.
"""

from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from kit import clock
from kit.audit import services as audit
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.live.publish import publish
from kit.models import joined_again
from wallets.hierarchy.places import PARENT_ROLES, get_wallet, save_in_place, subtree
from wallets.models import Account, Wallet

# Who puts these away, moves and restores them: what is done with their wallets alone would leave them behind.
KEEPERS: Final = {Wallet.Role.FARM: "farm", Wallet.Role.AGENT: "agent", Wallet.Role.POOL: "pool"}


@dataclass(frozen=True, slots=True)
class Relocation:
    """A wallet that gets another place: it leaves the wallets `left` above it and comes under the ones `entered`."""

    wallet: Wallet
    left: tuple[UUID, ...]
    entered: tuple[UUID, ...]


Follower = Callable[[Relocation], AbstractContextManager[None]]
# Locks what a follower needs of the owner's.
Hold = Callable[[UUID], object]

_followers: list[Follower] = []
_first: list[Hold] = []


def register(follower: Follower, *, first: Hold) -> None:
    """Enter `follower` around each relocation from now on, and call `first` before the wallet's row is locked for it;
    registering twice does it once."""
    if follower not in _followers:
        _followers.append(follower)
        _first.append(first)


# --- for people: masters and reserves -------------------------------------------------------------------------------


def archive_wallet(*, owner_id: UUID, wallet_id: UUID) -> Wallet:
    """Put a master or a reserve away; a second time changes nothing.

    Raises NotFoundError; ConflictError that says what to do first while it holds money, an order of it has not ended or
    wallets stand under it, and for the wallet of a farm or an agent, which is put away with it.
    """
    with transaction.atomic():
        wallet = _locked(owner_id, wallet_id)
        _require_its_own(wallet, "archive")
        if wallet.archived_at is None:
            put_away(wallet)
    return wallet


def restore_wallet(*, owner_id: UUID, wallet_id: UUID) -> Wallet:
    """Take a master or a reserve back; a second time changes nothing. Raises as `archive_wallet` does."""
    with transaction.atomic():
        wallet = _locked(owner_id, wallet_id)
        _require_its_own(wallet, "restore")
        if wallet.archived_at is not None:
            bring_back(wallet)
    return wallet


def move_wallet(*, owner_id: UUID, wallet_id: UUID, parent_id: UUID) -> Wallet:
    """Give a reserve another master. Raises NotFoundError, InvalidInputError for a place where it cannot stand,
    ConflictError for a name that is used there, and for the wallet of a farm or an agent, which moves with it.
    """
    with transaction.atomic():
        wallet = _locked_to_move(owner_id, wallet_id)
        parent = get_wallet(owner_id=owner_id, wallet_id=parent_id)
        require_place(wallet, parent)
        _require_its_own(wallet, "move")
        if wallet.parent_id != parent.pk:
            change_place(wallet, parent)
    return wallet


# --- for whoever keeps a wallet -------------------------------------------------------------------------------------


def put_away(wallet: Wallet) -> None:
    """Archive the locked wallet. Raises ConflictError while it is in use."""
    below = Wallet.objects.filter(parent=wallet, archived_at=None).order_by("created_at").first()
    if below is not None:
        raise ConflictError(f"Archive what stands under {wallet.name} first, such as {below.name}.")
    accounts = Account.objects.filter(wallet=wallet, kind=Account.Kind.WALLET, balance__gt=0).order_by("asset")
    if any(account.held for account in accounts):
        raise ConflictError(f"{wallet.name} has an order that has not ended: wait for it, or cancel it on Orders.")
    if accounts:
        held = ", ".join(account.asset for account in accounts)
        raise ConflictError(f"{wallet.name} still holds {held}: move it to another wallet first.")
    wallet.archived_at, wallet.target_weight = clock.now(), None
    wallet.save(update_fields=("archived_at", "target_weight"))
    _tell(wallet, "Wallet archived", "archived")


def bring_back(wallet: Wallet) -> None:
    """Restore the locked wallet. Raises ConflictError under a wallet that is archived itself."""
    if wallet.parent is not None and wallet.parent.archived_at is not None:
        raise ConflictError(f"Restore {wallet.parent.name} first: {wallet.name} stands under it.")
    wallet.archived_at = None
    wallet.save(update_fields=("archived_at",))
    _tell(wallet, "Wallet restored", "restored")


def change_place(wallet: Wallet, parent: Wallet) -> None:
    """Put the wallet, which `lock_to_move` has locked, under `parent`, where it may stand, with everything below it."""
    require_place(wallet, parent)
    before, after = _above(wallet.parent), _above(parent)
    relocation = Relocation(
        wallet,
        left=tuple(pk for pk in before if pk not in after),
        entered=tuple(pk for pk in after if pk not in before),
    )
    origin = wallet.parent.name if wallet.parent else ""
    with ExitStack() as stack:
        for follower in _followers:
            stack.enter_context(follower(relocation))
        wallet.parent, wallet.target_weight = parent, None
        save_in_place(wallet)
    audit.record(
        audit.Area.MONEY,
        "Wallet moved",
        owner_id=wallet.owner_id,
        subject=wallet.name,
        before={"parent": origin},
        after={"parent": parent.name},
    )
    publish(owner_id=wallet.owner_id, event="wallets", data={"wallet": str(wallet.pk), "change": "moved"})


def require_place(wallet: Wallet, parent: Wallet) -> None:
    """Raises InvalidInputError where the wallet cannot stand under that parent, ConflictError where one is archived."""
    if Wallet.objects.filter(pk__in=subtree([wallet.pk]), owner_id=wallet.owner_id).filter(pk=parent.pk).exists():
        raise _misplaced(f"{parent.name} is {wallet.name} itself or stands below it: choose another wallet.")
    wanted = PARENT_ROLES.get(Wallet.Role(wallet.role), ())
    if not wanted:
        raise _misplaced(f"{wallet.name} is a master, and a master stands under nothing.")
    if parent.role not in wanted:
        raise _misplaced(f"{wallet.name} stands under a {wanted[0].label.lower()}: {parent.name} is none.")
    if parent.base_asset != wallet.base_asset:
        raise _misplaced(f"{parent.name} counts in {parent.base_asset}, {wallet.name} in {wallet.base_asset}.")
    shares = wallet.parent is not None and wallet.parent.connection_id == wallet.connection_id
    if shares and parent.connection_id != wallet.connection_id:
        raise _misplaced(
            f"{parent.name} is at another connection than {wallet.name}: its money is at the venue where it is."
        )
    for one in (wallet, parent):
        if one.archived_at is not None:
            raise ConflictError(f"{one.name} is archived: restore it first.")


def hold_open(wallet_ids: Collection[UUID]) -> None:
    """Keep the wallets from being archived to the end of the transaction. Raises ConflictError for one that is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, archived_at FROM wallets_wallet WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE",
            [list(wallet_ids)],
        )
        require_open((name, archived_at is not None) for name, archived_at in cursor.fetchall())


def require_open(wallets: Iterable[tuple[str, bool]]) -> None:
    """Raises ConflictError for the first (name, is archived) that is."""
    for name, is_archived in wallets:
        if is_archived:
            raise ConflictError(f"{name} is archived: restore it before money moves.")


# --- inside ---------------------------------------------------------------------------------------------------------


def _locked(owner_id: UUID, wallet_id: UUID) -> Wallet:
    """The wallet, locked against whoever moves its money too."""
    rows = Wallet.objects.select_for_update(of=("self",)).select_related("parent", "connection")
    wallet = rows.filter(owner_id=owner_id, pk=wallet_id).first()
    if wallet is None:
        raise NotFoundError("There is no such wallet.")
    return joined_again(wallet)


def _locked_to_move(owner_id: UUID, wallet_id: UUID) -> Wallet:
    for hold in _first:
        hold(owner_id)
    return _locked(owner_id, wallet_id)


def lock(wallet: Wallet) -> Wallet:
    """The same wallet, locked against whoever moves its money."""
    return _locked(wallet.owner_id, wallet.pk)


def lock_to_move(wallet: Wallet) -> Wallet:
    """The same, for `change_place`: what its followers lock is locked before.

    A row that is locked like this is waited for by everybody who writes that something belongs to the wallet, as every
    value does when it is committed. Whoever had the row and then waited for those who write values would wait for ever.
    """
    return _locked_to_move(wallet.owner_id, wallet.pk)


def _require_its_own(wallet: Wallet, verb: str) -> None:
    if keeper := KEEPERS.get(Wallet.Role(wallet.role)):
        raise ConflictError(f"{wallet.name} is the wallet of a {keeper}: {verb} the {keeper}, and it comes along.")


def _above(wallet: Wallet | None) -> list[UUID]:
    path = []
    while wallet is not None:
        path.append(wallet.pk)
        wallet = wallet.parent
    return path


def _misplaced(sentence: str) -> InvalidInputError:
    return InvalidInputError(sentence, fields={"parent_id": sentence})


def _tell(wallet: Wallet, action: str, change: str) -> None:
    audit.record(audit.Area.MONEY, action, owner_id=wallet.owner_id, subject=wallet.name)
    publish(owner_id=wallet.owner_id, event="wallets", data={"wallet": str(wallet.pk), "change": change})
