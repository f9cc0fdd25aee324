"""Many orders are cancelled at once, after it was said which, and a repeated request finds the same ones."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from kit import tenancy
from kit.errors import InvalidInputError, NotFoundError
from kit.users.models import User
from markets.models import Instrument
from tests.programs import bearer
from tests.trading.desk import SYMBOL, Desk, fund, make_desk, set_price, use_adapter
from tests.trading.test_cancelling import RestingVenue
from trading import services
from trading.models import Cancellation, MassCancellation, Order, Position
from trading.orders.intents import OrderConflictError
from wallets.models import Wallet

D = Decimal


@pytest.fixture
def desk(owner: User, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Whose venue leaves every order open."""
    venue = RestingVenue()
    use_adapter(monkeypatch, lambda _: venue)
    with tenancy.tenant(owner.pk):
        yield make_desk(owner)


def twin_of(desk: Desk) -> Desk:
    wallet = Wallet.objects.create(
        owner=desk.owner, name="Twin", role="agent", parent=desk.farm, connection=desk.connection
    )
    twin = Desk(desk.owner, desk.connection, desk.master, desk.farm, wallet, desk.instrument)
    fund(twin, "USDT", D(10_000))
    return twin


def ether(desk: Desk) -> Instrument:
    market, _ = Instrument.objects.get_or_create(
        venue="simulated",
        symbol="ETH/USDT",
        defaults={"base": "ETH", "quote": "USDT", "tick_size": D("0.01"), "lot_size": D("0.001")},
    )
    set_price(market, "100")
    services.set_limits(on=desk.connection, allowed_symbols=[SYMBOL, "ETH/USDT"], maximum_notional=D(50_000))
    return market


def asked(desk: Desk, key: str = "all", **which: object) -> list[object]:
    named = services.Which.of(owner_id=desk.owner.pk, **which)  # type: ignore[arg-type]  # as an address has them
    return list(services.cancel_all(owner_id=desk.owner.pk, which=named, key=key).orders)


def test_a_wallet_with_all_below_it_a_wallet_alone_and_a_market_are_told_apart(desk: Desk) -> None:
    twin, market = twin_of(desk), ether(desk)
    first, second = desk.trade("buy", "1"), twin.trade("buy", "1")
    third = desk.trade("buy", "1", instrument=market)
    assert asked(desk, "alone", wallet_id=desk.farm.pk, below=False) == []
    assert asked(desk, "market", symbol="ETH/USDT") == [third.pk]
    assert asked(desk, "twin", wallet_id=twin.wallet.pk) == [second.pk]
    assert set(asked(desk, "below", wallet_id=desk.master.pk)) == {first.pk, second.pk, third.pk}
    assert asked(desk, "sales", side="sell") == []
    assert Cancellation.objects.count() == 3


def test_the_same_key_names_the_same_orders_and_cancels_none_that_came_later(desk: Desk) -> None:
    twin = twin_of(desk)
    first = desk.trade("buy", "1")
    assert asked(desk, wallet_id=desk.farm.pk) == [first.pk]
    later = twin.trade("buy", "1")
    assert asked(desk, wallet_id=desk.farm.pk) == [first.pk]
    assert not Cancellation.objects.filter(order=later).exists()
    with pytest.raises(OrderConflictError):
        asked(desk, wallet_id=desk.master.pk)
    assert MassCancellation.objects.count() == 1


def test_workers_carry_it_out_and_the_money_is_free_again(desk: Desk) -> None:
    order = desk.trade("buy", "1")
    assert desk.held("USDT") > 0
    asked(desk)
    services.cancel_order(owner_id=desk.owner.pk, order_id=order.pk)
    assert (desk.fresh(order).status, desk.held("USDT")) == ("cancelled", 0)


def test_the_preview_names_what_is_lost_and_what_stays(desk: Desk) -> None:
    twin = twin_of(desk)
    going = desk.trade("buy", "1", exit_stop=D(90), exit_target=D(120))
    sending = twin.place("buy", "1")
    with tenancy.tenant(desk.owner.pk):
        Order.objects.filter(pk=sending.pk).update(attempts=1)
    found = services.preview_cancelling_all(owner_id=desk.owner.pk, which=services.Which())
    gone = {one.order.pk: one.loses for one in found.going}
    assert gone == {going.pk: ["stop", "target"], sending.pk: []}
    assert [order.pk for order in found.waits] == [sending.pk]
    assert found.keeps == ()


def test_what_carries_out_the_stop_of_a_position_goes_on(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    with tenancy.tenant(owner.pk):
        desk = make_desk(owner)
        desk.trade("buy", "1", exit_stop=D(90))
        venue = RestingVenue()
        use_adapter(monkeypatch, lambda _: venue)
        set_price(desk.instrument, "89")
        (order,) = services.keep_protection(owner_id=owner.pk)
        desk.execute(order)
        assert Position.objects.get().exits.get().status == "open"
        found = services.preview_cancelling_all(owner_id=owner.pk, which=services.Which())
        assert ([one.pk for one in found.keeps], found.going) == ([order.pk], ())
        assert asked(desk) == []


def test_what_is_nowhere_is_refused(desk: Desk, other_owner: User) -> None:
    with pytest.raises(NotFoundError):
        services.Which.of(owner_id=other_owner.pk, wallet_id=desk.wallet.pk)
    for which, field in (({"symbol": "NO/SUCH"}, "symbol"), ({"side": "hold"}, "side")):
        with pytest.raises(InvalidInputError) as refused:
            services.Which.of(owner_id=desk.owner.pk, **which)
        assert list(refused.value.fields) == [field]


def test_the_page_says_what_goes_and_its_button_does_it_once(desk: Desk, client: Client) -> None:
    order = desk.trade("buy", "1", exit_stop=D(90))
    client.force_login(desk.owner)
    page = client.get(reverse("trading:cancel-all"), {"wallet": str(desk.farm.pk), "symbol": SYMBOL})
    html = page.content.decode()
    assert "Cancel 1 order<" in html
    assert "its stop is lost" in html
    given = {"key": str(page.context["key"]), "wallet": str(desk.farm.pk), "symbol": SYMBOL, "side": "", "below": "1"}
    for _ in range(2):
        assert client.post(reverse("trading:cancel-all"), given).status_code == 302
    assert MassCancellation.objects.get().orders == [order.pk]
    assert client.get(reverse("trading:cancel-all"), {"wallet": "nonsense"}).status_code == 302
    assert client.get(reverse("trading:cancel-all"), {"wallet": str(order.pk)}).status_code == 404


def test_programs_need_a_key_and_another_s_wallet_is_not_found(desk: Desk, client: Client, other_owner: User) -> None:
    order = desk.trade("buy", "1")
    path, body = "/api/v1/orders/cancel", {"wallet_id": str(desk.farm.pk)}
    mine, theirs = bearer(desk.owner), bearer(other_owner)

    def send(headers: dict[str, str], **more: str) -> object:
        return client.post(path, body, content_type="application/json", headers={**headers, **more})

    assert send(mine).status_code == 422  # type: ignore[attr-defined]
    assert send(theirs, **{"Idempotency-Key": "a"}).status_code == 404  # type: ignore[attr-defined]
    first, again = (send(mine, **{"Idempotency-Key": "a"}).json() for _ in range(2))  # type: ignore[attr-defined]
    assert first == again
    assert first["orders"] == [str(order.pk)]
    assert Order.objects.get(pk=order.pk).cancellation is not None
