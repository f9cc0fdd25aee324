"""Room for the frames of what is called deep down.

Python keeps the frames of a thread in pieces of 16 KB. Where a loop happens to stand at the end of one, each call in it
takes a new piece from the system and gives it back: a page of fifty rows took 64 ms of CPU so, and 38 without.
A function whose own frame says that it needs more than a piece gets a larger one, whose rest has room for all below it.
"""

from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

# In places of eight bytes: a piece of 256 KB then, most of which no frame touches.
_PLACES: Final = 20_000

Given = ParamSpec("Given")
Result = TypeVar("Result")


def roomy(call: Callable[Given, Result]) -> Callable[Given, Result]:
    """The same call, below which frames have room."""

    def called(*given: Given.args, **named: Given.kwargs) -> Result:
        return call(*given, **named)

    called.__code__ = called.__code__.replace(co_stacksize=_PLACES)
    return called
