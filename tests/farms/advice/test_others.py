"""Our simulator against the official client, and our client against a server that nobody here wrote."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from farms.advice.answers import NoProposalError, read, schema
from farms.advice.client import Endpoint, Trouble, ask
from kit.sealing import Secret
from tests.farms.advice.simulator import Script, proposal

pytestmark = [pytest.mark.slow, pytest.mark.offline]
ASKED: list[Any] = [{"role": "system", "content": "Answer as JSON."}, {"role": "user", "content": "TST/USDT"}]
MARKETS = ("TST/USDT",)


# --- the simulator, asked by PyPI's `openai` ---


@pytest.fixture
def official(address: str) -> Iterator[Any]:
    from openai import OpenAI

    with OpenAI(base_url=address, api_key="sk-of-a-test", max_retries=0, timeout=0.3) as client:
        yield client


def created(client: Any) -> Any:
    form = {"type": "json_schema", "json_schema": {"name": "proposal", "strict": True, "schema": schema(MARKETS)}}
    return client.chat.completions.create(model="a-model", messages=ASKED, max_tokens=1_000, response_format=form)


def test_the_official_client_reads_what_the_simulator_says_and_sends_what_ours_sends(
    official: Any, model: Script, wire: Endpoint
) -> None:
    answer = created(official)
    assert answer.choices[0].message.content == proposal()
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.usage.prompt_tokens, answer.model) == (7, "a-model")
    ask(wire, ASKED, schema=schema(MARKETS))
    theirs, ours = model.requests
    assert ours == theirs
    assert model.headers[0]["authorization"] == model.headers[1]["authorization"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("401", "AuthenticationError"), ("429", "RateLimitError"), ("quota", "RateLimitError"),
        ("500", "InternalServerError"), ("timeout", "APITimeoutError"), ("reset", "APIConnectionError"),
    ],
)  # fmt: skip
def test_a_fault_of_the_simulator_is_that_fault_to_the_official_client(
    official: Any, model: Script, fault: str, error: str
) -> None:
    import openai

    model.answers = [fault]
    with pytest.raises(openai.OpenAIError) as caught:
        created(official)
    assert type(caught.value).__name__ == error
    if fault == "quota":
        assert caught.value.code == "insufficient_quota"


def test_a_refusal_and_a_cut_answer_are_such_to_the_official_client(official: Any, model: Script) -> None:
    model.answers = ["refusal"]
    assert created(official).choices[0].message.refusal == "I cannot help with that."
    model.answers = ["cut off"]
    assert created(official).choices[0].finish_reason == "length"


# --- our client, at PyPI's `llmock` ---


@pytest.fixture(scope="module")
def foreign() -> Iterator[Any]:
    from llmock.testing import LLMockServer

    with LLMockServer() as server:
        yield server


@pytest.fixture
def there(foreign: Any) -> Endpoint:
    foreign.state.scenarios.clear()
    return Endpoint(foreign.base_url("openai"), "gpt-4o", Secret("sk-of-a-test"), seconds=2)


def test_a_foreign_server_answers_what_our_schema_wants(there: Endpoint) -> None:
    reply = ask(there, ASKED, schema=schema(MARKETS))
    told = json.loads(reply.text)
    assert set(told) == set(schema(MARKETS)["properties"])
    assert (told["instrument"], reply.is_cut) == ("TST/USDT", False)
    assert reply.tokens_in is not None
    assert reply.tokens_out is not None
    with pytest.raises(NoProposalError):  # its figures are made up
        read(reply.text, instruments=MARKETS, prices={"TST/USDT": Decimal(100)})


def test_a_proposal_of_a_foreign_server_is_one(foreign: Any, there: Endpoint) -> None:
    from llmock.scenarios import Reply

    foreign.state.scenarios.add(Reply(text=f"```json\n{proposal()}\n```"))
    reply = ask(there, ASKED, schema=schema(MARKETS))
    assert read(reply.text, instruments=MARKETS, prices={"TST/USDT": Decimal(100)}).action == "buy"


@pytest.mark.parametrize(
    ("status", "code", "cause"),
    [(401, "invalid_api_key", "key"), (403, None, "key"), (429, "rate_limit_exceeded", "busy"),
     (429, "insufficient_quota", "quota"), (500, None, "server"), (503, None, "server")],
)  # fmt: skip
def test_a_refusal_of_a_foreign_server_has_its_cause(
    foreign: Any, there: Endpoint, status: int, code: str | None, cause: str
) -> None:
    from llmock.scenarios import Fail

    foreign.state.scenarios.add(Fail(status, code=code, retry_after=7 if status == 429 else None))
    with pytest.raises(Trouble) as caught:
        ask(there, ASKED, schema=schema(MARKETS))
    assert caught.value.cause == cause
    assert caught.value.wait == (7 if cause == "busy" else 0)


def test_a_foreign_server_that_is_late_is_late(foreign: Any, there: Endpoint) -> None:
    from llmock.scenarios import Delay

    foreign.state.scenarios.add(Delay(1.0))
    with pytest.raises(Trouble) as caught:
        ask(replace(there, seconds=0.3), ASKED, schema=schema(MARKETS))
    assert caught.value.cause == "timeout"
