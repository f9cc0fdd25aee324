"""Candles fetched for the laboratory: asked for, carried out in parts of a minute, and shown."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from farms.laboratory import jobs
from farms.models import Download
from kit import statuses, tenancy
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.sentences import Sentence
from markets.candles import downloading

# After so long a worker leaves the rest to the next task, so that whatever else waits has its turn.
PART_SECONDS: Final = 45
MOST_WAITING: Final = 5


@dataclass(frozen=True, slots=True)
class DownloadRow:
    """A download as it is shown; what there was is None until it is over."""

    id: UUID
    status: str
    status_label: str
    colour: str
    progress: int
    error: Sentence
    is_open: bool
    exchange: str
    symbol: str
    timeframe: str
    since: datetime
    until: datetime
    reached: datetime | None
    written: int
    bad: int
    created_at: datetime
    finished_at: datetime | None
    bars: int | None
    first: datetime | None
    last: datetime | None
    gaps: int | None
    missing: int | None
    first_gaps: list[dict[str, Any]]

    @property
    def done(self) -> float:
        """How far it is, as a fraction."""
        return self.progress / 100


def request_download(
    *, owner_id: UUID, exchange: str, symbol: str, timeframe: str, since: datetime, until: datetime | None = None
) -> Download:
    """Write what is asked for and wake a worker; run it as the tenant.

    Raises InvalidInputError naming the field, ConflictError while too many wait.
    """
    if exchange not in settings.DOWNLOAD_EXCHANGES:
        sentence = f"Choose one of {', '.join(settings.DOWNLOAD_EXCHANGES)}: {exchange!r} is not offered here."
        raise InvalidInputError(sentence, fields={"exchange": sentence})
    past = downloading.past_of(
        exchange=exchange, symbol=symbol.strip().upper(), timeframe=timeframe, since=since, until=until
    )
    if Download.objects.filter(owner_id=owner_id, finished_at=None).count() >= MOST_WAITING:
        raise ConflictError(f"Wait until some of them are over: {MOST_WAITING} downloads are not done yet.")
    asked = Download.objects.create(
        owner_id=owner_id,
        exchange=past.exchange,
        symbol=past.symbol,
        timeframe=past.timeframe,
        since=past.since,
        until=past.until,
    )
    jobs.wake()
    return asked


def cancel_download(*, owner_id: UUID, download_id: UUID) -> Download:
    """End it; what was stored stays. Raises NotFoundError, ConflictError when it has come to another end."""
    try:
        return jobs.cancel(Download, owner_id=owner_id, job_id=download_id)
    except Download.DoesNotExist as error:
        raise NotFoundError("There is no such download.") from error


def run_download(asked: Download) -> None:
    """Fetch for a while, from where the one before it stopped; end it when nothing is missing any more."""
    past = downloading.Past(asked.exchange, asked.symbol, asked.timeframe, asked.since, asked.until)
    exchange, instrument = downloading.open_market(past)
    until = time.monotonic() + PART_SECONDS
    for page in downloading.pages(past, exchange, instrument, begin=asked.reached):
        is_late = time.monotonic() > until
        with tenancy.tenant(asked.owner_id):
            row = jobs.hold(asked)
            row.reached, row.written, row.bad = page.until, row.written + page.written, row.bad + page.bad
            row.save(update_fields=("reached", "written", "bad"))
            if is_late:
                jobs.release(asked, _percent(page.progress), "Asking the exchange")
        if is_late:
            return
        jobs.advance(asked, _percent(page.progress), "Asking the exchange")
    report = downloading.found(past, instrument).as_json()
    with tenancy.tenant(asked.owner_id):
        row = jobs.hold(asked)
        row.report = report
        row.save(update_fields=("report",))
        jobs.finish(row)


def downloads(*, owner_id: UUID) -> QuerySet[Download]:
    """The owner's downloads, newest first."""
    return Download.objects.filter(owner_id=owner_id)


def download_row(asked: Download) -> DownloadRow:
    """It as it is shown."""
    report = asked.report or {}
    return DownloadRow(
        id=asked.pk,
        status=asked.status,
        status_label=asked.get_status_display(),
        colour=statuses.colour("job", asked.status),
        progress=asked.progress,
        error=asked.error,
        is_open=asked.is_open,
        exchange=asked.exchange,
        symbol=asked.symbol,
        timeframe=asked.timeframe,
        since=asked.since,
        until=asked.until,
        reached=asked.reached,
        written=asked.written,
        bad=asked.bad,
        created_at=asked.created_at,
        finished_at=asked.finished_at,
        bars=report.get("bars"),
        first=_moment(report.get("first")),
        last=_moment(report.get("last")),
        gaps=report.get("gaps"),
        missing=report.get("missing"),
        first_gaps=[
            {"since": datetime.fromisoformat(gap["since"]), "bars": gap["bars"]} for gap in report.get("first_gaps", [])
        ],
    )


def _percent(fraction: float) -> int:
    """99 at most: it is over when what there is has been looked at."""
    return min(int(fraction * 100), 99)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
