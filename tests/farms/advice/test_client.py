"""The client of chat completions over real HTTP, against every way in which such a server goes wrong."""

import json
import socket
import threading
import time
from dataclasses import replace
from decimal import Decimal
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any

import pytest

from farms.advice import addresses, client
from farms.advice.answers import NoProposalError, read, schema
from farms.advice.client import MOST_BYTES, Endpoint, Refusal, Trouble, ask
from kit.sealing import Secret
from tests.farms.advice.simulator import FAULTS, Script, proposal

pytestmark = pytest.mark.offline
ASKED = [{"role": "system", "content": "Answer as JSON."}, {"role": "user", "content": "TST/USDT"}]
MARKETS = ("TST/USDT",)
PRICES = {"TST/USDT": Decimal(100)}
# Of each fault what it comes to: the cause of a call without an answer, or the words of an answer that is no proposal;
# nothing where it is one.
COMES_TO = {
    "401": ("key", "The endpoint rejects the key."),
    "429": ("busy", "The endpoint takes no more requests now."),
    "quota": ("quota", "The quota at the endpoint is used up."),
    "500": ("server", "The endpoint answered with status 500."),
    "timeout": ("timeout", "127.0.0.1 did not answer within 0.3 seconds."),
    "reset": ("reset", "The connection to 127.0.0.1 broke."),
    "html": ("unreadable", "The endpoint answered with a page instead of JSON: is its address right?"),
    "no choices": ("unreadable", "The endpoint answered without a choice."),
    "garbage": ("unreadable", "The endpoint answered something that is no JSON."),
    "fence": ("", ""),
    "cut off": ("", "It answered something that is no JSON."),
    "refusal": ("refused", "The model refuses to answer."),
    "out of bounds": ("", "Its size_percent of 5000 % is outside of 0 to 100 %."),
    "nan": ("", "It answered NaN, which is no number."),
    "markup": ("", ""),
}


def asked(endpoint: Endpoint) -> Any:
    return ask(endpoint, ASKED, schema=schema(MARKETS))


def comes_to(endpoint: Endpoint) -> tuple[str, str]:
    try:
        reply = asked(endpoint)
        read(reply.text, instruments=MARKETS, prices=PRICES)
    except Trouble as trouble:
        return trouble.cause, trouble.sentence
    except NoProposalError as error:
        return "", str(error)
    return "", ""


def test_every_fault_of_the_simulator_has_its_sentence() -> None:
    assert tuple(COMES_TO) == FAULTS


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_comes_to_its_sentence_and_never_to_another_error(fault: str, model: Script, wire: Endpoint) -> None:
    model.answers = [fault]
    assert comes_to(wire) == COMES_TO[fault]
    assert len(model.requests) == 1


def test_what_is_sent_is_what_the_wire_format_wants(model: Script, wire: Endpoint) -> None:
    reply = asked(wire)
    (sent,) = model.requests
    assert sent["model"] == "a-model"
    assert sent["messages"] == ASKED
    assert sent["max_tokens"] == 1_000
    assert sent["response_format"]["json_schema"]["schema"] == schema(MARKETS)
    assert model.headers[0]["authorization"] == "Bearer sk-of-a-test"
    assert json.loads(reply.text)["instrument"] == "TST/USDT"
    assert (reply.tokens_in, reply.is_cut) == (7, False)
    assert reply.milliseconds < 300


def test_a_local_endpoint_without_a_key_is_sent_none(model: Script, address: str) -> None:
    asked(Endpoint(f"{address}/", "a-model", seconds=0.3))
    assert "authorization" not in model.headers[0]


def test_where_no_schema_is_taken_plain_json_is_asked_for(model: Script, wire: Endpoint) -> None:
    model.knows_schemas = model.knows_max_tokens = False
    reply = asked(wire)
    assert read(reply.text, instruments=MARKETS, prices=PRICES).action == "buy"
    assert ["response_format" in one for one in model.requests] == [True, False, False]
    assert model.requests[-1]["max_completion_tokens"] == 1_000


def test_a_pause_that_is_asked_for_is_known_and_nonsense_is_none(model: Script, wire: Endpoint) -> None:
    model.answers = ["429"]
    waits = {}
    for told in ("7", "999999", "-3", "soon", ""):
        model.retry_after = told
        with pytest.raises(Trouble) as caught:
            asked(wire)
        waits[told] = caught.value.wait
    assert waits == {"7": 7, "999999": 86_400, "-3": 0, "soon": 0, "": 0}


def test_a_refusal_says_what_it_has_cost(model: Script, wire: Endpoint) -> None:
    model.answers = ["refusal"]
    with pytest.raises(Refusal) as caught:
        asked(wire)
    assert caught.value.reply.tokens_in == 7
    assert caught.value.reply.text == "I cannot help with that."


def test_too_few_tokens_for_what_was_said_are_not_believed(model: Script, wire: Endpoint) -> None:
    said, long = 45, 45 + client.CHARACTERS_OF_A_TOKEN
    for told, believed in ((0, None), (1, None), (2, 2), (client.MOST_TOKENS, None), (True, None), ("7", None)):
        assert client._count(told, said) == believed
    assert client._count(2, long) is None
    model.characters_of_a_token = 1_000_000  # counts all as nothing
    reply = asked(wire)
    assert (reply.tokens_in, reply.tokens_out) == (None, None)


def test_tokens_that_are_not_counted_are_not_made_up(model: Script, wire: Endpoint) -> None:
    model.counts_tokens = False
    reply = asked(wire)
    assert (reply.tokens_in, reply.tokens_out) == (None, None)


def test_the_key_is_in_no_trouble(model: Script, wire: Endpoint) -> None:
    model.answers = ["401"]
    with pytest.raises(Trouble) as caught:
        asked(wire)
    assert "sk-of-a-test" not in f"{caught.value!r} {caught.value.args} {wire!r}"


def test_in_clear_nothing_is_sent_where_a_name_leads_out_of_the_own_network(
    model: Script, wire: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The simulator's address stands for one of the internet."""
    monkeypatch.setattr(addresses, "_NEAR", (ip_network("10.0.0.0/8"),))
    named = replace(wire, base_url=wire.base_url.replace("127.0.0.1", "localhost"))
    assert comes_to(named) == ("server", "localhost leads out of the own network: ask it by https.")
    assert model.requests == []


def test_a_name_of_many_addresses_none_of_which_answers_has_no_more_time_than_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, waited = [100.0], []

    class Silent(socket.socket):
        def connect(self, _: Any) -> None:
            waited.append(self.gettimeout())
            now[0] += waited[-1]
            raise TimeoutError

    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"10.0.0.{one}", 80)) for one in range(1, 9)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(socket, "socket", Silent)
    monkeypatch.setattr(client, "time", SimpleNamespace(monotonic=lambda: now[0]))
    assert comes_to(Endpoint("http://many.internal", "m", seconds=3)) == (
        "timeout",
        "many.internal did not answer within 3 seconds.",
    )
    assert sum(waited) <= 3


def test_nobody_there_and_a_name_of_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert comes_to(Endpoint(f"http://127.0.0.1:{port}", "m", seconds=0.3))[0] == "reset"
    assert comes_to(Endpoint("http://nobody.invalid/v1", "m", seconds=0.3)) == (
        "server",
        "There is no server nobody.invalid.",
    )


@pytest.mark.parametrize("drip", [b"x", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"])
def test_however_slowly_it_speaks_it_is_over_in_time(drip: bytes) -> None:
    """One byte at a time, each of them within the wait of a socket."""
    done = threading.Event()

    def speak(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            for byte in drip * 200:
                if done.wait(0.03):
                    return
                connection.sendall(bytes([byte]))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=speak, args=(server,), daemon=True)
        thread.start()
        begun = time.monotonic()
        found = comes_to(Endpoint(f"http://127.0.0.1:{server.getsockname()[1]}", "m", Secret(""), seconds=0.2))
        took = time.monotonic() - begun
        done.set()
        thread.join()
    assert found[0] in ("timeout", "reset")
    assert took < 6 * 0.9, "all that drips takes longer"


def test_an_answer_without_end_is_read_up_to_its_bound(model: Script, wire: Endpoint) -> None:
    model.answers = [proposal(reasons=["x" * MOST_BYTES])]
    assert comes_to(wire) == ("unreadable", f"127.0.0.1 answered more than {MOST_BYTES:,} bytes.")
