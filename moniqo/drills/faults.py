"""The faults, and when an instance has come back from one."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import psutil

from kit import heartbeat
from kit.drilling import Row
from moniqo.drills import accounts
from moniqo.drills.instance import DrillError, Instance
from moniqo.drills.traffic import Heard, Trader

PATIENCE_SECONDS: Final = 180.0
_SETTLE_SECONDS: Final = 90.0
_BEFORE_SECONDS: Final = 2.0
_FULL_SECONDS: Final = 45.0
_POLL_SECONDS: Final = 0.2
_BLOCK: Final = 1024 * 1024
ALL: Final = heartbeat.PARTS
WORKERS: Final = tuple(part for part in heartbeat.PARTS if part != "beat")
QUEUES: Final = tuple(part for part in WORKERS if part != "streams")


@dataclass(frozen=True)
class Fault:
    """Something that is done to an instance; `strike` returns the processes that were hit.

    `parts` are those whose signs of life end with it, and have to come again.
    """

    name: str
    strike: Callable[[Instance], list[psutil.Process]]
    parts: tuple[str, ...] = ()


def _killed(part: str, *parts: str) -> Fault:
    return Fault(f"{part} killed", lambda instance: instance.kill(part), parts)


def _hung(part: str, *parts: str) -> Fault:
    return Fault(f"{part} hangs", lambda instance: instance.hang(part), parts)


def _end_all(instance: Instance) -> list[psutil.Process]:
    """Kill the supervisor, which takes everything along, and start it again as whoever runs it does."""
    hit = instance.kill("supervisor")
    for process in hit:
        with suppress(psutil.Error):
            process.wait(30)
    instance.start()
    return []


def _fill_the_disk(instance: Instance) -> list[psutil.Process]:
    """Leave no byte on the disk of the data folder for a while."""
    filler = instance.directory / "filler"
    try:
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            for block in (bytes(_BLOCK), bytes(1024)):
                with suppress(OSError):
                    while True:
                        file.write(block)
        time.sleep(_FULL_SECONDS)
    finally:
        filler.unlink()
    return []


FAULTS: Final = (
    _killed("web"),
    _killed("orders", "orders"),
    _killed("worker", *WORKERS),
    _killed("beat", "beat"),
    _killed("redis", *ALL),
    _killed("postgres", *QUEUES),
    Fault("supervisor killed and started again", _end_all, ALL),
    _hung("web"),
    _hung("orders", "orders"),
    _hung("worker", *WORKERS),
    _hung("beat", "beat"),
    _hung("redis", *ALL),
    _hung("postgres", *QUEUES),
)
# Fills the disk that its data folder lies on: only on one of its own (`moniqo.drills.disk`).
FULL_DISK: Final = Fault("disk full", _fill_the_disk, ALL)


def drill(instance: Instance, trader: Trader, fault: Fault) -> Row:
    """Strike while orders are placed, wait until everything is as before, and count."""
    trader.go()
    time.sleep(_BEFORE_SECONDS)
    began = time.monotonic()
    seconds: float | None = None
    hit: list[psutil.Process] = []
    try:
        hit = fault.strike(instance)
        seconds = _come_back(instance, trader.heard, fault, hit, began)
    finally:
        if seconds is None:
            _help(hit)
        heard = trader.rest()
    if seconds is None:
        instance.stop()
        instance.start()
    _settle(instance, heard)
    keys = heard.accepted
    return Row(
        fault=fault.name,
        seconds=None if seconds is None else round(seconds, 1),
        orders=len(keys),
        expired=accounts.expired(instance, keys),
        lost=accounts.lost(instance, keys),
        doubled=accounts.doubled(instance, heard.sent),
        slowest=round(heard.slowest, 1),
        broken=heard.broken,
    )


def _come_back(instance: Instance, heard: Heard, fault: Fault, hit: list[psutil.Process], began: float) -> float | None:
    """Seconds until what was hit is gone, all parts live and are ready, and an order placed since is filled."""
    struck_at = time.time() - (time.monotonic() - began)
    deadline = began + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        since = [key for key, sent in heard.sent.items() if sent > began and key in heard.accepted]
        if (
            not any(map(_is_there, hit))
            and since
            and accounts.filled(instance, since)
            and all(instance.lived(part, struck_at) for part in fault.parts)
            and instance.is_ready()
        ):
            return time.monotonic() - began
        time.sleep(_POLL_SECONDS)
    return None


def _is_there(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _help(hit: list[psutil.Process]) -> None:
    """What nobody started again is let go on, so that the next fault finds an instance."""
    for process in hit:
        with suppress(psutil.Error):
            process.resume()


def _settle(instance: Instance, heard: Heard) -> None:
    """Give orders the time that the sweeper needs; what is not there then counts as lost."""
    with suppress(DrillError):
        instance.wait(lambda: accounts.lost(instance, heard.accepted) == 0, _SETTLE_SECONDS, "all orders end")
