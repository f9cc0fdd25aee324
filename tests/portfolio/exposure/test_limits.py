"""Limits of exposure: measured as the page says, told, and what a breach does by rule and undoes."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kit import clock, tenancy
from kit.alerts.models import Alert
from kit.audit.models import AuditEntry
from kit.errors import InvalidInputError, NotFoundError
from kit.users.models import User
from portfolio import valuation
from portfolio.exposure.limits import (
    Wish,
    limits_of,
    release,
    remove_limit,
    replace_limits,
    set_limit,
    standings_of,
    watch,
)
from portfolio.exposure.measuring import Exposure, read_exposure
from portfolio.exposure.models import ExposureLevel, ExposureLimit
from portfolio.models import Snapshot
from portfolio.selectors.periods import Period
from portfolio.selectors.scope import Scope
from portfolio.services import take_snapshots
from tests.portfolio.fund import Fund, set_price
from tests.programs import bearer
from wallets.models import Wallet
from wallets.services import update_wallet

D = Decimal
OK, WATCH, WARNING, BREACH = range(4)


def look(fund: Fund, wallet: str | None = None) -> Exposure:
    only = fund.wallets[wallet].pk if wallet else fund.owner.pk
    return read_exposure(valuation.parameters(owner_id=fund.owner.pk, at=clock.now(), only=only))


def limit(fund: Fund, kind: str, share: str, *, of: str | None = "master", **more: Any) -> ExposureLimit:
    wallet_id = fund.wallets[of].pk if of else None
    return set_limit(owner_id=fund.owner.pk, wallet_id=wallet_id, wish=Wish(kind, D(share), **more))


def level(found: ExposureLimit, subject: str = "") -> int:
    row = ExposureLevel.objects.filter(limit=found, subject=subject).first()
    return row.level if row else OK


def state(fund: Fund) -> str:
    return Wallet.objects.get(pk=fund.wallets["master"].pk).trading_state


def switch(fund: Fund, to: str) -> None:
    update_wallet(
        owner_id=fund.owner.pk, wallet_id=fund.wallets["master"].pk, name="master", target_weight=None, trading_state=to
    )


def told(fund: Fund) -> list[str]:
    rows = Alert.objects.unresolved().filter(owner_id=fund.owner.pk, kind="exposure")
    return list(rows.order_by("key").values_list("level", flat=True))


def suggestions(fund: Fund, wallet: str | None = "master") -> list[str]:
    wallet_id = fund.wallets[wallet].pk if wallet else None
    found = standings_of(limits_of(owner_id=fund.owner.pk, wallet_id=wallet_id), look(fund, wallet))
    return [one.suggestion.exact for one in found]


@pytest.fixture
def half(fund: Fund) -> Fund:
    """1,000 USDT, of which half is five bitcoin of agent a."""
    fund.deposit("1000")
    fund.move("master", "farm a", "600")
    fund.move("farm a", "agent a", "600")
    fund.buy("agent a", "5", "100")
    return fund


def sell_to(fund: Fund, bitcoin: str) -> None:
    held = sum((part.units for part in look(fund).parts if part.asset == "BTC"), D(0))
    fund.sell("agent a", str(held - D(bitcoin)), "100")
    watch(owner_id=fund.owner.pk)


# --- what is measured -------------------------------------------------------------------------------------------------


def test_exposure_by_hand_long_short_and_by_everything(half: Fund) -> None:
    """500 in bitcoin, 100 in ether; 300 of bitcoin are sold by a derivative that has won 20."""
    set_price("50", "ETH")
    half.move("master", "farm b", "150")
    half.move("farm b", "agent b", "150")
    half.buy("agent b", "2", "50", base="ETH")
    half.derive("20", side="short", contracts="30", size="0.1", entry="106", mark="100")
    found = look(half)
    assert (found.now.equity, found.gross, found.net) == (1020, 900, 300)
    assert {one.key: (one.long, one.short, one.net) for one in found.by_asset} == {
        "BTC": (500, 300, 200), "ETH": (100, 0, 100)
    }  # fmt: skip
    assert [(one.name, one.gross) for one in found.by_instrument] == [
        ("BTC", 500), ("BTC/USDT:USDT", 300), ("ETH", 100)
    ]  # fmt: skip
    assert [(one.name, one.long, one.short, one.value) for one in found.by_venue] == [("Testing", 600, 300, 1020)]
    assert {one.name: one.gross for one in found.by_farm} == {
        "farm a": 500, "master, not allocated": 300, "farm b": 100
    }  # fmt: skip
    assert {one.name: one.gross for one in found.by_agent} == {"agent a": 500, "agent b": 100}
    assert {one.name: one.gross for one in found.by_side} == {"Long": 600, "Short": 300}
    assert (found.largest_share, found.herfindahl) == (
        D("0.888888888888888889"),
        (D(800 * 800 + 100 * 100) / 810000).quantize(D("1e-18")),
    )
    assert (found.leverage, found.stable, found.carried) == (D("0.882352941176470588"), 420, 0)
    # The same as everybody else says, and every way to cut it sums to it.
    scope = Scope(owner=half.owner, period=Period.ALL)
    assert (scope.now.gross_exposure, scope.now.net_exposure) == (found.gross, found.net)
    for slices in (found.by_asset, found.by_instrument, found.by_venue, found.by_farm, found.by_side):
        assert (sum(one.gross for one in slices), sum(one.net for one in slices)) == (900, 300)
    take_snapshots(owner_id=half.owner.pk)
    written = Snapshot.objects.get(scope=half.owner.pk)
    assert (written.gross_exposure, written.net_exposure) == (900, 300)
    assert look(half, "farm b").by_asset[0].gross == 100


def test_the_limit_sees_what_the_page_and_the_api_show_to_the_last_digit(half: Fund, client: Client) -> None:
    half.deposit("1234.567890123456789")
    half.derive("-7.000000000000000013", contracts="0.333", entry="121.021021", mark="99.999999999")
    found = limit(half, "asset", "0.2", of=None)
    client.force_login(half.owner)
    row = ExposureLevel.objects.get(limit=found)
    assert row.measured is not None
    assert len(str(row.measured)) == 20  # 0, point and eighteen decimals
    page = client.get("/portfolio/exposure/").content.decode()
    assert re.findall(r'<data value="([^"]+)"', page) == [str(row.measured)]
    api = client.get("/api/v1/portfolio/exposure").json()
    (of_bitcoin,) = api["by_asset"]
    (told_limit,) = api["limits"]
    assert D(told_limit["measured"]) == row.measured == D(of_bitcoin["share"])
    summary = client.get("/api/v1/portfolio/summary").json()
    assert {summary[name] for name in ("gross_exposure",)} == {api["gross_exposure"]} == {of_bitcoin["gross"]}
    assert client.get("/api/v1/portfolio/exposure-limits").json()["levels"] == api["limits"]


def test_leverage_is_measured_over_derivatives(fund: Fund) -> None:
    fund.deposit("1000")
    found = limit(fund, "leverage", "1.5")
    assert level(found) == OK
    fund.derive("0", side="short", contracts="2000", size="0.01")
    watch(owner_id=fund.owner.pk)
    assert (level(found), ExposureLevel.objects.get(limit=found).measured) == (BREACH, 2)
    alert = Alert.objects.get(owner_id=fund.owner.pk, kind="exposure")
    assert alert.level == "critical"
    assert "500" in str(alert.facts)
    # Nothing is left to carry it: that is a breach too, whatever it is a multiple of.
    fund.derive("-1000", side="short", contracts="2000", size="0.01")
    watch(owner_id=fund.owner.pk)
    assert level(found) == BREACH


def test_a_base_in_bitcoin_measures_what_is_no_bitcoin(half: Fund) -> None:
    half.owner.base_currency = "BTC"
    half.owner.save()
    found = look(half)
    assert (found.base, found.now.equity, found.gross, found.stable) == ("BTC", 10, 5, 5)
    assert [one.key for one in found.by_asset] == ["USDT"]
    of_dollars, floor = limit(half, "asset", "0.4", of=None), limit(half, "stable", "0.6", of=None)
    assert (level(of_dollars, "USDT"), level(floor)) == (BREACH, BREACH)
    assert limits_of(owner_id=half.owner.pk, wallet_id=None)[0].kind == "asset"
    with tenancy.tenant(half.owner.pk):
        assert "Sell 100 USDT or raise the limit." in suggestions(half, None)
        assert any(text.startswith("Turn 1 BTC into stable coins") for text in suggestions(half, None))


def test_what_has_no_price_is_not_known_and_changes_no_level(half: Fund) -> None:
    half.deposit("9", "XYZ", wallet="agent a")
    found, other = limit(half, "asset", "0.1", subject="BTC"), limit(half, "asset", "0.1", subject="XYZ")
    ExposureLevel.objects.update_or_create(
        limit=other, subject="XYZ",
        defaults={"owner": half.owner, "level": BREACH, "since": clock.now(), "at": clock.now()},
    )  # fmt: skip
    watch(owner_id=half.owner.pk)
    assert (level(found, "BTC"), level(other, "XYZ")) == (BREACH, BREACH)
    assert look(half).unpriced == ("XYZ",)
    assert any("nobody says a price" in text for text in suggestions(half))
    with connection.cursor() as cursor:  # a price that goes away is carried, and so is what it measures
        cursor.execute("DELETE FROM markets_ticker")
    watch(owner_id=half.owner.pk)
    assert (level(found, "BTC"), look(half).now.is_stale) == (BREACH, True)


# --- what is done -----------------------------------------------------------------------------------------------------


def test_a_breach_reduces_and_recovers_by_itself_with_a_margin(half: Fund) -> None:
    found = limit(half, "asset", "0.4", action="reduce", recovers=True)
    assert (level(found, "BTC"), state(half)) == (BREACH, "reducing")
    assert Wallet.objects.get(pk=half.wallets["master"].pk).held_for == "the limit of the share of an asset"
    assert "Sell 1 BTC or raise the limit." in suggestions(half)
    assert told(half) == ["critical"]
    for bitcoin, wanted, trading, alerts in (
        ("4.2", BREACH, "reducing", ["critical"]),
        ("3.9", BREACH, "reducing", ["critical"]),  # within the limit, not by the margin
        ("3.7", WARNING, "active", ["warning"]),
        ("3.5", WARNING, "active", ["warning"]),
        ("3.3", WATCH, "active", []),
        ("2", OK, "active", []),
    ):
        sell_to(half, bitcoin)
        assert (level(found, "BTC"), state(half), told(half)) == (wanted, trading, alerts), bitcoin
    log = AuditEntry.objects.filter(owner_id=half.owner.pk, action__startswith="Exposure limit: ")
    assert set(log.values_list("action", flat=True)) == {
        f"Exposure limit: {word}" for word in ("breach", "warning", "watch", "ok")
    }  # fmt: skip
    half.buy("agent a", "3", "100")
    watch(owner_id=half.owner.pk)
    assert (level(found, "BTC"), state(half)) == (BREACH, "reducing")


def test_a_halt_stays_until_its_owner_gives_back_and_comes_again_with_the_next_breach(half: Fund) -> None:
    found = limit(half, "venue", "0.9", action="halt")
    assert (level(found, "testing"), state(half)) == (BREACH, "halted")
    watch(owner_id=half.owner.pk)
    assert [wallet.name for wallet in release(owner_id=half.owner.pk, limit_id=found.pk)] == ["master"]
    watch(owner_id=half.owner.pk)
    assert (level(found, "testing"), state(half)) == (BREACH, "active")  # it is told, and held no more
    found = limit(half, "venue", "1", action="halt")  # another limit is looked at anew: it is kept
    assert (level(found, "testing"), state(half)) == (WARNING, "active")
    found = limit(half, "venue", "0.5", action="halt")
    assert state(half) == "halted"
    remove_limit(owner_id=half.owner.pk, limit_id=found.pk)
    assert (state(half), told(half)) == ("active", [])


def test_what_its_owner_decides_meanwhile_stands(half: Fund) -> None:
    found = limit(half, "asset", "0.4", action="reduce", recovers=True)
    switch(half, "halted")
    sell_to(half, "1")
    assert (level(found, "BTC"), state(half)) == (OK, "halted")
    # One that is stopped already is not ours to give back.
    half.buy("agent a", "4", "100")
    watch(owner_id=half.owner.pk)
    kept = Wallet.objects.get(pk=half.wallets["master"].pk)
    assert (level(found, "BTC"), kept.trading_state, kept.held_for) == (BREACH, "halted", "")
    sell_to(half, "1")
    assert state(half) == "halted"


def test_a_state_that_its_owner_has_set_since_is_kept_when_the_limit_goes(half: Fund) -> None:
    found = limit(half, "asset", "0.4", action="reduce")
    switch(half, "active")
    switch(half, "reducing")
    remove_limit(owner_id=half.owner.pk, limit_id=found.pk)
    assert state(half) == "reducing"


def test_who_comes_to_have_a_part_in_a_breach_is_held_as_well_unless_it_was_released(half: Fund) -> None:
    half.add("second", None)
    found = limit(half, "asset", "0.3", of=None, action="reduce")

    def held() -> set[str]:
        return set(Wallet.objects.filter(trading_state="reducing").values_list("name", flat=True))

    assert held() == {"master"}
    half.deposit("400", wallet="second")
    half.buy("second", "1", "100")
    watch(owner_id=half.owner.pk)
    assert (level(found, "BTC"), held()) == (BREACH, {"master", "second"})
    assert {wallet.name for wallet in release(owner_id=half.owner.pk, limit_id=found.pk)} == {"master", "second"}
    half.add("third", None)
    half.deposit("100", wallet="third")
    half.buy("third", "1", "100")
    watch(owner_id=half.owner.pk)
    assert (level(found, "BTC"), held()) == (BREACH, set())


@pytest.mark.parametrize("first", ["reduce", "halt"])
def test_two_limits_hold_a_wallet_until_both_are_kept(half: Fund, first: str) -> None:
    """The stricter applies; what one gives back the other keeps, and the last gives back what was there before both."""
    second = {"reduce": "halt", "halt": "reduce"}[first]
    limit(half, "asset", "0.4", action=first, recovers=True)
    limit(half, "leverage", "0.2", action=second, recovers=True)
    assert state(half) == "halted"
    sell_to(half, "3")  # the share is kept, leverage is not
    assert state(half) == {"reduce": "reducing", "halt": "halted"}[second]
    sell_to(half, "1")
    assert state(half) == "active"


def test_a_floor_of_stable_coins(half: Fund) -> None:
    found = limit(half, "stable", "0.6", of=None)
    assert level(found) == BREACH
    assert "Turn 100 USDT into stable coins or lower the floor." in suggestions(half, None)
    sell_to(half, "3.5")  # 65 % are stable: 60 ÷ 65 is more than nine tenths
    assert level(found) == WARNING
    sell_to(half, "1")
    assert level(found) == OK


# --- whose they are ---------------------------------------------------------------------------------------------------


def test_nobody_else_sees_or_changes_them(half: Fund, client: Client, other_owner: User) -> None:
    found = limit(half, "asset", "0.4")
    client.force_login(other_owner)
    master = half.wallets["master"].pk
    assert client.get(f"/portfolio/exposure/?wallet={master}").status_code == 404
    for path in (f"limits/{found.pk}/remove/", f"limits/{found.pk}/release/"):
        assert client.post(f"/portfolio/exposure/{path}").status_code == 404
    program = Client(headers=bearer(other_owner, "read", "limits"))
    for path in ("exposure", "exposure-limits"):
        assert program.get(f"/api/v1/portfolio/{path}?wallet_id={master}").status_code == 404
    body = {"limits": []}
    put = program.put(f"/api/v1/portfolio/exposure-limits?wallet_id={master}", body, content_type="application/json")
    assert put.status_code == 404
    assert program.post(f"/api/v1/portfolio/exposure-limits/{found.pk}/release").status_code == 404
    with tenancy.tenant(other_owner.pk):
        assert not ExposureLimit.objects.exists()
        assert watch(owner_id=other_owner.pk) == 0
        with pytest.raises(NotFoundError):
            set_limit(owner_id=other_owner.pk, wallet_id=master, wish=Wish("asset", D("0.5")))
    assert ExposureLimit.objects.filter(pk=found.pk).exists()


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish("colour", D(1)), "kind"), (Wish("asset", D(-1)), "limit"), (Wish("asset", D("NaN")), "limit"),
        (Wish("asset", D(1001)), "limit"), (Wish("stable", D("1.1")), "limit"),
        (Wish("asset", D(1), "B" * 21), "subject"),
        (Wish("venue", D(1), "nowhere"), "subject"), (Wish("leverage", D(1), "BTC"), "subject"),
        (Wish("asset", D(1), margin=D(1)), "margin"), (Wish("asset", D(1), action="sell"), "action"),
    ],
)  # fmt: skip
def test_what_makes_no_limit_is_refused_by_name(fund: Fund, wish: Wish, field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        set_limit(owner_id=fund.owner.pk, wallet_id=None, wish=wish)
    assert set(refused.value.fields) == {field}


def test_limits_are_of_masters_or_of_all_and_named_once(fund: Fund) -> None:
    with pytest.raises(InvalidInputError):
        limit(fund, "asset", "1", of="farm a")
    twice = [Wish("asset", D(1), "btc"), Wish("asset", D("0.5"), "BTC")]
    with pytest.raises(InvalidInputError):
        replace_limits(owner_id=fund.owner.pk, wallet_id=None, wishes=twice)
    assert not ExposureLimit.objects.exists()


def test_nothing_is_asked_where_nothing_is_limited(half: Fund) -> None:
    with CaptureQueriesContext(connection) as asked:
        watch(owner_id=half.owner.pk)
    assert len(asked.captured_queries) == 1


def test_the_page_sets_gives_back_and_removes_without_scripts(half: Fund, client: Client) -> None:
    client.force_login(half.owner)
    master = half.wallets["master"].pk
    address = f"/portfolio/exposure/?wallet={master}"
    form = {"kind": "asset", "subject": "btc", "limit": "40", "action": "reduce", "margin": "5"}
    assert client.post(address, form | {"limit": "much"}).status_code == 422
    assert client.post(address, form | {"kind": "venue", "subject": "nowhere"}).status_code == 422
    assert client.post(address, form | {"subject": "NOPE"}).status_code == 422
    answer = client.post(address, form)
    assert (answer.status_code, answer.headers["Location"]) == (302, address)
    page = client.get(address).content.decode()
    for said in ("Sell 1 BTC or raise the limit.", "breach", "Give the wallets back", "50.00"):
        assert said in page.replace("\u202f", " ").replace("\u00a0", " ")
    found = ExposureLimit.objects.get()
    assert (found.subject, found.bound, found.wallet_id, state(half)) == ("BTC", D("0.4"), master, "reducing")
    client.post(f"/portfolio/exposure/limits/{found.pk}/release/")
    assert state(half) == "active"
    client.post(f"/portfolio/exposure/limits/{found.pk}/remove/")
    assert not ExposureLimit.objects.exists()
    assert client.get("/portfolio/exposure/?wallet=nonsense").status_code == 404


def test_a_program_replaces_them_with_the_scope_of_limits_only(half: Fund) -> None:
    master = half.wallets["master"].pk
    address = f"/api/v1/portfolio/exposure-limits?wallet_id={master}"
    body = {"limits": [{"kind": "asset", "limit": "0.4", "action": "halt"}, {"kind": "leverage", "limit": "2"}]}
    for scope in ("read", "trade", "manage", "agent"):
        refused = Client(headers=bearer(half.owner, scope)).put(address, body, content_type="application/json")
        assert refused.status_code == 403
    program = Client(headers=bearer(half.owner, "read", "limits"))
    told_back = program.put(address, body, content_type="application/json").json()
    assert [(one["kind"], one["level"]) for one in told_back["levels"]] == [("asset", "breach"), ("leverage", "ok")]
    assert (told_back["levels"][0]["held_wallets"], state(half)) == ([str(master)], "halted")
    limit_id = told_back["levels"][0]["limit_id"]
    released = program.post(f"/api/v1/portfolio/exposure-limits/{limit_id}/release").json()
    assert (released["levels"][0]["held_wallets"], state(half)) == ([], "active")
    program.put(address, {"limits": []}, content_type="application/json")
    assert not ExposureLimit.objects.exists()


def test_errors_of_several_limits_say_which_of_them(fund: Fund) -> None:
    client: Any = Client(headers=bearer(fund.owner))

    def put(*limits: dict[str, Any]) -> Any:
        return client.put(
            "/api/v1/portfolio/exposure-limits", {"limits": list(limits)}, content_type="application/json"
        ).json()["fields"]

    fine, venue = {"kind": "leverage", "limit": "2"}, {"kind": "venue", "subject": "nowhere", "limit": "0.5"}
    assert put(fine, venue, {"kind": "stable", "limit": "2"}) == {
        "limits.1.subject": "One of your venues: testing.", "limits.2.limit": "From 0 to 100 %.",
    }  # fmt: skip
    assert put(
        {"kind": "asset", "subject": "btc", "limit": "1"}, fine, {"kind": "asset", "subject": "BTC", "limit": "2"}
    ) == {"limits.2": "The same kind and subject as limit 0: name each limit once."}
    assert put(fine, {"kind": "odd", "limit": "1"}).keys() == {"limits.1.kind"}
    assert not ExposureLimit.objects.exists()


@pytest.mark.parametrize(("bound", "is_idle"), [("1", True), ("2", True), ("0.9", False)])
def test_a_limit_of_leverage_that_spot_cannot_reach_says_that_it_has_no_effect(
    fund: Fund, bound: str, is_idle: bool
) -> None:
    fund.deposit("1000")
    set_limit(owner_id=fund.owner.pk, wallet_id=None, wish=Wish("leverage", D(bound)))

    def suggestion() -> str:
        exposure = read_exposure(valuation.parameters(owner_id=fund.owner.pk, at=clock.now(), only=fund.owner.pk))
        (row,) = standings_of(limits_of(owner_id=fund.owner.pk, wallet_id=None), exposure)
        return row.suggestion.exact

    assert ("has no effect" in suggestion()) is is_idle
    fund.derive("0")
    assert "has no effect" not in suggestion()
