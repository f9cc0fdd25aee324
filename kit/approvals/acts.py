"""What can be asked for. The ground knows none of it: whoever can do something registers how."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kit.errors import NotFoundError
from kit.sentences import Sentence
from kit.users.models import Token

Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Looked:
    """What an act would come to now, in words."""

    title: Sentence
    lines: Sequence[Sentence] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """`look` says what it would come to, `carry_out` does it under a key of its own and says what came of it; both
    raise MoniqoError where it cannot be. `scope` is what a token needs to do it without asking, and to say yes to it;
    None where no token may, whatever its scopes."""

    kind: str
    label: str
    verb: str
    look: Callable[[UUID, Given], Looked]
    carry_out: Callable[[UUID, Given, str], dict[str, Any]]
    scope: Token.Scope | None

    @property
    def needs_owner(self) -> bool:
        return self.scope is None


_registered: dict[str, Act] = {}


def register(*acts: Act) -> None:
    """Let these be asked for from now on."""
    _registered.update({act.kind: act for act in acts})


def act_of(kind: str) -> Act:
    """The act. Raises NotFoundError for one that nobody can do any more."""
    if kind not in _registered:
        raise NotFoundError("Nobody here can do that.")
    return _registered[kind]


def label_of(kind: str) -> str:
    return _registered[kind].label if kind in _registered else kind
