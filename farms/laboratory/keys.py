"""Keys of requests that ask the laboratory: what a key has asked for is found by its id, which needs no column."""

import json
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

from django.db import connection

from farms.models import Question
from kit.decimals import plain
from kit.errors import ConflictError

Asked = TypeVar("Asked", bound=Question)
HALF: Final = 8  # bytes of an id: the first say whose key it is, the others what was asked with it


def asked_before(rows: type[Asked], owner_id: UUID, key: str, asked: dict[str, Any]) -> tuple[UUID, Asked | None]:
    """The id of what is asked for with the key, and the row where that was made already.

    Who asks with a key waits until nobody else of the owner does, up to the end of the transaction. Raises
    ConflictError where the key has asked for something else.
    """
    if not key:
        return uuid4(), None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"laboratory:{owner_id}"])
    whose = _half(f"{owner_id} {key}")
    pk = UUID(bytes=whose + _half(json.dumps(asked, sort_keys=True, default=_text)))
    of_key = (UUID(bytes=whose + bytes(HALF)), UUID(bytes=whose + b"\xff" * HALF))
    made = rows._default_manager.filter(owner_id=owner_id, pk__range=of_key).first()
    if made is not None and made.pk != pk:
        raise ConflictError("This key has asked for something else: use a new key for a new request.")
    return pk, made


def _half(text: str) -> bytes:
    return sha256(text.encode()).digest()[:HALF]


def _text(value: Any) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)
