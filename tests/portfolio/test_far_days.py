"""Days at both ends of the calendar are days like others: no page and no endpoint that takes days breaks on them."""

import pytest
from django.test import Client

from kit import tenancy
from kit.users.models import User
from portfolio.services import roll_up_days, take_snapshots
from tests.portfolio.fund import Fund, set_price

FAR = ("0001-01-01", "0001-01-02", "9999-12-30", "9999-12-31")
SPANS = (
    "/", "/portfolio/contribution/", "/portfolio/compare/", "/portfolio/report/", "/portfolio/changes/",
    "/portfolio/explain/profit/", "/portfolio/explain/return/", "/portfolio/exposure/",
    "/trading/orders/", "/trading/trades/", "/trading/positions/",
    "/api/v1/portfolio/summary", "/api/v1/portfolio/equity", "/api/v1/portfolio/performance",
    "/api/v1/portfolio/contribution", "/api/v1/portfolio/comparison", "/api/v1/portfolio/report",
    "/api/v1/portfolio/decomposition",
)  # fmt: skip
AROUND = {
    "/portfolio/calendar/": ("period", ("day", "week", "month", "year")),
    "/api/v1/portfolio/calendar": ("period", ("day", "week", "month", "year")),
    "/portfolio/report/": ("period", ("month", "quarter", "year")),
    "/api/v1/portfolio/report": ("period", ("month", "quarter", "year")),
}


@pytest.fixture(params=["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def page(request: pytest.FixtureRequest, client: Client, owner: User) -> Client:
    User.objects.filter(pk=owner.pk).update(timezone=request.param)
    with tenancy.tenant(owner.pk):
        set_price("100")
        fund = Fund.make(owner)
        fund.deposit("1000")
        fund.move("master", "farm a", "500")
        take_snapshots(owner_id=owner.pk)
        roll_up_days(owner_id=owner.pk)
    client.force_login(owner)
    client.raise_request_exception = False
    return client


def broken(page: Client, path: str, query: dict[str, str]) -> str:
    answer = page.get(path, query)
    return "" if answer.status_code in {200, 422} else f"{path} {query} {answer.status_code}"


@pytest.mark.slow
def test_no_page_and_no_endpoint_breaks_on_a_period_from_or_to_a_far_day(page: Client) -> None:
    asked = [{"to": day} for day in FAR] + [{"from": FAR[0], "to": FAR[-1]}, {"from": FAR[-1]}]
    assert [told for path in SPANS for query in asked if (told := broken(page, path, query))] == []


def test_no_calendar_and_no_report_breaks_around_a_far_day(page: Client) -> None:
    found = [
        broken(page, path, {name: value, "at": day})
        for path, (name, values) in AROUND.items() for value in values for day in FAR
    ]  # fmt: skip
    assert [told for told in found if told] == []
