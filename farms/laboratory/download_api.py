"""Downloads of candles for programs. The same services as the page."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status

from farms.laboratory.download_schemas import DownloadIn, DownloadOut
from farms.laboratory.downloading import cancel_download as end_download
from farms.laboratory.downloading import download_row, downloads, request_download
from kit.api import Page, PageQuery, paginate
from kit.errors import NotFoundError
from kit.http import owner_of

router = Router()


@router.post("/downloads", response={202: DownloadOut}, summary="Fetch candles of a public exchange")
def create_download(request: HttpRequest, body: DownloadIn) -> Any:
    """409 while five of yours are not done. Ask `GET /downloads/{download_id}` how far it is."""
    return Status(202, download_row(request_download(owner_id=owner_of(request), **body.all_fields())))


@router.get("/downloads", response=Page[DownloadOut], summary="Your downloads, newest first")
def list_downloads(request: HttpRequest, query: Query[PageQuery]) -> Any:
    return paginate(downloads(owner_id=owner_of(request)), query, present=download_row)


@router.get("/downloads/{download_id}", response=DownloadOut, summary="How far it is, and what there is")
def get_download(request: HttpRequest, download_id: UUID) -> Any:
    found = downloads(owner_id=owner_of(request)).filter(pk=download_id).first()
    if found is None:
        raise NotFoundError("There is no such download.")
    return download_row(found)


@router.post("/downloads/{download_id}/cancel", response=DownloadOut, summary="End it before it is done")
def cancel_download(request: HttpRequest, download_id: UUID) -> Any:
    """What was stored stays. 409 when it has come to another end."""
    return download_row(end_download(owner_id=owner_of(request), download_id=download_id))
