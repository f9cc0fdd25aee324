"""The root of every error a user may read. A message is one sentence that says what to do."""

from collections.abc import Mapping
from typing import Any

from kit.sentences import Sentence, Told


class MoniqoError(Exception):
    """Something the caller can act on. `code` is stable for programs, `status` is the HTTP status it maps to.

    Its text is the sentence as the reader of the current request wants it.
    """

    code = "error"
    status = 400
    # Seconds after which it is worth another try, where waiting helps.
    wait_seconds: int | None = None
    # What a program needs beside the sentence, by name; the description of the API lists each.
    facts: Mapping[str, Any] = {}

    def __init__(self, message: Told = "") -> None:
        super().__init__(message)
        self.sentence = message if isinstance(message, Sentence) else Sentence(message)

    def __str__(self) -> str:
        return str(self.sentence)


class NotFoundError(MoniqoError):
    """The row does not exist, or belongs to somebody else: the two are never told apart."""

    code = "not_found"
    status = 404


class ConflictError(MoniqoError):
    """The request contradicts the current state (already done, wrong status, key reused with another body)."""

    code = "conflict"
    status = 409


class InvalidInputError(MoniqoError):
    """A field is wrong. `fields` maps a field's name to its sentence."""

    code = "invalid_input"
    status = 422

    def __init__(self, message: Told, *, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


class TimeIsUpError(BaseException):
    """A task's soft time limit; see `kit.tasks`.

    Not an Exception, so that only who means it catches it: to clean up, and to raise it again.
    """
