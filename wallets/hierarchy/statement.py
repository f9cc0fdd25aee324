"""The statement of one account as CSV: plain decimals, UTC in ISO 8601, newest first, in pieces of bounded size."""

import csv
from collections.abc import AsyncIterator, Iterator
from io import StringIO
from typing import Any, Final
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_GET

from kit import tenancy
from kit.decimals import plain
from kit.http import missing_is_404, owner_of
from wallets.hierarchy import places
from wallets.ledger import statements
from wallets.models import Account

PIECE: Final = 2000
WALLET: Final = Account.Kind.WALLET.value
COLUMNS: Final = ("version", "at", "kind", "amount", "balance_after", "other", "posting_id", "transfer_id")
# A cell that starts like this is a formula to a spreadsheet, and wallets have the names that people give them.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@login_required
@require_GET
def statement_file(request: HttpRequest, pk: UUID) -> StreamingHttpResponse:
    """All entries of the account that `asset` and `kind` say, of the days `from` and `to`, as the page lists them."""
    owner_id = owner_of(request)
    with missing_is_404():
        wallet = places.get_wallet(owner_id=owner_id, wallet_id=pk)
    asset, kind = request.GET.get("asset") or wallet.base_asset, request.GET.get("kind") or WALLET
    which: dict[str, Any] = {"owner_id": owner_id, "wallet_id": pk, "asset": asset, "kind": kind}
    # Whose days these are is known now, and no more when the pieces are read.
    which["numbers"] = statements.numbers_of(statements.Span.read(request.GET), **which)
    pieces = _asynchronously(which) if isinstance(request, ASGIRequest) else _pieces(which)
    response = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="entries.csv"'
    return response


def _pieces(which: dict[str, Any]) -> Iterator[str]:
    below: int | None = None
    while True:
        text, below = _piece(which, below)
        yield text
        if below is None:
            return


async def _asynchronously(which: dict[str, Any]) -> AsyncIterator[str]:
    below: int | None = None
    while True:
        text, below = await sync_to_async(_piece)(which, below)
        yield text
        if below is None:
            return


def _piece(which: dict[str, Any], below: int | None) -> tuple[str, int | None]:
    """The next lines, the head before the first, and the version that they go on below; None after the last.

    The request's transaction is over when they are read, so each piece runs in one of its own.
    """
    file = StringIO()
    writer = csv.writer(file)
    if below is None:
        writer.writerow(COLUMNS)
    with tenancy.tenant(which["owner_id"]):
        rows = statements.entries(**which)
        rows = rows if below is None else rows.filter(version__lt=below)
        lines = [statements.entry_line(entry) for entry in rows[:PIECE]]
    for line in lines:
        other = f"'{line.other}" if line.other.startswith(FORMULA) else line.other
        writer.writerow(
            (line.version, line.at.isoformat(), line.kind, plain(line.amount), plain(line.balance_after), other,
             line.posting_id, line.transfer_id)
        )  # fmt: skip
    return file.getvalue(), lines[-1].version if len(lines) == PIECE else None
