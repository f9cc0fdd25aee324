"""Wallets for programs."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from kit import clock, tenancy
from kit.users.models import User
from tests.programs import bearer
from tests.wallets.books import balance, make_connection
from tests.wallets.test_hierarchy import Tree, down, plant
from wallets.models import FundAllocation
from wallets.services import deposit

API = "/api/v1"


@pytest.fixture
def tree(owner: User) -> Tree:
    with tenancy.tenant(owner.pk):
        tree = plant(owner)
        down(tree, tree.master, tree.farm, 400, "1")
        down(tree, tree.farm, tree.agent, 300, "2")
    return tree


class Program:
    """A client that carries a token."""

    def __init__(self, user: User) -> None:
        self.client = Client(headers=bearer(user))

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(API + path, query)

    def post(self, path: str, body: Any = None, key: str = "") -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        return self.client.post(API + path, body, content_type="application/json", headers=headers)

    def patch(self, path: str, body: Any) -> Any:
        return self.client.patch(API + path, body, content_type="application/json")


@pytest.fixture
def program(owner: User) -> Program:
    return Program(owner)


def test_the_list_and_the_tree_carry_the_same_figures(program: Program, tree: Tree) -> None:
    listed = program.get("/wallets").json()
    assert [(wallet["name"], wallet["value"]) for wallet in listed] == [
        ("Master", "1000"), ("Farm", "400"), ("Agent", "300"),
    ]  # fmt: skip
    (master,) = program.get("/wallets/tree").json()
    assert master["children"][0]["children"][0]["value"] == "300"
    assert listed[1]["share"] == "0.4"
    assert listed[1]["drift"] == "0"
    one = program.get(f"/wallets/{tree.agent.pk}").json()
    assert one == listed[2]
    assert one["holdings"][0]["available"] == "300"


def test_masters_are_made_and_every_wallet_is_changed(program: Program, owner: User, tree: Tree) -> None:
    with tenancy.tenant(owner.pk):
        venue = make_connection(owner, "Another")
    body = {"name": "M", "role": "master", "connection_id": str(venue.pk)}
    assert program.post("/wallets", body).status_code == 201
    again = program.post("/wallets", body)
    assert (again.status_code, again.json()["type"]) == (409, "urn:moniqo:problem:conflict")
    farm = f"/wallets/{tree.farm.pk}"
    assert program.patch(farm, {"target_weight": "0.25"}).json()["target_weight"] == "0.25"
    changed = program.patch(farm, {"trading_state": "halted"}).json()
    assert (changed["trading_state"], changed["target_weight"], changed["name"]) == ("halted", "0.25", "Farm")
    assert program.patch(farm, {"target_weight": None}).json()["target_weight"] is None


@pytest.mark.parametrize("role", ["farm", "agent"])
def test_the_wallets_of_farms_and_agents_are_made_with_them(program: Program, tree: Tree, role: str) -> None:
    venue = str(tree.master.connection_id)
    assert program.post("/wallets", {"name": "X", "role": role, "connection_id": venue}).status_code == 422
    below = {"name": "X", "role": role, "parent_id": str(tree.master.pk), "connection_id": venue}
    assert program.post("/wallets", below).status_code == 422


def test_a_preview_of_a_part_says_what_the_page_says(program: Program, tree: Tree, owner: User) -> None:
    path = f"/wallets/{tree.master.pk}/allocate"
    asked = {"target_id": str(tree.farm.pk), "part": "33.3 %", "split": True}
    preview = program.post(f"{path}/preview", asked).json()
    assert (preview["amount"], preview["source"]["free_after"]) == ("199.8", "400.2")
    assert [side["free_after"] for side in preview["split"]] == ["399.9"]
    assert preview["share"] == {
        "wallet_id": str(tree.farm.pk), "before": "0.4", "after": "0.5998", "target": "0.4",
    }  # fmt: skip
    nothing = program.post(f"{path}/preview", {"target_id": str(tree.farm.pk), "part": "to target"})
    assert (nothing.status_code, nothing.json()["detail"]) == (
        422, "Farm is at its target of 40.0\u202f%: there is nothing to do.",
    )  # fmt: skip
    for wrong in ({}, {"part": "some"}, {"part": "all", "amount": "1"}):
        assert program.post(f"{path}/preview", {"target_id": str(tree.farm.pk)} | wrong).status_code == 422
    done = program.post(path, {"target_id": str(tree.farm.pk), "amount": preview["amount"], "split": True}, key="k")
    assert done.status_code == 201, done.content
    back = program.post(f"/allocations/{done.json()['id']}/undo")
    assert (back.status_code, back.json()["kind"], back.json()["amount"]) == (201, "collect", "199.8")
    assert program.post(f"/allocations/{done.json()['id']}/undo").json() == back.json()
    with tenancy.tenant(owner.pk):
        assert (balance(tree.master), balance(tree.farm), balance(tree.agent)) == (600, 100, 300)
    program.post(path, {"target_id": str(tree.farm.pk), "amount": "1"}, key="gone")
    spent = program.get("/allocations").json()["items"][0]["id"]
    program.post(f"/wallets/{tree.farm.pk}/allocate", {"target_id": str(tree.agent.pk), "amount": "101"}, key="used")
    refused = program.post(f"/allocations/{spent}/undo")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:moniqo:problem:gone")


@pytest.mark.parametrize(
    ("action", "wallet", "expected"), [("deposit", "master", (610, 100)), ("collect", "farm", (610, 90))]
)
def test_money_moves_once_per_key(
    program: Program, tree: Tree, owner: User, action: str, wallet: str, expected: tuple[int, int]
) -> None:
    path = f"/wallets/{getattr(tree, wallet).pk}/{action}"
    first = program.post(path, {"amount": "10"}, key="k")
    assert first.status_code == 201, first.content
    assert program.post(path, {"amount": "10.0"}, key="k").json() == first.json()
    other = program.post(path, {"amount": "11"}, key="k")
    assert (other.status_code, other.json()["type"]) == (409, "urn:moniqo:problem:idempotency_conflict")
    with tenancy.tenant(owner.pk):
        assert (balance(tree.master), balance(tree.farm)) == expected


@pytest.mark.parametrize("body", [None, [], [{}], 1, {"name": None}, {"name": "a\0b"}, {"trading_state": "x"}])
def test_a_change_that_says_nothing_sensible_is_refused(program: Program, tree: Tree, body: object) -> None:
    path = f"/api/v1/wallets/{tree.farm.pk}"
    answer = program.client.patch(path, json.dumps(body), content_type="application/json")
    assert answer.status_code == 422, answer.content
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("amount", ["1_000", "+5", "٣", "1,000", "NaN"])
def test_an_amount_is_written_in_one_way(program: Program, tree: Tree, amount: str) -> None:
    answer = program.post(f"/wallets/{tree.master.pk}/deposit", {"amount": amount}, key="k")
    assert answer.status_code == 422
    assert "digits 0 to 9" in answer.json()["fields"]["amount"]


@pytest.mark.parametrize("asset", ["0", "1_000", "", "usdt", "A" * 21])
def test_an_asset_has_a_name(program: Program, tree: Tree, asset: str) -> None:
    answer = program.post(f"/wallets/{tree.master.pk}/deposit", {"amount": "1", "asset": asset}, key="k")
    assert answer.status_code == 422
    made = program.post(
        "/wallets",
        {"name": "X", "role": "master", "base_asset": asset, "connection_id": str(tree.master.connection_id)},
    )
    assert made.status_code == 422


@pytest.mark.parametrize("share", ["0." + "3" * 60, "1.5", "-0.1"])
def test_a_share_has_eight_decimals_between_none_and_all(program: Program, tree: Tree, share: str) -> None:
    answer = program.patch(f"/wallets/{tree.farm.pk}", {"target_weight": share})
    assert (answer.status_code, set(answer.json()["fields"])) == (422, {"target_weight"})


@pytest.mark.parametrize("path", ["/allocate", "/allocate/preview"])
def test_a_preview_refuses_a_nul_as_the_movement_does(program: Program, tree: Tree, path: str) -> None:
    body = {"target_id": str(tree.farm.pk), "amount": "1", "note": "a\0b"}
    answer = program.post(f"/wallets/{tree.master.pk}{path}", body, key="k")
    assert (answer.status_code, set(answer.json()["fields"])) == (422, {"note"})


def test_an_allocation_is_previewed_and_done(program: Program, tree: Tree) -> None:
    path, body = f"/wallets/{tree.master.pk}/allocate", {"target_id": str(tree.farm.pk), "amount": "600"}
    preview = program.post(f"{path}/preview", body).json()
    assert (preview["source"]["free_after"], preview["target"]["free_after"]) == ("0", "700")
    assert preview["warnings"] == ["Master keeps no free money."]
    done = program.post(path, body, key="k").json()
    assert (done["kind"], done["amount"], done["source_id"]) == ("allocate", "600", str(tree.master.pk))


def test_a_movement_needs_a_key_and_enough_money(program: Program, tree: Tree) -> None:
    path = f"/wallets/{tree.farm.pk}/collect"
    assert program.post(path, {"amount": "1"}).status_code == 422
    refused = program.post(path, {"amount": "100.5"}, key="k")
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:moniqo:problem:insufficient_funds")
    assert "Only 100 USDT is free" in refused.json()["detail"]
    assert program.post(path, {"amount": "-1"}, key="k").status_code == 422
    assert program.post(f"/wallets/{tree.master.pk}/collect", {"amount": "1"}, key="k").status_code == 422


def test_transfers_and_statements_come_in_pages(program: Program, tree: Tree) -> None:
    first = program.get("/transfers", limit=2).json()
    second = program.get("/transfers", limit=2, cursor=first["next"]).json()
    assert [row["amount"] for row in first["items"] + second["items"]] == ["300", "400", "1000"]
    assert second["next"] is None
    assert first["items"][0]["debit"] == {"wallet_id": str(tree.farm.pk), "wallet": "Farm", "kind": "wallet"}
    assert len(program.get("/transfers", wallet_id=tree.agent.pk).json()["items"]) == 1
    lines = program.get(f"/wallets/{tree.farm.pk}/entries").json()["items"]
    assert [(line["amount"], line["balance_after"], line["other"]) for line in lines] == [
        ("-300", "100", "Agent"), ("400", "400", "Master"),
    ]  # fmt: skip
    outside = program.get(f"/wallets/{tree.master.pk}/entries", kind="external").json()["items"]
    assert [line["amount"] for line in outside] == ["-1000"]
    assert [row["kind"] for row in program.get("/allocations").json()["items"]] == ["allocate", "allocate", "deposit"]


def test_the_other_owner_finds_nothing(tree: Tree, other_owner: User) -> None:
    program = Program(other_owner)
    assert program.get("/wallets").json() == program.get("/wallets/tree").json() == []
    assert program.get("/transfers").json()["items"] == program.get("/allocations").json()["items"] == []
    path = f"/wallets/{tree.farm.pk}"
    assert program.get(path).status_code == program.get(f"{path}/entries").status_code == 404
    assert program.patch(path, {"name": "stolen"}).status_code == 404
    for action in ("deposit", "allocate", "collect"):
        body = {"amount": "1"} | ({"target_id": str(tree.agent.pk)} if action == "allocate" else {})
        assert program.post(f"{path}/{action}", body, key="k").status_code == 404
        assert program.post(f"{path}/{action}/preview", body).status_code == 404
    for part in ({"target_id": str(tree.agent.pk), "part": "all"},):
        assert program.post(f"{path}/allocate/preview", part).status_code == 404
    with tenancy.tenant(tree.owner.pk):
        done = FundAllocation.objects.filter(kind="allocate").values_list("pk", flat=True)[0]
    assert program.post(f"/allocations/{done}/undo").status_code == 404
    made = {"name": "X", "role": "master", "connection_id": str(tree.master.connection_id)}
    assert program.post("/wallets", made).status_code == 404


def test_a_statement_stands_in_the_order_of_its_lines_whatever_the_clocks_said(program: Program, tree: Tree) -> None:
    """A movement that began earlier and waited for another comes after it, though its moment is the earlier one."""
    path = f"/wallets/{tree.master.pk}"
    now = clock.now()
    for seconds in (0, -5, 5, -9):
        with clock.at(now + timedelta(seconds=seconds)), tenancy.tenant(tree.owner.pk):
            deposit(owner_id=tree.owner.pk, wallet_id=tree.master.pk, asset="NEW", amount=Decimal(1), key=f"{seconds}")
    whole = program.get(f"{path}/entries", asset="NEW").json()["items"]
    assert [line["version"] for line in whole] == [4, 3, 2, 1]
    assert [line["balance_after"] for line in whole] == ["4", "3", "2", "1"]
    first = program.get(f"{path}/entries", asset="NEW", limit=3).json()
    rest = program.get(f"{path}/entries", asset="NEW", limit=3, cursor=first["next"]).json()
    assert first["items"] + rest["items"] == whole


def test_without_a_token_there_is_nothing(client: Client, db: None) -> None:
    for path in ("/wallets", "/wallets/tree", "/transfers", "/allocations"):
        assert client.get(API + path).status_code == 401
