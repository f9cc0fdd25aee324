"""How often Python looks for objects that nothing holds: where pages are answered, a look at all that is loaded costs
more than most of them, and where a thousand agents run, what they make stays until their rows are written."""

import gc
from typing import Final

# A page makes some ten thousand objects and lets all of them go by itself.
YOUNG: Final = 20_000
OLDER: Final = 20


def settle() -> None:
    """What is loaded by now stays, and is not looked at again; what comes is, after so many objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, OLDER, OLDER)
