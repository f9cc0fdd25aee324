"""A run that ended with a question, and the runs after it: of the protocol's own client, which runs nothing else before
the question is answered or left, and of several programs at once."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from kit import clock, tenancy
from kit.approvals.models import Approval
from kit.approvals.services import answer
from kit.users.models import User
from tests.conftest import as_operators
from tests.programs import bearer
from tests.protocols.conftest import Stage
from tests.protocols.front_end import FrontEnd, front_end
from tests.protocols.test_agui import RUN, opened
from wallets.models import FundAllocation

COLLECT = {"command": "collect", "asset": "USDT", "amount": "1.25"}
HOUR = 3_600_000


class Program:
    """One client of the protocol on the agent of the world, which it keeps from run to run."""

    def __init__(self, stage: Stage, client: FrontEnd, headers: dict[str, str]) -> None:
        self._client, self._headers = client, headers
        self._url = f"{stage.url}/agui/agents/{stage.world.agent.pk}"
        self._runs = 0

    def run(self, **asked: Any) -> dict[str, Any]:
        """The last event of a run; what the client says where it has none."""
        self._runs += 1
        self._client.start(self._url, self._headers, run=f"r-{self._runs}-{uuid4()}", goesOn=self._runs > 1, **asked)
        last: dict[str, Any] = {}
        while True:
            word, told = self._client.line()
            if word == "done":
                return last
            if word == "failed":
                return {"type": "failed", **told}
            last = told

    def ask(self, **more: Any) -> str:
        """The id of the question that a run ends with."""
        (interrupt,) = self.run(props=COLLECT | more)["outcome"]["interrupts"]
        return str(interrupt["id"])

    def leave(self, question: str, **more: Any) -> dict[str, Any]:
        return self.run(resume=[{"interruptId": question, "status": "cancelled"}], **more)

    def resolve(self, question: str, **more: Any) -> dict[str, Any]:
        entry = {"interruptId": question, "status": "resolved", "payload": {"approved": True}}
        return self.run(resume=[entry], **more)

    def require_free(self) -> None:
        """That it runs as before."""
        assert self.run(props={"command": "why"})["type"] == "RUN_FINISHED"


def standing(owner: User, question: str) -> str:
    with tenancy.tenant(owner.pk):
        return Approval.objects.get(pk=question).status


def let_run_out(owner: User, question: str) -> None:
    with tenancy.tenant(owner.pk), as_operators():
        Approval.objects.filter(pk=question).update(expires_at=clock.now() - timedelta(seconds=1))


def test_a_program_that_only_asks_goes_on_after_its_question(stage: Stage) -> None:
    """Refused with 403 for its own answer, it says that it waits no longer, and the question stays."""
    owner = stage.world.owner
    with front_end() as client:
        program = Program(stage, client, bearer(owner, "agent"))
        question = program.ask()
        assert "not addressed by resume" in program.run(props={"command": "why"})["message"]
        refused = program.resolve(question)
        assert (refused["type"], refused["status"]) == ("failed", 403)
        ended = program.leave(question)
        assert (ended["type"], ended["result"]["status"]) == ("RUN_FINISHED", "open")
        assert "owner may still answer" in ended["result"]["said"]
        assert standing(owner, question) == "open"
        program.require_free()


@pytest.mark.parametrize("is_approved", [True, False])
def test_a_program_reads_what_its_owner_answered(stage: Stage, is_approved: bool) -> None:
    owner = stage.world.owner
    with front_end() as client:
        program = Program(stage, client, bearer(owner, "agent"))
        question = program.ask()
        with tenancy.tenant(owner.pk):
            answer(owner_id=owner.pk, approval_id=question, is_approved=is_approved)  # type: ignore[arg-type]  # its text
        ended = program.leave(question)
        assert ended["type"] == "RUN_FINISHED"
        assert ended["result"]["status"] == ("approved" if is_approved else "declined")
        assert ("allocation_id" in ended["result"]) is is_approved
        program.require_free()


@pytest.mark.parametrize("scopes", [("agent",), ()])
def test_a_question_that_ran_out_holds_nobody(stage: Stage, scopes: tuple[str, ...]) -> None:
    """Neither who only asks nor who may manage. A yes comes too late by its code; the client then cancels."""
    owner = stage.world.owner
    with front_end() as client:
        asker = Program(stage, client, bearer(owner, *scopes))
        question = asker.ask()
        let_run_out(owner, question)
        assert "can no longer be answered" in asker.resolve(question, later=HOUR)["message"]
        ended = asker.leave(question, later=HOUR)
        assert (ended["type"], ended["result"]["status"]) == ("RUN_FINISHED", "expired")
        asker.require_free()


def test_an_answer_that_comes_too_late_is_an_error_and_the_client_goes_on_after_it(stage: Stage) -> None:
    owner = stage.world.owner
    with front_end() as client:
        asker = Program(stage, client, bearer(owner))
        question = asker.ask()
        let_run_out(owner, question)
        late = asker.resolve(question)  # whose clock is behind ours
        assert (late["type"], late["code"]) == ("RUN_ERROR", "answered_or_late")
        assert "not addressed by resume" in asker.run(props={"command": "why"})["message"]
        assert asker.leave(question)["type"] == "RUN_FINISHED"
        asker.require_free()


def test_a_program_that_may_manage_says_no_to_what_another_asked_and_leaves_what_itself_asked(stage: Stage) -> None:
    owner = stage.world.owner
    with front_end() as client:
        first = Program(stage, client, bearer(owner))
        question = first.ask()
        assert first.leave(question)["result"]["status"] == "open"
        first.require_free()
    other = resume(stage, bearer(owner), [{"interruptId": question, "status": "cancelled"}])
    assert (other["type"], other["result"]["status"]) == ("RUN_FINISHED", "declined")
    assert standing(owner, question) == "declined"


def resume(stage: Stage, headers: dict[str, str], entries: list[Any]) -> Any:
    """The last event of a run that answers, or the problem instead of it."""
    body = {**RUN, "runId": uuid4().hex, "resume": entries}
    with opened(stage, f"/agui/agents/{stage.world.agent.pk}", headers, body) as run:
        return run.end()[-1] if run.status == 200 else run.problem


@pytest.fixture
def question(stage: Stage) -> str:
    """Asked by a program that only asks."""
    body = {**RUN, "runId": uuid4().hex, "forwardedProps": COLLECT}
    with opened(stage, f"/agui/agents/{stage.world.agent.pk}", bearer(stage.world.owner, "agent"), body) as run:
        (interrupt,) = run.end()[-1]["outcome"]["interrupts"]
    return str(interrupt["id"])


def test_an_expired_answer_a_foreign_one_and_two_at_once_are_refused_by_their_code(stage: Stage, question: str) -> None:
    owner, stranger = stage.world.owner, stage.stranger
    yes = {"interruptId": question, "status": "resolved", "payload": {"approved": True}}
    with tenancy.tenant(stranger.pk):
        theirs = Approval.objects.create(
            owner=stranger, kind="pause", given={}, title="Theirs", asked_by="x",
            expires_at=clock.now() + timedelta(hours=1),
        )  # fmt: skip
    for status in ("resolved", "cancelled"):
        foreign = resume(stage, bearer(owner), [yes | {"interruptId": str(theirs.pk), "status": status}])
        assert (foreign["type"], foreign["code"]) == ("RUN_ERROR", "unknown_interrupt")
    for wrong in ([yes, yes], [yes, yes | {"interruptId": str(uuid4())}], [{**yes, "status": "later"}], [{}]):
        refused = resume(stage, bearer(owner), wrong)
        assert (refused["type"], refused["code"]) == ("RUN_ERROR", "invalid_answer"), wrong
    assert standing(owner, question) == standing(stranger, str(theirs.pk)) == "open"
    let_run_out(owner, question)
    late = resume(stage, bearer(owner), [yes])
    assert (late["type"], late["code"]) == ("RUN_ERROR", "answered_or_late")
    assert standing(owner, question) != "approved"


def test_eight_answers_at_once_are_one(stage: Stage, question: str) -> None:
    """Four of each kind, by as many programs: those that agree with the first are told the same, the others refused."""
    owner = stage.world.owner
    with tenancy.tenant(owner.pk):
        before = FundAllocation.objects.count()
    entries = [
        {"interruptId": question, "status": "resolved", "payload": {"approved": number % 2 == 0}} for number in range(8)
    ]
    programs = [bearer(owner) for _ in entries]
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda one: resume(stage, one[0], [one[1]]), zip(programs, entries, strict=True)))
    ended = [event["result"] for event in told if event["type"] == "RUN_FINISHED"]
    refused = [event["code"] for event in told if event["type"] == "RUN_ERROR"]
    assert (len(ended), refused) == (4, ["answered_or_late"] * 4), told
    assert len({json.dumps(result, sort_keys=True) for result in ended}) == 1
    with tenancy.tenant(owner.pk):
        moved = FundAllocation.objects.count() - before
    assert moved == (1 if ended[0]["status"] == "approved" else 0)
    assert standing(owner, question) == ended[0]["status"]


def test_an_agent_starts_again_once_its_owner_says_so(stage: Stage) -> None:
    world = stage.world
    path = f"/agui/agents/{world.agent.pk}"
    with front_end() as client:
        program = Program(stage, client, bearer(world.owner))
        program.run(props={"command": "pause"})
        (interrupt,) = program.run(props={"command": "resume", "reason": "It is quiet"})["outcome"]["interrupts"]
        assert interrupt["message"].startswith("Start ")
        with opened(stage, path, bearer(world.owner, "read"), {**RUN, "forwardedProps": {"command": "why"}}) as run:
            assert run.end()[1]["snapshot"]["agent"]["status"] == "paused"
        yes = {"interruptId": interrupt["id"], "status": "resolved", "payload": {"approved": True}}
        ended = resume(stage, bearer(world.owner), [yes])
        assert (ended["type"], ended["result"]["status"]) == ("RUN_FINISHED", "running"), ended
        assert program.leave(interrupt["id"])["result"]["status"] == "running"
        program.require_free()


KINDS = ("agents", "farms", "portfolio")


def address(stage: Stage, kind: str) -> str:
    pk = {"agents": stage.world.agent.pk, "farms": stage.world.farm.pk}.get(kind)
    return f"/agui/{kind}" + (f"/{pk}" if pk else "")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_said", [False, True])
def test_what_is_said_to_be_understood_is_and_nothing_else(stage: Stage, kind: str, is_said: bool) -> None:
    """Each command as a property, and as the last words of a person, of each kind of what is watched."""
    headers, path = bearer(stage.world.owner), address(stage, kind)
    with opened(stage, f"{path}/capabilities", headers, method="GET") as asked:
        told = asked.problem
    given = {"asset": "USDT", "amount": "0.5", "maximum_notional": "4321"}
    ends, all_of_them = {}, ("why", "watch", "pause", "resume", "halt", "collect", "propose_limit")
    for command in all_of_them:
        words = [{"id": "1", "role": "user", "content": f"{command.capitalize()}!"}]
        more = (
            {"messages": words, "forwardedProps": given}
            if is_said
            else {"forwardedProps": {"command": command, **given}}
        )
        with opened(stage, path, headers, {**RUN, "runId": uuid4().hex, **more}) as run:
            if run.status == 200 and command != "watch":
                last = run.end()[-1]
                ends[command] = (last.get("outcome") or {}).get("type", last["type"])
                assert last["type"] == "RUN_FINISHED", last
                assert "said" in last or last.get("result") is not None or ends[command] == "interrupt"
            elif run.status == 200:
                ends[command] = "RUN_STARTED"
            else:
                assert run.status == 422, run.problem
    assert set(ends) == set(told["custom"]["commands"])
    asks = {command for command, end in ends.items() if end == "interrupt"}
    human = told["humanInTheLoop"]
    assert human["interrupts"] is human["supported"] is human["approvals"] is bool(asks)
    with opened(stage, path, headers, {**RUN, "messages": [{"id": "1", "role": "user", "content": "Hello"}]}) as run:
        (said,) = [event["delta"] for event in run.end() if event["type"] == "TEXT_MESSAGE_CONTENT"]
    assert said == f"I understand: {', '.join(told['custom']['commands'])}."
