"""From paper to a real account goes a copy, on a verdict in favour or on its owner's word, which is kept."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from farms import services
from farms.models import Agent, Backtest, Farm, Promotion, Verdict
from farms.selectors.promotions import promotions_of, standing_of
from farms.services.promoting import NoVerdictError, Override, newest_verdict, override_words, promote_agent
from kit import clock
from kit.audit.models import AuditEntry
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.users.models import User
from markets.models import Instrument
from tests.farms.conftest import Desk
from tests.farms.test_changing import free
from tests.farms.test_placing import calm  # noqa: F401 - the fixture
from tests.programs import bearer
from trading.risk.fees import taker_fee
from wallets.ledger import IdempotencyConflictError
from wallets.models import Connection
from wallets.services import create_wallet

REASON = "I have traded these rules by hand for years."


@pytest.fixture
def real(calm: Desk) -> Farm:  # noqa: F811
    """A farm at a real account of the same market."""
    account = Connection.objects.create(
        owner=calm.owner, platform_id="okx", name="Real", venue=calm.instrument.venue, is_paper=False
    )
    master = create_wallet(owner_id=calm.owner.pk, name="Real", role="master", connection=account)
    return services.create_farm(owner_id=calm.owner.pk, master_id=master.pk, name="Live", kind="trend_following")


def as_strict_as(agent: Agent) -> dict[str, Any]:
    return {
        "taker_fee": float(taker_fee(agent.wallet)), "slippage": 0.0005, "fill": "next_open",
        "size": f"fraction:{float(agent.size)!r}", "leverage": 1.0,
    }  # fmt: skip


def judged(agent: Agent, *, days_ago: int = 1, is_significant: bool = True, assumed: Any = (), **other: Any) -> Verdict:
    """A verdict on a backtest of the agent's rules, or of others."""
    at, assumed = clock.now() - timedelta(days=days_ago), dict(assumed)
    asked = {
        "strategy": agent.strategy,
        "parameters": agent.parameters,
        "instruments": [agent.instrument_id],
        "timeframe": agent.timeframe,
    }
    backtest = Backtest.objects.create(
        owner_id=agent.owner_id, since=at - timedelta(days=90), until=other.pop("until", at), cash=Decimal(1000),
        assumptions=as_strict_as(agent) | assumed, status="done", finished_at=at, **asked | other,
    )  # fmt: skip
    return Verdict.objects.create(
        owner_id=agent.owner_id, backtest=backtest, is_significant=is_significant, trials=1, answers=[], created_at=at
    )


def promote(desk: Desk, farm: Farm, **given: Any) -> Agent:
    asked: dict[str, Any] = {"owner_id": desk.owner.pk, "agent_id": desk.agent.pk, "farm_id": farm.pk, "key": "k"}
    return promote_agent(**asked | given)


def test_a_copy_is_hired_paused_and_without_money_and_knows_where_it_comes_from(calm: Desk, real: Farm) -> None:  # noqa: F811
    verdict, original = judged(calm.agent), calm.agent
    money = free(original.wallet)
    for _ in range(2):
        copy = promote(calm, real)
    same = ("strategy", "parameters", "version_id", "instrument_id", "timeframe", "sizing", "size", "leverage", "name")
    assert [getattr(copy, name) for name in same] == [getattr(original, name) for name in same]
    assert (copy.status, copy.farm, free(copy.wallet)) == (Agent.Status.PAUSED, real, 0)
    original.refresh_from_db()
    assert (original.status, original.farm, free(original.wallet)) == (Agent.Status.RUNNING, calm.farm, money)
    row = Promotion.objects.get()
    assert (row.agent, row.promoted_from, row.verdict, row.reason) == (copy, original, verdict, "")
    told = promotions_of(owner_id=calm.owner.pk, agent_id=copy.pk).promoted_from
    assert told is not None
    assert (told.promoted_from, told.backtest_id) == (original.pk, verdict.backtest_id)
    assert [one.agent_id for one in promotions_of(owner_id=calm.owner.pk, agent_id=original.pk).promoted] == [copy.pk]


def test_what_is_no_verdict_in_favour_is_said(calm: Desk, real: Farm) -> None:  # noqa: F811
    agent = calm.agent
    none = "No backtest of these rules on TST/USDT 1h was judged"
    of_others: tuple[dict[str, Any], ...] = (
        {"timeframe": "4h"},
        {"parameters": agent.parameters | {"fast": 3}},
        {"instruments": [agent.instrument_id + 1]},
        {"strategy": "breakout"},
    )
    makes: list[tuple[Callable[[], Any], str]] = [
        (lambda: None, none),
        *((partial(judged, agent, **other), none) for other in of_others),
        (lambda: judged(agent, days_ago=31), "older than 30 days"),
        (lambda: judged(agent, days_ago=2), ""),
        (lambda: judged(agent, is_significant=False), "is not in their favour"),
    ]
    for make, words in makes:
        make()
        lacks = standing_of(owner_id=calm.owner.pk, agent_id=agent.pk).lacks
        assert words in lacks
        assert bool(words) is bool(lacks)
        if words:
            with pytest.raises(NoVerdictError, match=words):
                promote(calm, real)


def test_without_a_verdict_in_favour_its_owner_types_that_and_why_and_it_is_kept(calm: Desk, real: Farm) -> None:  # noqa: F811
    typed = override_words(calm.agent)
    with pytest.raises(InvalidInputError, match="Type it as it is written: Promote One") as wrong:
        promote(calm, real, override=Override(typed.lower(), REASON))
    assert set(wrong.value.fields) == {"override"}
    with pytest.raises(InvalidInputError, match="Say why") as wrong:
        promote(calm, real, override=Override(typed, "  "))
    assert set(wrong.value.fields) == {"reason"}
    assert not Promotion.objects.exists()
    copy = promote(calm, real, override=Override(typed, REASON))
    row = Promotion.objects.get(agent=copy)
    assert row.reason == REASON
    entry, now = AuditEntry.objects.get(action="Agent promoted"), standing_of(
        owner_id=calm.owner.pk, agent_id=calm.agent.pk
    )  # fmt: skip
    assert (entry.after["reason"], entry.after["overrides"]) == (REASON, now.lacks)
    for change in (lambda: Promotion.objects.update(reason=""), lambda: Promotion.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


@pytest.mark.parametrize(
    ("kinder", "words"),
    [
        ({"taker_fee": 0.0}, "its fee was"),
        ({"slippage": 0.0}, "its slippage was"),
        ({"fill": "signal_close"}, "did not fill at the next candle's open"),
        ({"size": "fraction:1.0"}, "not sized as those of One"),
        ({"size": "risk:0.5"}, "not sized as those of One"),
        ({"leverage": 2.0}, "not sized as those of One"),
    ],
)
def test_a_verdict_that_was_kinder_than_the_account_does_not_count(
    calm: Desk,  # noqa: F811
    real: Farm,
    kinder: dict[str, Any],
    words: str,
) -> None:
    judged(calm.agent, assumed=kinder)
    with pytest.raises(NoVerdictError, match=words):
        promote(calm, real)
    strict = judged(calm.agent, days_ago=2)
    assert promote(calm, real).promotion.verdict == strict


def test_a_verdict_on_candles_of_long_ago_does_not_count(calm: Desk, real: Farm) -> None:  # noqa: F811
    judged(calm.agent, until=clock.now() - timedelta(days=31))
    with pytest.raises(NoVerdictError, match="its candles ended more than 30 days ago"):
        promote(calm, real)


def test_a_verdict_of_thirty_days_ago_still_counts(calm: Desk, real: Farm) -> None:  # noqa: F811
    judged(calm.agent, days_ago=29)
    assert promote(calm, real).farm == real


def test_where_it_may_not_be_promoted_is_said(calm: Desk, real: Farm, other_owner: User) -> None:  # noqa: F811
    owner = calm.owner.pk
    judged(calm.agent)
    with pytest.raises(InvalidInputError, match="Trend is no farm at a real account"):
        promote(calm, calm.farm)
    master = real.wallet.parent_id
    assert master is not None
    kind = services.create_farm(owner_id=owner, master_id=master, name="Breaks", kind="breakout")
    with pytest.raises(ConflictError, match="Breaks is a Breakout farm"):
        promote(calm, kind)
    gone = services.create_farm(owner_id=owner, master_id=master, name="Gone", kind="mixed")
    services.archive_farm(owner_id=owner, farm_id=gone.pk)
    with pytest.raises(ConflictError, match="Gone is archived"):
        promote(calm, gone)
    with pytest.raises(NotFoundError):
        promote(calm, real, farm_id=uuid4())
    with pytest.raises(NotFoundError):
        promote(calm, real, owner_id=other_owner.pk)
    copy = promote(calm, real)
    with pytest.raises(ConflictError, match="at a real account already"):
        promote(calm, real, agent_id=copy.pk, key="again")
    with pytest.raises(InvalidInputError, match="this one is taken"):
        promote(calm, real, key="again")
    with pytest.raises(IdempotencyConflictError):
        promote(calm, kind)
    services.archive_agent(owner_id=owner, agent_id=calm.agent.pk)
    with pytest.raises(ConflictError, match="One is archived"):
        promote(calm, real, key="third")


def test_a_market_that_is_not_traded_there_is_refused(calm: Desk, real: Farm) -> None:  # noqa: F811
    judged(calm.agent)
    Connection.objects.filter(pk=real.wallet.connection_id).update(venue="okx")
    with pytest.raises(InvalidInputError, match="TST/USDT is not traded at Real"):
        promote(calm, real)
    there = Instrument.objects.get(pk=calm.instrument.pk)
    there.pk, there.venue = None, "okx"
    there.save()
    assert promote(calm, real).instrument == there


def test_programs_promote_with_a_key(calm: Desk, real: Farm, client: Client, other_owner: User) -> None:  # noqa: F811
    path, headers = f"/api/v1/agents/{calm.agent.pk}", bearer(calm.owner) | {"Idempotency-Key": "a"}

    def ask(who: dict[str, str] = headers, **body: Any) -> Any:
        body = {"farm_id": str(real.pk)} | body
        return client.post(f"{path}/promote", body, content_type="application/json", headers=who)

    refused = ask()
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:moniqo:problem:no_verdict")
    told = client.get(f"{path}/promotions", headers=headers).json()
    assert (told["promoted"], told["promoted_from"]) == ([], None)
    assert told["lacks"] in refused.json()["detail"]
    assert ask(override={"words": "yes", "reason": REASON}).status_code == 422
    override = {"words": told["override_words"], "reason": REASON}
    made = [ask(override=override) for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201]
    assert made[0].json() == made[1].json()
    copy = made[0].json()
    assert (copy["promoted_from"], copy["reason"]) == (str(calm.agent.pk), REASON)
    assert ask(farm_id=str(calm.farm.pk)).status_code == 409
    assert ask(bearer(other_owner) | {"Idempotency-Key": "b"}).status_code == 404
    assert client.get(f"{path}/promotions", headers=bearer(other_owner)).status_code == 404


def test_the_page_says_what_stands_for_it_and_promotes(calm: Desk, real: Farm, client: Client) -> None:  # noqa: F811
    address = reverse("farms:agent-promote", args=[calm.agent.pk])
    client.force_login(calm.owner)
    assert address in client.get(reverse("farms:agent", args=[calm.agent.pk])).content.decode()
    page = client.get(address).content.decode()
    assert "No backtest of these rules on TST/USDT 1h was judged" in page
    assert f'<option value="{real.pk}">' in page
    given = {"farm": real.pk, "name": "Brave", "key": "pressed"}
    refused = client.post(address, given)
    assert refused.status_code == 422
    assert "To do it nevertheless, type" in refused.content.decode()
    given |= {"override": override_words(calm.agent), "reason": "<b>Because</b>"}
    for _ in range(2):
        told = client.post(address, given, follow=True).content.decode()
        assert "Brave is hired, paused." in told
        assert "&lt;b&gt;Because&lt;/b&gt;" in told
        assert address not in told
    assert Promotion.objects.count() == 1
    assert "Brave" in client.get(reverse("farms:agent", args=[calm.agent.pk])).content.decode()
    judged(calm.agent)
    assert "No verdict in its favour" not in client.get(address).content.decode()


def test_the_page_without_a_real_account_leads_to_one(calm: Desk, client: Client) -> None:  # noqa: F811
    client.force_login(calm.owner)
    page = client.get(reverse("farms:agent-promote", args=[calm.agent.pk])).content.decode()
    assert "No farm at a real account may have it" in page


def test_the_newest_verdict_is_found_in_as_many_statements_among_many_as_of_one(
    calm: Desk,  # noqa: F811
) -> None:
    kinder = {"slippage": 0.0}

    def asked() -> int:
        original = Agent.objects.get(pk=calm.agent.pk)
        with CaptureQueriesContext(connection) as statements:
            assert newest_verdict(original) is not None
        return len(statements)

    judged(calm.agent, days_ago=29)
    one = asked()
    for days in range(1, 20):
        judged(calm.agent, days_ago=days, assumed=kinder)
    assert asked() == one
