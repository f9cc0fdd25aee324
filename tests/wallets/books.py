"""Books to test with: an owner's demo connection, wallets on it, and short words for postings."""

from decimal import Decimal
from uuid import UUID, uuid4

from kit import tenancy
from kit.users.models import User
from wallets.ledger import AccountRef, Leg, post
from wallets.models import Account, Connection, Platform, Posting, Wallet


def make_connection(owner: User, name: str = "Demo") -> Connection:
    return Connection.objects.create(owner=owner, platform_id="demo", name=name, venue="simulated")


def keyed_platform(*required: str, optional: tuple[str, ...] = ()) -> Platform:
    """A platform that asks for these fields and is served by the paper exchange."""
    platform, is_new = Platform.objects.get_or_create(slug="keyed", defaults={"name": "Keyed", "adapter": "demo"})
    for name in (*required, *optional) if is_new else ():
        platform.credential_fields.create(name=name, label=name, required=name in required)
    return platform


def make_wallet(owner: User, name: str = "Main", connection: Connection | None = None) -> Wallet:
    """A master wallet, without the services: the ledger's own tests need no more than its row."""
    connection = connection or Connection.objects.filter(owner=owner).first() or make_connection(owner)
    return Wallet.objects.create(owner=owner, name=name, role=Wallet.Role.MASTER, connection=connection)


def ref(wallet: Wallet, asset: str = "USDT", kind: str = "wallet") -> AccountRef:
    return AccountRef(wallet.pk, asset, kind)


def fund(wallet: Wallet, amount: str | int, asset: str = "USDT") -> Posting:
    """Money from outside, as a deposit brings it."""
    leg = Leg(ref(wallet, asset, "external"), ref(wallet, asset), Decimal(amount))
    return post(owner_id=wallet.owner_id, key=f"fund:{uuid4()}", kind="deposit", legs=[leg])


def move(source: Wallet, target: Wallet, amount: str | int, *, key: str = "", asset: str = "USDT") -> Posting:
    leg = Leg(ref(source, asset), ref(target, asset), Decimal(amount))
    return post(owner_id=source.owner_id, key=key or f"move:{uuid4()}", kind="allocate", legs=[leg])


def balance(wallet: Wallet, asset: str = "USDT", kind: str = "wallet") -> Decimal:
    account = Account.objects.filter(wallet=wallet, asset=asset, kind=kind).first()
    return account.balance if account else Decimal(0)


def held(wallet: Wallet, asset: str = "USDT") -> Decimal:
    account = Account.objects.filter(wallet=wallet, asset=asset, kind="wallet").first()
    return account.held if account else Decimal(0)


def funded(owner_id: UUID, count: int, amount: str | int) -> list[Wallet]:
    """`count` masters with `amount` USDT each, committed."""
    owner = User.objects.get(pk=owner_id)
    with tenancy.tenant(owner_id):
        wallets = [make_wallet(owner, f"Wallet {number}") for number in range(count)]
        for wallet in wallets:
            fund(wallet, amount)
    return wallets
