"""A second factor: set up with the app, asked for at every way in, each code once, and never tried out."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO

import pyotp
import pytest
import time_machine
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test import Client, override_settings

from kit import clock, tenancy
from kit.embedded.environment import new_encryption_key
from kit.users import two_factor
from kit.users.models import RecoveryCode, SecondFactor, User
from tests.kit.users.test_signing_in import password_of, post
from tests.programs import bearer

PAGE = "/settings/two-factor/"
# Not at an edge, so that a test's few seconds stay within one half minute.
NOON = datetime.fromisoformat("2026-11-25T12:00:05+00:00")
OTHER_KEY = "ODg4ODg4ODg4ODg4ODg4ODg4ODg4ODg4ODg4ODg4ODg="


@dataclass
class Phone:
    """The owner with an authenticator app and recovery codes."""

    user: User
    secret: str
    codes: tuple[str, ...]

    def code(self, *, later: int = 0) -> str:
        return pyotp.TOTP(self.secret).at(int(clock.now().timestamp()) + later)


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


def set_up(user: User) -> Phone:
    """Two-factor sign-in, switched on a minute ago."""
    with time_machine.travel(NOON - timedelta(minutes=1), tick=False), tenancy.tenant(user.pk):
        two_factor.begin(user)
        enrolment = two_factor.standing(user).enrolment
        assert enrolment is not None
        codes = two_factor.confirm(user, pyotp.TOTP(enrolment.secret).at(int(clock.now().timestamp())))
    return Phone(user, enrolment.secret, codes)


@pytest.fixture
def phone(owner: User) -> Phone:
    return set_up(owner)


def half_way(user: User, target: str = "") -> Client:
    """A browser that has given the password."""
    client = Client()
    answer = client.post(f"/login/?next={target}", {"username": user.email, "password": password_of(user)})
    assert answer.headers["Location"].startswith("/login/code/")
    return client


def is_in(client: Client) -> bool:
    return bool(client.get("/preferences/").status_code == 200)


def test_it_is_set_up_with_the_password_a_picture_and_a_first_code(client: Client, owner: User) -> None:
    client.force_login(owner)
    assert client.post(f"{PAGE}begin/", {"password": "wrong"}).status_code == 422
    assert client.post(f"{PAGE}begin/", {"password": password_of(owner)}).status_code == 302
    page = client.get(PAGE).content.decode()
    assert "<svg" in page
    assert " style=" not in page[page.index("<svg") :].partition("</svg>")[0].partition('class="qr"')[2]
    found = re.search(r"type the key: <code>([A-Z2-7]+)</code>", page)
    assert found is not None
    assert two_factor.is_on(owner) is False
    assert client.post(f"{PAGE}confirm/", {"code": "000000"}).status_code == 422
    answer = client.post(f"{PAGE}confirm/", {"code": pyotp.TOTP(found[1]).at(int(NOON.timestamp()))})
    codes = re.findall(r"<li><code>([0-9a-f-]+)</code>", answer.content.decode())
    assert len(set(codes)) == two_factor.RECOVERY_CODES
    assert "no-store" in answer["Cache-Control"]
    assert codes[0] not in client.get(PAGE).content.decode()
    assert two_factor.is_on(owner) is True


def test_the_password_alone_signs_nobody_in(phone: Phone) -> None:
    client = half_way(phone.user)
    assert not is_in(client)
    assert client.post("/login/code/", {"code": "000000"}).status_code == 422
    assert not is_in(client)
    answer = client.post("/login/code/", {"code": phone.code()})
    assert answer.status_code == 302
    assert is_in(client)


def test_it_leads_to_where_one_wanted_to_go_and_to_no_other_site(phone: Phone) -> None:
    answer = half_way(phone.user, "/farms/").post("/login/code/?next=/farms/", {"code": phone.code()})
    assert answer.headers["Location"] == "/farms/"
    client = half_way(phone.user)
    answer = client.post("/login/code/?next=https://evil.example/", {"code": phone.codes[0]})
    assert answer.headers["Location"] == "/"


def test_without_the_password_there_is_no_second_step(client: Client, phone: Phone) -> None:
    for answer in (client.get("/login/code/"), client.post("/login/code/", {"code": phone.code()})):
        assert answer.headers["Location"] == "/login/"


def test_a_code_counts_once_and_so_does_an_older_one_after_it(phone: Phone) -> None:
    code = phone.code()
    assert two_factor.check_code(phone.user, code)
    assert not two_factor.check_code(phone.user, code)
    assert not two_factor.check_code(phone.user, phone.code(later=-30))
    assert two_factor.check_code(phone.user, phone.code(later=30))


def test_a_clock_half_a_minute_off_is_forgiven_and_a_whole_one_is_not(phone: Phone) -> None:
    assert not two_factor.check_code(phone.user, phone.code(later=-60))
    assert not two_factor.check_code(phone.user, phone.code(later=60))
    assert two_factor.check_code(phone.user, phone.code(later=-30))


def test_of_ten_requests_at_once_one_wins(live_db: str, owner: User) -> None:
    phone = set_up(owner)
    code = phone.code(later=30)

    def enter(_: int) -> bool:
        try:
            return two_factor.check_code(owner, code)
        except two_factor.TooManyCodesError:
            return False
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(enter, range(10))) == 1


def test_a_recovery_code_lets_in_once_however_it_is_typed(phone: Phone) -> None:
    typed = phone.codes[3].upper().replace("-", " ")
    assert two_factor.check_code(phone.user, typed)
    assert not two_factor.check_code(phone.user, typed)
    with tenancy.tenant(phone.user.pk):
        assert two_factor.standing(phone.user).codes_left == two_factor.RECOVERY_CODES - 1


def test_codes_are_not_tried_out_from_wherever_and_not_at_the_api(phone: Phone) -> None:
    for attempt in range(5):
        client = half_way(phone.user)
        answer = client.post("/login/code/", {"code": "000000"}, REMOTE_ADDR=f"203.0.113.{attempt}")
        assert answer.status_code == 422
    locked = half_way(phone.user).post("/login/code/", {"code": phone.code()})
    assert locked.status_code == 429
    assert 890 < int(locked["Retry-After"]) <= 900
    body = {"email": phone.user.email, "password": password_of(phone.user), "code": phone.code()}
    program = post(Client(), "/api/v1/auth/token", body)
    assert program.status_code == 429
    assert 890 < int(program["Retry-After"]) <= 900
    assert program["Content-Type"] == "application/problem+json"


def test_a_program_sends_its_code_with_the_password(client: Client, phone: Phone) -> None:
    body = {"email": phone.user.email, "password": password_of(phone.user)}
    for refused in (
        post(client, "/api/v1/auth/token", body),
        post(client, "/api/v1/auth/token", {**body, "code": "1"}),
    ):
        assert refused.status_code == 401
        assert refused.json()["type"] == "urn:moniqo:problem:second_factor_required"
    held = post(client, "/api/v1/auth/token", {**body, "code": phone.code()})
    assert held.status_code == 200
    wrong = post(client, "/api/v1/auth/token", {**body, "password": "wrong", "code": phone.code(later=30)})
    assert wrong.json()["type"] == "urn:moniqo:problem:sign_in_failed"


def test_tokens_made_before_go_on(client: Client, owner: User) -> None:
    carried = bearer(owner)
    with tenancy.tenant(owner.pk):
        two_factor.begin(owner)
    assert client.get("/api/v1/wallets", headers=carried).status_code == 200


def test_operators_come_in_by_the_same_door(live_db: str, operator: User) -> None:
    phone = set_up(operator)
    client = Client()
    assert client.get("/admin/").headers["Location"] == "/admin/login/?next=/admin/"
    assert client.get("/admin/login/?next=/admin/").headers["Location"] == "/login/?next=%2Fadmin%2F"
    posted = client.post("/admin/login/", {"username": operator.email, "password": password_of(operator)})
    assert posted.status_code == 302
    assert client.get("/admin/").status_code == 302
    client = half_way(operator, "/admin/")
    assert client.get("/admin/").status_code == 302
    answer = client.post("/login/code/?next=/admin/", {"code": phone.codes[0]}, follow=True)
    assert answer.redirect_chain[-1][0] == "/admin/"
    assert answer.status_code == 200


def test_a_trader_at_the_admins_door_is_told_no(client: Client, owner: User) -> None:
    client.force_login(owner)
    assert client.get("/admin/", follow=True).status_code == 403


def test_the_second_step_waits_five_minutes_and_for_no_other_password(phone: Phone) -> None:
    client = half_way(phone.user)
    with time_machine.travel(NOON + timedelta(minutes=6)):
        assert client.post("/login/code/", {"code": phone.codes[0]}).headers["Location"] == "/login/"
    client = half_way(phone.user)
    phone.user.set_password("changed meanwhile 8")
    with tenancy.tenant(phone.user.pk):
        phone.user.save()
    assert client.post("/login/code/", {"code": phone.codes[0]}).headers["Location"] == "/login/"


def test_it_is_switched_off_with_the_password_and_old_codes_with_it(client: Client, phone: Phone) -> None:
    client.force_login(phone.user)
    assert client.post(f"{PAGE}off/", {"off-password": "wrong"}).status_code == 422
    assert two_factor.is_on(phone.user)
    assert client.post(f"{PAGE}off/", {"off-password": password_of(phone.user)}).status_code == 302
    assert not two_factor.is_on(phone.user)
    assert not two_factor.check_code(phone.user, phone.codes[0])
    assert (
        Client().post("/login/", {"username": phone.user.email, "password": password_of(phone.user)}).status_code == 302
    )


def test_new_recovery_codes_end_the_old_ones(client: Client, phone: Phone) -> None:
    client.force_login(phone.user)
    assert client.post(f"{PAGE}codes/", {"codes-password": "wrong"}).status_code == 422
    answer = client.post(f"{PAGE}codes/", {"codes-password": password_of(phone.user)})
    fresh = re.findall(r"<li><code>([0-9a-f-]+)</code>", answer.content.decode())
    assert len(fresh) == two_factor.RECOVERY_CODES
    assert not two_factor.check_code(phone.user, phone.codes[0])
    assert two_factor.check_code(phone.user, fresh[0])


def test_setting_it_up_again_does_not_touch_one_that_is_on(client: Client, phone: Phone) -> None:
    client.force_login(phone.user)
    client.post(f"{PAGE}begin/", {"password": password_of(phone.user)})
    assert two_factor.check_code(phone.user, phone.code())


def test_neither_key_nor_codes_are_stored_as_they_are_or_shown_to_operators(phone: Phone) -> None:
    with tenancy.tenant(phone.user.pk), connection.cursor() as cursor:
        for table in ("users_secondfactor", "users_recoverycode"):
            cursor.execute(f"SELECT t::text, encode(convert_to(t::text, 'UTF8'), 'escape') FROM {table} t")
            stored = str(cursor.fetchall())
            assert phone.secret not in stored
            assert phone.codes[0] not in stored


def test_a_key_copied_to_somebody_else_opens_nothing(phone: Phone, other_owner: User) -> None:
    with tenancy.tenant(phone.user.pk):
        copied = SecondFactor.objects.get()
    with tenancy.tenant(other_owner.pk):
        SecondFactor.objects.create(owner=other_owner, secret=bytes(copied.secret), confirmed_at=clock.now())
        with pytest.raises(two_factor.SecretUnreadableError):
            two_factor.check_code(other_owner, phone.code())


def test_keys_outlive_a_rotation_and_one_that_is_lost_says_whom_to_ask(live_db: str, owner: User) -> None:
    phone = set_up(owner)
    with override_settings(CREDENTIAL_KEYS=[OTHER_KEY]):
        answer = half_way(owner).post("/login/code/", {"code": phone.code(later=30)})
        assert answer.status_code == 422
        assert "Ask an operator" in answer.content.decode()
    with override_settings(CREDENTIAL_KEYS=[OTHER_KEY, *settings.CREDENTIAL_KEYS]), tenancy.system():
        assert two_factor.rotate_secrets() == (1, ())
    with override_settings(CREDENTIAL_KEYS=[OTHER_KEY]):
        assert two_factor.check_code(owner, phone.code(later=30))


def test_a_rotation_names_whose_key_it_could_not_read_and_fails(live_db: str, owner: User, other_owner: User) -> None:
    set_up(owner)
    with override_settings(CREDENTIAL_KEYS=[OTHER_KEY]):
        set_up(other_owner)
    said = StringIO()
    with (
        override_settings(CREDENTIAL_KEYS=[new_encryption_key(), *settings.CREDENTIAL_KEYS]),
        pytest.raises(CommandError, match="1 credentials could not be read"),
    ):
        call_command("rotate_credentials", stdout=said, stderr=said)
    assert f"{other_owner.email}: the key of their authenticator app" in said.getvalue()
    assert "1 credentials were encrypted again" in said.getvalue()


def test_nobody_sees_somebody_elses_factor(phone: Phone, other_owner: User) -> None:
    with tenancy.tenant(other_owner.pk):
        assert not SecondFactor.objects.exists()
        assert not RecoveryCode.objects.exists()
