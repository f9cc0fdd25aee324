"""After a change of the base currency every page says what its figures are in."""

from django.test import Client
from django.urls import reverse

from goals import services as goals
from kit import clock
from kit.users.models import User
from tests.farms.conftest import T0, make_desk


def test_what_is_not_in_the_readers_currency_says_what_it_is_in(as_owner: User, client: Client) -> None:
    with clock.at(T0):
        desk = make_desk(as_owner)
    goal = goals.create(owner_id=as_owner.pk, name="Profit", kind="profit_target", target="500", scope="fund")
    client.force_login(as_owner)
    pages = {
        reverse("portfolio:home"): "<small>in USDT</small>",  # its farms, beside a fund in another
        **dict.fromkeys(
            (
                reverse("wallets:tree"),
                reverse("wallets:wallet", args=[desk.farm.wallet_id]),
                reverse("farms:list"),
                reverse("farms:farm", args=[desk.farm.pk]),
                reverse("farms:agent", args=[desk.agent.pk]),
            ),
            f"In USDT, which the money is kept in; the Portfolio is told in {desk.instrument.base}.",
        ),
        # A goal's money is told in what was its owner's currency when it was made, whatever the wallets keep.
        reverse("goals:list"): "In USDT, which goals were set in; the Portfolio is told in ",
        reverse("goals:goal", args=[goal.pk]): "In USDT, which the goal was set in; the Portfolio is told in ",
    }
    for page, said in pages.items():
        assert said not in client.get(page).content.decode(), page
    answer = client.post(
        reverse("ui:preferences"),
        {"name": "Owner", "timezone": "UTC", "base_currency": desk.instrument.base, "number_format": "1,234.56",
         "date_format": "23 Oct 2026", "theme": "system", "palette": "green-red"},
        follow=True,
    )  # fmt: skip
    assert "goals under way in the one that they were set in" in answer.content.decode()
    for page, said in pages.items():
        assert said in client.get(page).content.decode(), page
