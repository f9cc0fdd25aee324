"""Passwords are hashed a few at a time, and one that was hashed otherwise before is hashed anew in passing."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test import Client

from kit import tenancy
from kit.users import tokens
from kit.users.hashing import AT_ONCE, ROOM, BoundedArgon2, Room
from kit.users.models import Token, User
from kit.users.throttle import BusyError
from tests.programs import make_token


class Costlier(Argon2PasswordHasher):
    """As much memory as Django takes by itself."""


@pytest.mark.offline
def test_no_more_than_so_many_are_inside_and_who_finds_no_place_is_told_to_come_again() -> None:
    room, inside, most, lock = Room(4, waiting_most=3, wait_seconds=5), 0, 0, threading.Lock()
    full, over = threading.Event(), threading.Event()

    def once(_: int) -> str:
        nonlocal inside, most
        try:
            with room.take(1):
                with lock:
                    inside += 1
                    most = max(most, inside)
                    if inside == 4:
                        full.set()
                over.wait(5)
                with lock:
                    inside -= 1
        except BusyError:
            return "busy"
        return "done"

    with ThreadPoolExecutor(20) as threads:
        found = [threads.submit(once, number) for number in range(20)]
        assert full.wait(5)
        while sum(one.done() for one in found) < 13:  # four are inside, three wait
            over.wait(0.01)
        over.set()
        ends = [one.result() for one in found]
    assert (most, ends.count("done"), ends.count("busy")) == (4, 7, 13)


@pytest.mark.offline
def test_a_place_is_given_back_whatever_happens_and_nobody_waits_for_ever() -> None:
    room = Room(2, waiting_most=3, wait_seconds=0.05)
    with pytest.raises(ZeroDivisionError), room.take(2):
        raise ZeroDivisionError
    with room.take(2), pytest.raises(BusyError), room.take(1):
        pass
    with room.take(2):
        pass


@pytest.mark.offline
def test_a_hash_of_more_memory_is_verified_alone() -> None:
    encoded = Costlier().encode("a password", "some salt of 16b")
    assert AT_ONCE <= 4
    assert BoundedArgon2().verify("a password", encoded)
    with ROOM.take(1):
        full = threading.Thread(target=lambda: found.append(_is_busy(encoded)))
        found: list[bool] = []
        full.start()
        full.join()
    assert found == [True]
    own = BoundedArgon2().encode("a password", "some salt of 16b")
    assert "m=19456,t=3,p=1" in own
    assert BoundedArgon2().verify("a password", own)
    assert not BoundedArgon2().verify("another", own)


def _is_busy(encoded: str) -> bool:
    try:
        BoundedArgon2().verify("a password", encoded)
    except BusyError:
        return True
    return False


@pytest.mark.slow
def test_while_all_places_are_taken_page_and_api_say_when_to_come_again(
    client: Client, owner: User, settings: Any
) -> None:
    settings.PASSWORD_HASHERS = ["kit.users.hashing.BoundedArgon2"]
    with ROOM.take(ROOM.places):
        page = client.post("/login/", {"username": owner.email, "password": "x"})
        program = client.post(
            "/api/v1/auth/token", {"email": owner.email, "password": "x"}, content_type="application/json"
        )
    for answer in (page, program):
        assert (answer.status_code, answer["Retry-After"]) == (429, "3")
    assert "One moment" in page.content.decode()
    assert program.json()["type"] == "urn:moniqo:problem:busy"


def test_a_password_hashed_otherwise_is_hashed_anew_at_the_next_sign_in_and_ends_no_token(
    client: Client, owner: User, settings: Any
) -> None:
    before, token = owner.password, make_token(owner)
    settings.PASSWORD_HASHERS = ["kit.users.hashing.BoundedArgon2"]
    signed_in = client.post("/login/", {"username": owner.email, "password": f"password of {owner.email}"})
    assert signed_in.status_code == 302
    owner.refresh_from_db()
    assert owner.password != before
    assert "m=19456" in owner.password
    assert client.get("/settings/tokens/").status_code == 200
    assert tokens.find_token(tokens.access_text(token), kind="access") is not None
    with tenancy.tenant(owner.pk):
        Token.objects.filter(pk=token.pk).update(password_mark="made under another")
    assert tokens.find_token(tokens.access_text(token), kind="access") is None
