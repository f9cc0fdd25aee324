"""From every row of the books one comes to the order, from the order to its agent, run and position, and back."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from farms.models import AgentRun
from kit import clock
from kit.users.models import User
from tests.farms.conftest import CROSS_UP, Desk
from trading.models import Fill, Order, Position
from wallets.models import FundAllocation


@pytest.fixture
def traded(desk: Desk) -> Desk:
    """The desk after its agent has bought."""
    desk.candles(CROSS_UP)
    run = desk.run()
    assert run is not None
    assert Fill.objects.filter(order_id=run.order_id).exists()
    return desk


@pytest.fixture
def page(client: Client, desk: Desk) -> Client:
    client.force_login(desk.owner)
    return client


def links(page: Client, address: str) -> set[str]:
    answer = page.get(address, follow=True)
    assert answer.status_code == 200, address
    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    return {link.replace("&amp;", "&") for link in re.findall(r'<a [^>]*?href="([^"]+)"', main)}


def test_a_row_of_the_statement_leads_to_its_order_or_to_what_was_moved(page: Client, traded: Desk) -> None:
    order, given = Order.objects.get(), FundAllocation.objects.filter(target=traded.agent.wallet).get()
    found = links(page, reverse("wallets:wallet", args=[traded.agent.wallet_id]))
    assert reverse("trading:order", args=[order.pk]) in found
    moved = reverse("wallets:posting", args=[given.posting_id])
    assert moved in found
    shown = page.get(moved).content.decode()
    assert traded.agent.wallet.name in shown
    for wallet in (given.source_id, given.target_id):
        assert f"{reverse('wallets:wallet', args=[wallet])}?asset=USDT" in links(page, moved)
    booked = Fill.objects.get(order=order).posting_id
    assert reverse("trading:order", args=[order.pk]) in links(page, reverse("wallets:posting", args=[booked]))


def test_an_order_leads_to_its_agent_its_run_its_position_and_its_bookings(page: Client, traded: Desk) -> None:
    order, position = Order.objects.get(), Position.objects.get()
    found = links(page, reverse("trading:order", args=[order.pk]))
    agent = reverse("farms:agent", args=[traded.agent.pk])
    worker = reverse("farms:of-wallet", args=[order.wallet_id])
    assert worker in found
    assert page.get(worker).headers["Location"] == agent
    decided = reverse("farms:of-order", args=[order.pk])
    assert decided in found
    run = AgentRun.objects.get(order=order)
    answer = page.get(decided)
    assert answer.headers["Location"] == f"{agent}?show=acted&page=1#run-{run.pk}"
    assert f'id="run-{run.pk}"' in page.get(answer.headers["Location"]).content.decode()
    held = reverse("trading:position", args=[position.pk])
    assert held in found
    assert reverse("wallets:posting", args=[Fill.objects.get().posting_id]) in found
    assert {reverse("trading:order", args=[order.pk]), worker} <= set(links(page, held))
    orders = f"{reverse('trading:orders')}?wallet={position.wallet_id}&instrument={position.instrument_id}"
    assert any(link.startswith(orders) for link in links(page, held))
    for place in (reverse("trading:positions"), agent):
        assert held in links(page, place), place


def test_a_closed_position_keeps_its_page(page: Client, traded: Desk) -> None:
    traded.each([105.0, 107.0, 104.0, 99.0, 95.0, 92.0])
    position = Position.objects.get()
    assert position.closed_at is not None
    held = reverse("trading:position", args=[position.pk])
    agent = reverse("farms:agent", args=[traded.agent.pk])
    orders = [reverse("trading:order", args=[order.pk]) for order in Order.objects.all()]
    for place in (reverse("trading:trades"), agent, *orders):
        assert held in links(page, place), place
    assert set(orders) <= set(links(page, held))


def test_the_run_of_an_older_order_is_on_a_later_page(page: Client, traded: Desk) -> None:
    run = AgentRun.objects.get(order__isnull=False)
    AgentRun.objects.bulk_create(
        AgentRun(
            owner=traded.owner, agent=traded.agent, instrument=traded.instrument, bar=run.bar + number,
            decision=AgentRun.Decision.SKIP, explanation=run.explanation, close=run.close,
        )
        for number in range(1, 31)
    )  # fmt: skip
    address = page.get(reverse("farms:of-order", args=[run.order_id])).headers["Location"]
    assert "page=2" in address
    assert f'id="run-{run.pk}"' in page.get(address).content.decode()


def test_a_wallet_leads_to_its_agent_and_its_farm_and_they_to_it(page: Client, traded: Desk) -> None:
    for wallet, worker in (
        (traded.agent.wallet_id, reverse("farms:agent", args=[traded.agent.pk])),
        (traded.farm.wallet_id, reverse("farms:farm", args=[traded.farm.pk])),
    ):
        own = reverse("wallets:wallet", args=[wallet])
        across = reverse("farms:of-wallet", args=[wallet])
        assert across in links(page, own)
        assert page.get(across).headers["Location"] == worker
        assert own in links(page, worker)


def test_lists_of_orders_and_positions_lead_to_who_trades(page: Client, traded: Desk) -> None:
    worker = reverse("farms:of-wallet", args=[traded.agent.wallet_id])
    for name in ("trading:orders", "trading:positions"):
        assert worker in links(page, reverse(name))


def test_an_order_that_no_run_placed_leads_to_its_agent(page: Client, traded: Desk) -> None:
    order = Order.objects.create(
        owner=traded.owner, wallet=traded.agent.wallet, connection=traded.master.connection,
        instrument=traded.instrument, key="by hand", client_order_id="mqbyhand", side="sell", quantity=1,
        status="rejected", reference_price=100, closed_at=clock.now(),
    )  # fmt: skip
    assert page.get(reverse("farms:of-order", args=[order.pk])).headers["Location"] == reverse(
        "farms:of-wallet", args=[order.wallet_id]
    )


def test_another_owner_is_led_nowhere(traded: Desk, other_owner: User) -> None:
    theirs = Client()
    theirs.force_login(other_owner)
    order = Order.objects.get()
    posting = FundAllocation.objects.filter(target=traded.agent.wallet).get().posting_id
    for address in (
        reverse("farms:of-order", args=[order.pk]),
        reverse("wallets:posting", args=[posting]),
        reverse("trading:order", args=[order.pk]),
    ):
        assert theirs.get(address).status_code == 404, address
