"""What came to a wallet without a trade can be taken up as a position, and is traded like any other then."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from kit.errors import ConflictError, InvalidInputError
from kit.users.models import User
from portfolio.models import Snapshot
from portfolio.services import take_snapshots
from tests.programs import bearer
from tests.trading.desk import Desk, make_desk, set_price
from trading.models import Position
from trading.services import adopt
from wallets.ledger import AccountRef, Leg, post
from wallets.models import Wallet
from wallets.venues.demo import account as demo

D = Decimal


@pytest.fixture
def desk(as_owner: User) -> Desk:
    return make_desk(as_owner)


def arrive(desk: Desk, amount: str, asset: str = "BTC") -> None:
    """A deposit at the venue that its owner has explained."""
    own = {"owner_id": desk.owner.pk, "connection_id": desk.connection.pk}
    demo.credit(**own, asset=asset, amount=D(amount))  # type: ignore[arg-type]
    leg = Leg(AccountRef(desk.wallet.pk, asset, "external"), AccountRef(desk.wallet.pk, asset), D(amount))
    post(owner_id=desk.owner.pk, key=f"arrived {asset} {amount}", kind="deposit", legs=[leg])


def taken(desk: Desk) -> Position:
    return adopt(owner_id=desk.owner.pk, wallet_id=desk.wallet.pk, symbol="BTC/USDT")


def test_what_arrived_is_refused_with_the_way_out_and_traded_after_it_was_taken_up(desk: Desk) -> None:
    arrive(desk, "0.5")
    for side in ("buy", "sell"):
        refused = desk.place(side, "0.1")
        assert refused.is_refused
        assert "take up what is in no position" in str(refused.refusal)
    set_price(desk.instrument, "200")
    take_snapshots(owner_id=desk.owner.pk)
    before = Snapshot.objects.filter(wallet=None).latest("at")
    position = taken(desk)
    assert (position.quantity, position.entry_price, position.realized_pnl) == (D("0.5"), 200, 0)
    assert "Not bought here" in str(position.entry_reason)
    take_snapshots(owner_id=desk.owner.pk)
    after = Snapshot.objects.filter(wallet=None).latest("at")
    assert (after.equity, after.flows, after.unrealized_pnl) == (before.equity, before.flows, 0)
    assert desk.trade("sell", "0.2").status == "filled"
    assert desk.trade("buy", "0.1").status == "filled"
    set_price(desk.instrument, "300")
    assert desk.trade("sell", "0.4").status == "filled"
    position.refresh_from_db()
    assert position.closed_at is not None
    assert position.realized_pnl > 30
    assert desk.books_agree()


def test_it_joins_the_position_that_is_open_at_an_average_price(desk: Desk) -> None:
    desk.trade("buy", "1")
    bought = Position.objects.get()
    arrive(desk, "1")
    set_price(desk.instrument, "200")
    joined = taken(desk)
    assert joined.pk == bought.pk
    assert (joined.quantity, joined.entry_price) == (2, (bought.entry_price + 200) / 2)
    assert joined.fees == bought.fees
    with pytest.raises(ConflictError, match="nothing to take up"):
        taken(desk)


def test_what_cannot_be_taken_up_says_why(desk: Desk) -> None:
    own = {"owner_id": desk.owner.pk, "wallet_id": desk.wallet.pk}
    with pytest.raises(ConflictError, match="nothing to take up"):
        adopt(**own, symbol="BTC/USDT")  # type: ignore[arg-type]
    arrive(desk, "0.0000001")
    with pytest.raises(ConflictError, match="nothing to take up"):
        adopt(**own, symbol="BTC/USDT")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="spot market"):
        adopt(**own, symbol="NOT/HERE")  # type: ignore[arg-type]
    spare = Wallet.objects.create(
        owner=desk.owner, name="Spare", role="reserve", parent=desk.master, connection=desk.connection
    )
    with pytest.raises(ConflictError, match="Nothing is traded from Spare"):
        adopt(owner_id=desk.owner.pk, wallet_id=spare.pk, symbol="BTC/USDT")


def test_page_and_programs_take_it_up(desk: Desk, client: Client, other_owner: User) -> None:
    arrive(desk, "0.5")
    address = f"/api/v1/wallets/{desk.wallet.pk}/positions"
    asked: dict[str, Any] = {"data": {"symbol": "BTC/USDT"}, "content_type": "application/json"}
    assert Client(headers=bearer(other_owner)).post(address, **asked).status_code == 404
    made = Client(headers=bearer(desk.owner)).post(address, **asked)
    assert (made.status_code, made.json()["quantity"], made.json()["entry_price"]) == (201, "0.5", "100")
    arrive(desk, "0.25")
    client.force_login(desk.owner)
    page = reverse("trading:adopt", args=(desk.wallet.pk,))
    assert page in client.get(reverse("wallets:wallet", args=(desk.wallet.pk,))).content.decode()
    shown = client.get(page).content.decode()
    assert "0.25" in shown
    assert "<option>BTC/USDT</option>" in shown
    client.post(page, {"symbol": "BTC/USDT"})
    position = Position.objects.get()
    assert position.quantity == D("0.75")
    assert client.get(reverse("trading:position", args=(position.pk,))).status_code == 200
    assert "Nothing: all that it holds" in client.get(page).content.decode()
