"""Forked processes that cannot outlive the one that forked them."""

import ctypes
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_PR_SET_NAME: Final = 15

# Loaded before any fork: a child between fork and exec should not import anything.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent: int, death_signal: signal.Signals = signal.SIGTERM) -> None:
    """In a process that `parent` has just forked: get `death_signal` when it ends, where the system has that."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
    if os.getppid() != parent:  # it died between fork and prctl
        os._exit(1)


def call_process(name: str) -> None:
    """Let `ps` and `top` call this process so, where the system has that: of 15 bytes at most."""
    if _libc is not None:
        _libc.prctl(_PR_SET_NAME, name.encode())


def in_words(code: int) -> str:
    """How a process ended, from the exit code that Python gives: negative for the signal that ended it."""
    if code == -signal.SIGKILL:
        return "was killed (SIGKILL: by somebody, or by the system for want of memory)"
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"
