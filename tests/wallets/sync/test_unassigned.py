"""What a venue holds and no wallet claims: a wallet of its own per account, counted once, traded by nobody."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import stamina
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit import clock, tenancy
from kit.alerts.models import Alert
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.users.models import User
from portfolio.models import Snapshot
from portfolio.services import take_snapshots
from tests.programs import bearer
from tests.simulators.server import Exchanges
from tests.simulators.wire import Wire
from tests.wallets.books import balance, fund, make_wallet
from tests.wallets.keys import give_true_keys
from wallets.hierarchy.tree import wallet_tree
from wallets.ledger import verify
from wallets.models import Account, Connection, Platform, Reconciliation, SyncRun, VenueMovement, Wallet
from wallets.services import assign_suspense, claim, create_wallet, release_archived, set_arrivals
from wallets.sync.runs import sync_connection
from wallets.venues.accounts import set_connection_state
from wallets.venues.credentials import store_credentials

D = Decimal


@pytest.fixture(autouse=True)
def _fast_retries() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield


@dataclass
class Joined:
    """An account that was just connected, its master wallet, and the exchange behind it."""

    connection: Connection
    master: Wallet
    wire: Wire

    def sync(self) -> SyncRun:
        return sync_connection(owner_id=self.connection.owner_id, connection_id=self.connection.pk)

    @property
    def spare(self) -> Wallet:
        return Wallet.objects.get(role="unassigned", connection=self.connection, archived_at=None)

    def held(self, wallet: Wallet, asset: str = "USDT") -> Decimal:
        return balance(wallet, asset)

    def suspense(self, asset: str = "USDT") -> Decimal:
        rows = Account.objects.filter(wallet__connection=self.connection, asset=asset, kind="suspense")
        return sum((row.balance for row in rows), D(0))

    def adds_up(self) -> None:
        """The equation, of each asset of the last look, from the rows of the ledger and from what the venue has."""
        run = SyncRun.objects.filter(connection=self.connection).latest("created_at")
        for row in Reconciliation.objects.filter(run=run):
            rows = Account.objects.filter(wallet__connection=self.connection, asset=row.asset)
            own = rows.filter(kind="wallet")
            spare = sum((one.balance for one in own.filter(wallet__role="unassigned")), D(0))
            wallets = sum((one.balance for one in own.exclude(wallet__role="unassigned")), D(0))
            venue = sum((held.get(row.asset, D(0)) for held in self.wire.account.wallets.values()), D(0))
            assert venue == wallets + spare + self.suspense(row.asset) == row.venue_total
            assert (row.books_total, row.unassigned, row.suspense + row.drift) == (
                wallets, spare, self.suspense(row.asset),
            )  # fmt: skip
        assert verify(owner_id=self.connection.owner_id).contradiction is None


def join(owner: User, exchanges: Exchanges, slug: str) -> Joined:
    give_true_keys(exchanges)
    wire = exchanges.wires[slug]
    connection = Connection.objects.create(
        owner=owner, platform=Platform.objects.get(slug=slug), name=slug, venue=slug, is_paper=False
    )
    values = {"api_key": wire.key.key, "secret": wire.key.secret, "password": wire.key.password}
    store_credentials(connection=connection, values={name: value for name, value in values.items() if value})
    return Joined(connection, make_wallet(owner, "Fund", connection=connection), wire)


@pytest.fixture(params=["binance", "okx"])
def joined(request: pytest.FixtureRequest, as_owner: User, exchanges: Exchanges) -> Joined:
    return join(as_owner, exchanges, request.param)


@pytest.fixture
def binance(as_owner: User, exchanges: Exchanges) -> Joined:
    return join(as_owner, exchanges, "binance")


def equity(owner: User) -> tuple[Decimal, Decimal]:
    """The fund's value and what was put in, by a snapshot of now."""
    take_snapshots(owner_id=owner.pk)
    found = Snapshot.objects.filter(wallet=None).latest("at")
    return found.equity, found.flows


def test_what_an_account_held_when_it_was_connected_is_unassigned_and_counts_once(
    joined: Joined, as_owner: User
) -> None:
    joined.wire.account.deposit("USDT", 1000)
    fund(joined.master, 400)
    run = joined.sync()
    assert (run.status, run.step) == (SyncRun.Status.OK, "Unassigned: USDT.")
    assert (joined.held(joined.spare), joined.held(joined.master), joined.suspense()) == (600, 400, 0)
    assert equity(as_owner) == (1000, 1000)
    claim(
        owner_id=as_owner.pk, connection_id=joined.connection.pk, asset="USDT", wallet_id=joined.master.pk,
        amount=D(250), key="mine",
    )  # fmt: skip
    assert (joined.held(joined.spare), joined.held(joined.master)) == (350, 650)
    assert equity(as_owner) == (1000, 1000)
    assert joined.sync().status == SyncRun.Status.OK
    joined.adds_up()
    assert not Alert.objects.filter(resolved_at=None).exists()


def test_a_deposit_that_the_venue_tells_of_is_unassigned_until_its_owner_says(joined: Joined, as_owner: User) -> None:
    fund(joined.master, 1000)
    joined.wire.account.deposit("USDT", 1000)
    joined.sync()
    joined.wire.account.receive("USDT", "25.000000000000000001")
    for _ in range(3):
        assert joined.sync().status == SyncRun.Status.OK
    assert joined.held(joined.spare) == D("25.000000000000000001")
    (movement,) = VenueMovement.objects.all()
    assert (movement.kind, movement.status, movement.wallet) == ("deposit", "booked", joined.spare)
    alert = Alert.objects.get(resolved_at=None)
    assert (alert.level, "say which wallet" in alert.story()) == ("warning", True)
    claim(
        owner_id=as_owner.pk, connection_id=joined.connection.pk, asset="USDT", wallet_id=joined.master.pk, key="mine"
    )
    assert not Alert.objects.filter(resolved_at=None).exists()
    assert equity(as_owner) == (D("1025.000000000000000001"), D("1025.000000000000000001"))
    joined.sync()
    joined.adds_up()


def test_by_rule_deposits_and_withdrawals_are_a_wallets_as_flows_and_once(joined: Joined, as_owner: User) -> None:
    fund(joined.master, 1000)
    joined.wire.account.deposit("USDT", 1000)
    joined.sync()
    own = {"owner_id": as_owner.pk, "connection_id": joined.connection.pk}
    set_arrivals(**own, deposits_to=joined.master.pk, withdrawals_from=joined.master.pk)
    joined.wire.account.receive("USDT", 100)
    joined.wire.account.receive("USDT", 100)  # the same amount again is another deposit
    joined.sync()
    joined.wire.account.pay_out("USDT", 49, fee=1)
    for _ in range(3):
        assert joined.sync().status == SyncRun.Status.OK
    assert (joined.held(joined.master), joined.suspense()) == (1150, 0)
    kinds = [(one.kind, one.amount, one.status) for one in VenueMovement.objects.order_by("pk")]
    assert kinds == [("deposit", 100, "booked"), ("deposit", 100, "booked"), ("withdrawal", 50, "booked")]
    assert equity(as_owner) == (1150, 1150)
    joined.adds_up()
    rows = Alert.objects.filter(key__startswith="movement:")
    assert "As you wanted" in rows.get().story()


def test_a_trade_by_hand_does_not_become_a_deposit(joined: Joined, as_owner: User) -> None:
    fund(joined.master, 1000)
    joined.wire.account.deposit("USDT", 1000)
    joined.sync()
    set_arrivals(
        owner_id=as_owner.pk, connection_id=joined.connection.pk, deposits_to=joined.master.pk,
        withdrawals_from=joined.master.pk,
    )  # fmt: skip
    market = next(iter(joined.wire.account.markets))
    joined.wire.account.place(client_id="hand", market_id=market, side="buy", kind="market", quantity=D("0.01"))
    assert joined.sync().status == SyncRun.Status.OK
    assert (joined.held(joined.master), joined.held(joined.master, "BTC")) == (1000, 0)
    assert (joined.held(joined.spare, "BTC"), joined.suspense("BTC")) == (D("0.00999"), 0)
    assert joined.suspense() < -500
    joined.wire.account.receive("BTC", 2)  # beside it, a deposit is what it is
    joined.sync()
    assert (joined.held(joined.master, "BTC"), joined.held(joined.spare, "BTC")) == (2, D("0.00999"))
    joined.adds_up()


def test_what_the_balance_shows_before_the_history_is_taken_out_of_suspense_when_it_is_told(
    joined: Joined, as_owner: User
) -> None:
    joined.sync()
    joined.wire.account.receive("USDT", 70).is_done = False
    assert joined.sync().status == SyncRun.Status.DRIFT
    assert joined.suspense() == 70
    joined.wire.account.moved[0].is_done = True
    assert joined.sync().status == SyncRun.Status.OK
    assert (joined.suspense(), joined.held(joined.spare)) == (0, 70)
    assert not Alert.objects.filter(resolved_at=None, key__startswith="drift").exists()
    joined.adds_up()


def test_what_its_owner_has_explained_is_not_taken_in_again(binance: Joined, as_owner: User) -> None:
    binance.sync()
    deposit = binance.wire.account.receive("USDT", 70)
    deposit.is_done = False
    binance.sync()
    own = {"owner_id": as_owner.pk, "connection_id": binance.connection.pk}
    assign_suspense(**own, asset="USDT", key="explained")
    deposit.is_done = True
    binance.wire.account.deposit("USDT", 100)  # nobody's deposit
    assert binance.sync().status == SyncRun.Status.DRIFT
    assert (binance.held(binance.master), binance.suspense()) == (70, 100)
    binance.adds_up()


def test_a_withdrawal_that_no_wallet_can_bear_is_a_difference(binance: Joined, as_owner: User) -> None:
    fund(binance.master, 100)
    binance.wire.account.deposit("USDT", 100)
    binance.sync()
    binance.wire.account.pay_out("USDT", 30)
    assert binance.sync().status == SyncRun.Status.DRIFT  # nobody said that the master bears it
    assert (binance.held(binance.master), binance.suspense()) == (100, -30)
    assert VenueMovement.objects.get().status == "waiting"
    # The unassigned wallet was made for it, on a slow machine a while after it: the account was known before.
    made = Wallet.objects.filter(role=Wallet.Role.UNASSIGNED)
    assert made.update(created_at=VenueMovement.objects.get().at + timedelta(seconds=1)) == 1
    own = {"owner_id": as_owner.pk, "connection_id": binance.connection.pk}
    set_arrivals(**own, deposits_to=None, withdrawals_from=binance.master.pk)
    assert binance.sync().status == SyncRun.Status.OK
    assert (binance.held(binance.master), binance.suspense()) == (70, 0)
    binance.adds_up()


def test_a_history_that_does_not_answer_leaves_a_difference_until_it_does(
    binance: Joined, exchanges: Exchanges
) -> None:
    binance.sync()
    binance.wire.account.receive("USDT", 5)
    exchanges.fail("hisrec", "answer", times=9, status=503)
    assert binance.sync().status == SyncRun.Status.DRIFT
    exchanges.faults.clear()
    assert binance.sync().status == SyncRun.Status.OK
    assert (binance.held(binance.spare), binance.suspense()) == (5, 0)


def test_nobody_trades_with_it_and_nobody_makes_one(binance: Joined, as_owner: User, client: Client) -> None:
    binance.wire.account.deposit("USDT", 1000)
    binance.sync()
    headers = bearer(as_owner)
    order: dict[str, Any] = {
        "wallet_id": str(binance.spare.pk), "symbol": "BTC/USDT", "side": "buy", "type": "market", "quantity": "0.01",
    }  # fmt: skip
    refused = client.post(
        "/api/v1/orders", order, content_type="application/json", headers=headers | {"Idempotency-Key": "o"}
    )
    assert refused.status_code in (201, 409, 422)
    assert refused.status_code != 201 or refused.json()["outcome"] == "refused"
    with pytest.raises(InvalidInputError, match="A wallet is"):
        create_wallet(owner_id=as_owner.pk, name="Mine", role="unassigned", connection=binance.connection)
    own = {"owner_id": as_owner.pk, "connection_id": binance.connection.pk, "asset": "USDT", "key": "k"}
    for wallet_id, amount, error in (
        (uuid4(), None, NotFoundError),
        (binance.spare.pk, None, NotFoundError),
        (binance.master.pk, D(1001), ConflictError),
        (binance.master.pk, D(0), InvalidInputError),
        (binance.master.pk, D("NaN"), InvalidInputError),
    ):
        with pytest.raises(error):
            claim(**own, wallet_id=wallet_id, amount=amount)  # type: ignore[arg-type]


def test_an_archived_connection_takes_what_is_unassigned_out_of_the_fund(binance: Joined, as_owner: User) -> None:
    binance.wire.account.deposit("USDT", 1000)
    binance.sync()
    own = {"owner_id": as_owner.pk, "connection_id": binance.connection.pk}
    set_connection_state(**own, state="archived")
    assert release_archived(owner_id=as_owner.pk) == 1
    assert equity(as_owner) == (0, 0)
    set_connection_state(**own, state="active")
    with clock.at(clock.now()):
        assert binance.sync().status == SyncRun.Status.OK
    assert binance.held(binance.spare) == 1000
    binance.adds_up()


def test_pages_and_programs_say_it_and_take_it_in(
    owner: User, client: Client, exchanges: Exchanges, other_owner: User
) -> None:
    with tenancy.tenant(owner.pk):
        joined = join(owner, exchanges, "binance")
        joined.wire.account.deposit("USDT", 1000)
        joined.wire.account.deposit("BTC", "0.5")
        joined.sync()
        joined.wire.account.receive("BTC", "0.25")
        joined.sync()
        master, pk = joined.master.pk, joined.connection.pk
    program = Client(headers=bearer(owner))
    at = f"/api/v1/connections/{pk}"
    proof = program.get("/api/v1/proof").json()["venues"]
    assert [(row["asset"], row["unassigned"], row["drift"]) for row in proof] == [
        ("BTC", "0.75", "0"), ("USDT", "1000", "0"),
    ]  # fmt: skip
    rule = {"deposits_to": str(master), "withdrawals_from": None}
    assert program.put(f"{at}/arrivals", rule, content_type="application/json").json() == rule | {"is_told": True}
    wrong = program.put(f"{at}/arrivals", {"deposits_to": str(uuid4())}, content_type="application/json")
    assert wrong.status_code == 404
    assert [row["amount"] for row in program.get(f"{at}/movements").json()["items"]] == ["0.25"]
    for _ in range(2):
        taken = program.post(
            f"{at}/unassigned/USDT", {"wallet_id": str(master), "amount": "400"}, content_type="application/json",
            headers={"Idempotency-Key": "one"},
        )  # fmt: skip
        assert taken.status_code == 201
    stranger = Client(headers=bearer(other_owner))
    assert stranger.get(f"{at}/arrivals").status_code == stranger.get(f"{at}/movements").status_code == 404
    assert stranger.put(f"{at}/arrivals", {}, content_type="application/json").status_code == 404
    client.force_login(owner)
    page = f"/wallets/connections/{pk}/arrivals/"
    shown = client.get(page).content.decode()
    assert "600" in shown
    assert "Take it into Fund" in shown
    assert 'name="amount" value="600"' in shown
    User.objects.filter(pk=owner.pk).update(privacy=True)
    assert 'name="amount" value=""' in client.get(page).content.decode()
    User.objects.filter(pk=owner.pk).update(privacy=False)
    with tenancy.tenant(owner.pk):
        assert [node.name for node in wallet_tree(owner_id=owner.pk)][:1] == ["Fund"]
    tree = client.get("/wallets/").content.decode()
    assert "1 master " in tree
    assert "with unassigned" in tree
    client.post(f"{page}take/", {"asset": "BTC", "amount": "0.75", "wallet": str(master), "key": "k"})
    client.post(page, {"deposits_to": "", "withdrawals_from": str(master)})
    with tenancy.tenant(owner.pk):
        assert (balance(joined.master), balance(joined.master, "BTC")) == (400, D("0.75"))
        joined.connection.refresh_from_db()
        assert (joined.connection.deposits_to_id, joined.connection.withdrawals_from_id) == (None, master)
        spare = joined.spare.pk
    for path in ("/wallets/", f"/wallets/{spare}/", f"/wallets/?wallet={spare}", f"/wallets/{master}/",
                 "/wallets/proof/", f"/wallets/connections/{pk}/", "/goals/new/"):  # fmt: skip
        assert client.get(path).status_code == 200
    assert "Unassigned" in client.get("/wallets/").content.decode()


movements = st.lists(
    st.tuples(
        st.sampled_from(["deposit", "withdraw", "hand", "claim", "sync", "rule", "ask", "outage"]),
        st.sampled_from(["USDT", "BTC"]),
        st.decimals("0.000000000000000001", "1000", places=18),
    ),
    min_size=3,
    max_size=12,
)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(steps=movements)
def test_whatever_happens_venue_is_wallets_and_unassigned_and_what_is_unexplained(
    owner: User, exchanges: Exchanges, steps: list[tuple[str, str, Decimal]]
) -> None:
    from django.db import transaction

    exchanges.wires["binance"].account.__init__(  # type: ignore[misc]  # an account that nothing has happened to
        list(exchanges.wires["binance"].account.markets.values()), main="spot", fee_in_base=True
    )
    exchanges.faults.clear()
    with tenancy.tenant(owner.pk), transaction.atomic():
        joined = join(owner, exchanges, "binance")
        account, own = joined.wire.account, {"owner_id": owner.pk, "connection_id": joined.connection.pk}
        joined.sync()
        for number, (what, asset, amount) in enumerate(steps):
            if what == "deposit":
                account.receive(asset, amount)
            elif what == "withdraw" and account.total(asset) >= amount:
                account.pay_out(asset, amount)
            elif what == "hand":  # nothing that the history tells of
                account.deposit(asset, amount)
            elif what == "claim":
                for spare in Account.objects.filter(
                    wallet__role="unassigned", asset=asset, balance__gt=0, kind="wallet"
                ):
                    claim(
                        **own,
                        asset=asset,
                        wallet_id=joined.master.pk,
                        amount=min(amount, spare.balance),
                        key=str(number),
                    )
            elif what in ("rule", "ask"):
                chosen = joined.master.pk if what == "rule" else None
                set_arrivals(**own, deposits_to=chosen, withdrawals_from=chosen)
            elif what == "outage":
                exchanges.fail("hisrec", "answer", times=1, status=503)
            else:
                joined.sync()
        joined.sync()
        joined.sync()
        joined.adds_up()
        booked = sum(one.change for one in VenueMovement.objects.filter(status="booked"))
        outside = Account.objects.filter(wallet__connection=joined.connection, kind="external")
        in_suspense = sum((joined.suspense(asset) for asset in ("USDT", "BTC")), D(0))
        assert -sum((one.balance for one in outside), D(0)) == booked + in_suspense
        transaction.set_rollback(True)
