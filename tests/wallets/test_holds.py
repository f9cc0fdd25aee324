"""Several may hold a wallet: the strictest rules, each gives back its own, and a person's word ends them all."""

from itertools import permutations
from uuid import uuid4

import pytest

from kit import tenancy
from kit.audit.models import AuditEntry
from kit.users.models import User
from tests.wallets.books import make_wallet
from wallets.hierarchy import holds
from wallets.hierarchy.places import update_wallet
from wallets.models import Wallet

HOLDERS = (("goal:1", "reducing"), ("limit:2", "halted"), ("limit:3", "reducing"))


def hold(wallet: Wallet, holder: str, state: str) -> list[Wallet]:
    asked = {"wallet_ids": [wallet.pk], "holder": holder, "state": state, "words": f"what {holder} wants"}
    return holds.hold(owner_id=wallet.owner_id, **asked)


def let_go(wallet: Wallet, holder: str) -> list[Wallet]:
    return holds.let_go(owner_id=wallet.owner_id, holder=holder)


def say(wallet: Wallet, state: str) -> None:
    update_wallet(owner_id=wallet.owner_id, wallet_id=wallet.pk, name="W", target_weight=None, trading_state=state)


def now(wallet: Wallet) -> tuple[str, str]:
    return Wallet.objects.values_list("trading_state", "held_for").get(pk=wallet.pk)


@pytest.mark.parametrize("own", ["active", "reducing", "halted"])
@pytest.mark.parametrize("order", [*permutations(range(3))][::2])
def test_the_strictest_rules_in_whatever_order_they_come_and_go(
    as_owner: User, own: str, order: tuple[int, ...]
) -> None:
    wallet = make_wallet(as_owner)
    say(wallet, own)
    strictness = ["active", "reducing", "halted"]
    there: list[str] = []
    for place in order:
        hold(wallet, *HOLDERS[place])
        there.append(HOLDERS[place][1])
        assert now(wallet)[0] == max([own, *there], key=strictness.index)
    for place in reversed(order[1:] + order[:1]):
        let_go(wallet, HOLDERS[place][0])
        there.remove(HOLDERS[place][1])
        state, words = now(wallet)
        assert state == max([own, *there], key=strictness.index)
        assert bool(words) is (state != own)
    assert (now(wallet), Wallet.objects.get(pk=wallet.pk).holds) == ((own, ""), {})
    assert holds.held_by(owner_id=as_owner.pk) == {}


def test_only_what_changes_a_state_is_told_and_logged(as_owner: User) -> None:
    wallet = make_wallet(as_owner)
    logged = AuditEntry.objects.filter(action="Trading state changed")
    assert [one.pk for one in hold(wallet, "limit:2", "halted")] == [wallet.pk]
    assert hold(wallet, "goal:1", "reducing") == []
    assert now(wallet) == ("halted", "what limit:2 wants")
    assert let_go(wallet, "goal:1") == let_go(wallet, "nobody") == []
    assert {holder: [one.pk for one in found] for holder, found in holds.held_by(owner_id=as_owner.pk).items()} == {
        "limit:2": [wallet.pk]
    }
    assert len(let_go(wallet, "limit:2")) == 1
    assert logged.count() == 2


def test_a_person_has_the_last_word(as_owner: User) -> None:
    wallet = make_wallet(as_owner)
    hold(wallet, "goal:1", "reducing")
    say(wallet, "reducing")  # another setting was changed: the state is as it was
    let_go(wallet, "goal:1")
    assert now(wallet) == ("active", "")
    hold(wallet, "goal:1", "reducing")
    for state in ("active", "reducing"):
        say(wallet, state)
    let_go(wallet, "goal:1")
    assert now(wallet) == ("reducing", "")
    hold(wallet, "goal:1", "reducing")
    holds.choose(owner_id=wallet.owner_id, wallet_id=wallet.pk, state="reducing")  # an emergency stop: said outright
    let_go(wallet, "goal:1")
    assert now(wallet) == ("reducing", "")


def test_nobody_holds_the_wallets_of_another(as_owner: User, other_owner: User) -> None:
    wallet = make_wallet(as_owner)
    with tenancy.tenant(other_owner.pk):
        foreign = {"owner_id": other_owner.pk, "holder": "goal:1"}
        assert holds.hold(wallet_ids=[wallet.pk, uuid4()], state="halted", words="x", **foreign) == []
        holds.choose(owner_id=other_owner.pk, wallet_id=wallet.pk, state="halted")
    assert now(wallet) == ("active", "")
