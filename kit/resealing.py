"""Secrets sealed again: by migrations, what an earlier version sealed; every night, what an older key has sealed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import connections, models, transaction

from kit import sealing

BATCH: Final = 500


def reseal(
    rows: type[models.Model],
    *,
    owners: type[models.Model],
    using: str,
    column: str,
    place: Callable[[Any], Sequence[str]],
    note: Callable[[], dict[str, str]] = dict,
) -> int:
    """Seal `column` of every row again, owner by owner in batches of `BATCH`, each its own transaction.

    Row-level security binds the role that migrates too, so each owner's rows are read as theirs. `note` says which
    columns change with it. What no configured key opens stays as it is, and says so where it is used. Returns how many.
    """
    if not settings.CREDENTIAL_KEYS:  # then nothing was ever sealed
        return 0
    count = 0
    for owner_id in owners._base_manager.using(using).order_by("pk").values_list("pk", flat=True).iterator():
        last: Any = None
        while True:
            with transaction.atomic(using=using):
                with connections[using].cursor() as cursor:
                    cursor.execute("SELECT set_config('app.user_id', %s, true)", [str(owner_id)])
                found = rows._base_manager.using(using).order_by("pk").select_for_update()
                batch = list(found.filter(pk__gt=last)[:BATCH] if last is not None else found[:BATCH])
                for row in batch:
                    last = row.pk
                    sealed = bytes(getattr(row, column))
                    if sealing.is_newest(sealed):
                        continue
                    try:
                        value = sealing.unseal(sealed, place=place(row))
                    except sealing.SealError:
                        continue
                    changed = {column: sealing.seal(value, place=place(row)), **note()}
                    count += rows._base_manager.using(using).filter(pk=row.pk).update(**changed)
            if len(batch) < BATCH:
                break
    return count


@dataclass(frozen=True, slots=True)
class Kept:
    """Secrets that a floor above keeps. `rotate` seals those of older keys again with the first and says how many, and
    which no key opens; `count_old` says how many are left."""

    rotate: Callable[[], tuple[int, tuple[str, ...]]]
    count_old: Callable[[], int]


_kept: list[Kept] = []


def keep(kept: Kept) -> None:
    """Let these be sealed again with the others from now on."""
    _kept.append(kept)


def rotate_others() -> tuple[int, tuple[str, ...]]:
    """Seal again what the floors above keep."""
    done = [kept.rotate() for kept in _kept]
    return sum(count for count, _ in done), tuple(one for _, unreadable in done for one in unreadable)


def count_others() -> int:
    """How many of them are not sealed with the first key."""
    return sum(kept.count_old() for kept in _kept)
