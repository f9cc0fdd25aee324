"""What holds for every task: time that is up ends it, and an owner hears of what fails again and again."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any
from uuid import UUID

import pytest
from celery import Task
from celery.exceptions import SoftTimeLimitExceeded

from kit import tenancy
from kit.alerts import failures
from kit.alerts.models import Alert, PlatformAlert, TaskFailure
from kit.approvals.tasks import close_late_approvals
from kit.tasks import Task as OwnTask
from kit.users.models import User
from moniqo.celery import app
from portfolio.tasks import watch_exposure
from wallets import tasks as wallet_tasks


@pytest.fixture
def make_task() -> Iterator[Callable[..., Task]]:  # type: ignore[type-arg]  # generic in the stubs only
    """Makes a task of our app from a function, for the length of the test."""
    names = []

    def make(function: Callable[..., object]) -> Task:  # type: ignore[type-arg]
        task = app.task(name=f"tests.{function.__name__}")(function)
        names.append(task.name)
        return task

    yield make
    for name in names:
        del app.tasks[name]


@pytest.fixture
def make_failing(make_task: Callable[..., Task]) -> Task:  # type: ignore[type-arg]
    def sometimes(owner_id: str, fail: bool) -> None:
        """Do what a test does. The rest is no title."""
        if fail:
            raise ZeroDivisionError("nothing goes into nothing")

    return make_task(sometimes)


def test_the_soft_time_limit_goes_through_whatever_swallows_exceptions(
    make_task: Callable[..., Task],  # type: ignore[type-arg]
) -> None:
    reached = []

    def stubborn() -> None:
        try:
            os.kill(os.getpid(), signal.SIGUSR1)  # what Celery's worker sends when the time is up
        except Exception:  # noqa: BLE001 - what is tested: adapters and libraries do this
            reached.append("swallowed")
        finally:
            reached.append("cleaned up")
        reached.append("went on")

    task = make_task(stubborn)
    task.push_request(called_directly=False, is_eager=False)
    before = signal.getsignal(signal.SIGUSR1)
    with pytest.raises(SoftTimeLimitExceeded):
        task()
    assert reached == ["cleaned up"]
    assert signal.getsignal(signal.SIGUSR1) == before


def test_every_task_of_ours_has_the_limit_that_is_no_exception() -> None:
    app.loader.import_default_modules()
    ours = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    assert {"wallets.tasks.sync_connection", "kit.users.tasks.forget_old_sign_ins"} <= set(ours)
    assert [name for name, task in ours.items() if not isinstance(task, OwnTask)] == []
    limit = wallet_tasks.sync_connection.soft_time_limit
    assert limit is not None
    assert limit < app.conf.task_soft_time_limit, "one slow venue gives its process back early"


def test_the_third_failure_in_a_row_is_an_alert_and_a_success_resolves_it(
    live_db: str, owner: User, make_failing: Task
) -> None:  # type: ignore[type-arg]
    def run(fail: bool) -> list[str]:
        make_failing.apply(args=(str(owner.pk), fail))
        with tenancy.tenant(owner.pk):
            return list(Alert.objects.filter(resolved_at=None).values_list("title", flat=True))

    assert run(True) == run(True) == []
    assert run(False) == []
    assert run(True) == run(True) == []
    assert run(True) == ["Failed 3 times in a row: Do what a test does"]
    assert run(True) == ["Failed 4 times in a row: Do what a test does"]
    with tenancy.tenant(owner.pk):
        assert "ZeroDivisionError: nothing goes into nothing" in Alert.objects.get(resolved_at=None).story()
    assert run(False) == []
    with tenancy.tenant(owner.pk):
        assert not TaskFailure.objects.exists()


def test_owners_are_counted_apart(
    live_db: str,
    owner: User,
    other_owner: User,
    make_failing: Task,  # type: ignore[type-arg]
) -> None:
    for user in (owner, other_owner, owner):
        make_failing.apply(args=(str(user.pk), True))
    make_failing.apply(kwargs={"owner_id": str(other_owner.pk), "fail": False})
    make_failing.apply(args=(str(owner.pk), True))
    with tenancy.tenant(owner.pk):
        assert Alert.objects.count() == 1
    with tenancy.tenant(other_owner.pk):
        assert not Alert.objects.exists()


def test_a_part_that_fails_is_contained_and_counted(live_db: str, owner: User) -> None:
    for _ in range(failures.ALARM_AFTER):
        with failures.contained(owner_id=owner.pk, work="a part", title="Doing a part"), tenancy.tenant(owner.pk):
            raise ZeroDivisionError
    with tenancy.tenant(owner.pk):
        assert Alert.objects.get().title == "Failed 3 times in a row: Doing a part"
    with failures.contained(owner_id=owner.pk, work="a part", title="Doing a part"):
        pass
    with tenancy.tenant(owner.pk):
        assert Alert.objects.get().resolved_at is not None


def test_work_that_is_nobodys_in_particular_alarms_operators_until_it_succeeds(live_db: str, operator: User) -> None:
    for _ in range(4):
        failures.note_platform_failure(work="tests.for_everybody", title="Doing it for everybody", said="It broke.")
    with tenancy.tenant(operator.pk):
        alert = PlatformAlert.objects.get(resolved_at=None)
        assert alert.headline() == "Failed 4 times in a row: Doing it for everybody"
    failures.note_platform_success(work="tests.for_everybody")
    with tenancy.tenant(operator.pk):
        assert not PlatformAlert.objects.filter(resolved_at=None).exists()
    assert failures.note_platform_failure(work="tests.for_everybody", title="Doing it", said="It broke.") == 1
    failures.note_platform_success(work="tests.for_everybody")


@pytest.mark.parametrize(
    ("task", "asked", "does"),
    [
        (close_late_approvals, "kit.approvals.services.owners_with_late_ones", "kit.approvals.services.expire"),
        (watch_exposure, "portfolio.services.limited_in_exposure", "portfolio.tasks.watch"),
    ],
)
def test_one_owners_trouble_ends_no_loop_over_owners(
    owner: User, other_owner: User, monkeypatch: pytest.MonkeyPatch, task: Any, asked: str, does: str
) -> None:
    done: list[UUID] = []

    def work(*, owner_id: UUID) -> int:
        done.append(owner_id)
        if owner_id == owner.pk:
            raise RuntimeError("broken")
        return 1

    monkeypatch.setattr(tenancy, "system", nullcontext)
    monkeypatch.setattr(asked, lambda: [owner.pk, other_owner.pk])
    monkeypatch.setattr(does, work)
    task()
    assert done == [owner.pk, other_owner.pk]
    with tenancy.tenant(owner.pk):
        assert TaskFailure.objects.get().failures == 1
