"""Candles are fetched by whichever worker comes, in parts, and can be tried on when they are there."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from farms.laboratory import downloading, jobs, running
from farms.laboratory.downloading import cancel_download, request_download
from farms.models import Download
from kit import clock, tenancy
from kit.errors import ConflictError, InvalidInputError
from kit.users.models import User
from markets.candles.known import known_series
from markets.exchanges import open_exchange
from tests.farms.test_api import API, bearer
from tests.simulators.server import Exchanges

pytestmark = pytest.mark.usefixtures("live_db")
AskDownload = Callable[..., Download]


@pytest.fixture
def first(exchanges: Exchanges) -> datetime:
    """The first hour that Binance has of its markets: more than two pages ago."""
    open_exchange.cache_clear()
    found = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=2_300)
    account = exchanges.wires["binance"].account
    account.unlisted_until = int(found.timestamp() * 1000)
    account.missing = {account.unlisted_until + 50 * 3_600_000}
    return found


@pytest.fixture
def fetch(owner: User, first: datetime) -> AskDownload:
    def asked(by: User = owner, **changed: Any) -> Download:
        usual = {"exchange": "binance", "symbol": "btc/usdt", "timeframe": "1h", "since": first}
        with tenancy.tenant(by.pk):
            return request_download(owner_id=by.pk, **(usual | changed))

    return asked


def seen(asked: Download) -> Download:
    with tenancy.tenant(asked.owner_id):
        return Download.objects.get(pk=asked.pk)


def test_it_is_carried_out_and_what_is_missing_is_said(fetch: AskDownload, first: datetime) -> None:
    asked = fetch()
    assert running.take_part()
    done = seen(asked)
    assert (done.status, done.progress, done.written, done.symbol) == ("done", 100, 2_299, "BTC/USDT")
    assert done.report["bars"] == 2_299
    assert (done.report["gaps"], done.report["missing"]) == (1, 1)
    (series,) = known_series()
    assert (series.timeframe, series.first) == ("1h", first)


def test_a_part_ends_and_the_next_goes_on_where_it_was(
    fetch: AskDownload, exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloading, "PART_SECONDS", -1)
    asked = fetch()
    written = []
    for _ in range(3):
        exchanges.asked.clear()
        assert running.take_part()
        written.append(seen(asked).written)
        assert seen(asked).claim is None
    assert written == [1_000, 2_000, 2_299], "bars that are missing take no place of a page"
    assert running.take_part()
    assert (seen(asked).status, seen(asked).attempts) == ("done", 1)
    assert not running.take_part()


def test_an_exchange_that_says_no_is_a_sentence(fetch: AskDownload) -> None:
    asked = fetch(symbol="DOGE/CAT")
    running.take_part()
    assert (seen(asked).status, "has no 'DOGE/CAT'" in str(seen(asked).error)) == ("failed", True)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"exchange": "nowhere"}, "exchange"),
        ({"timeframe": "2h"}, "timeframe"),
        ({"since": clock.now() + timedelta(days=400)}, "since"),
    ],
)
def test_what_cannot_be_fetched_is_refused_at_its_field(
    fetch: AskDownload, changed: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        fetch(**changed)
    assert set(refused.value.fields) == {field}


def test_nobody_fills_the_queue(fetch: AskDownload, other_owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "MOST_WAITING", 1)
    fetch()
    with pytest.raises(ConflictError, match="1 downloads are not done yet"):
        fetch()
    fetch(other_owner)


def test_it_is_cancelled_and_a_worker_under_way_is_not_heard(fetch: AskDownload, owner: User) -> None:
    asked = fetch()
    job = jobs.take()
    assert isinstance(job, Download)
    with tenancy.tenant(owner.pk):
        cancel_download(owner_id=owner.pk, download_id=asked.pk)
    with pytest.raises(jobs.WithdrawnError):
        running.run_download(job)
    assert (seen(asked).status, seen(asked).written) == ("cancelled", 0)


def test_the_page_asks_shows_and_cancels(
    client: Client, owner: User, other_owner: User, fetch: AskDownload, first: datetime
) -> None:
    address = reverse("laboratory:candles")
    assert client.get(address).status_code == 302
    client.force_login(owner)
    form = {"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1h", "since": f"{first:%Y-%m-%d}"}
    assert "Nothing was fetched yet" in client.get(address).content.decode()
    assert client.post(address, form | {"symbol": ""}).status_code == 422
    wrong = client.post(address, form | {"since": "2100-01-01"})
    assert 'id="id_since_error"' in wrong.content.decode()
    assert client.post(address, form).status_code == 302
    waiting = client.get(address).content.decode()
    assert "Waiting for a worker" in waiting
    assert "every 3s" in waiting
    running.take_part()
    done = client.get(address).content.decode()
    assert "1 in 1 gap" in done
    assert "every 3s" not in done
    other = fetch()
    cancel = reverse("laboratory:cancel-download", args=[other.pk])
    assert "stored stays" in client.post(cancel, follow=True).content.decode()
    assert "over already" not in client.post(cancel, follow=True).content.decode(), "cancelled twice is cancelled"
    client.force_login(other_owner)
    assert client.post(cancel).status_code == 404
    assert "BTC/USDT" not in client.get(address).content.decode()


def test_programs_ask_watch_and_read(client: Client, owner: User, other_owner: User, first: datetime) -> None:
    headers = bearer(client, owner)
    body = {"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1h", "since": first.isoformat()}
    made = client.post(f"{API}/downloads", body, content_type="application/json", headers=headers)
    assert (made.status_code, made.json()["status"]) == (202, "queued")
    running.take_part()
    told = client.get(f"{API}/downloads/{made.json()['id']}", headers=headers).json()
    assert (told["status"], told["bars"], told["missing"]) == ("done", 2_299, 1)
    assert [gap["bars"] for gap in told["first_gaps"]] == [1]
    (listed,) = client.get(f"{API}/downloads", headers=headers).json()["items"]
    assert listed == told
    refused = client.post(
        f"{API}/downloads", body | {"exchange": "nowhere"}, content_type="application/json", headers=headers
    )
    assert (refused.status_code, set(refused.json()["fields"])) == (422, {"exchange"})
    theirs = bearer(client, other_owner)
    assert client.get(f"{API}/downloads/{told['id']}", headers=theirs).status_code == 404
    assert client.get(f"{API}/downloads", headers=theirs).json()["items"] == []


def test_which_exchanges_are_offered_is_the_operators(
    fetch: AskDownload, client: Client, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "DOWNLOAD_EXCHANGES", ["kraken"])
    with pytest.raises(InvalidInputError, match="Choose one of kraken"):
        fetch()
    client.force_login(owner)
    assert "Binance" not in client.get(reverse("laboratory:candles")).content.decode()
