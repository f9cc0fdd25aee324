"""What other code may call to change goals, under one name each.

* `drafts`, `life`: a goal is made, changed, begun, paused, cancelled;
* `updating`: what is new is counted, and what has ended ends;
* `acting`: what is to be done then.
"""

from goals.acting import carry_out, carry_out_next, due_goals
from goals.history import thin_out
from goals.life import activate, cancel, change, create, pause, resume
from goals.updating import due_owners, owners_of_series, update

__all__ = (
    "activate",
    "cancel",
    "carry_out",
    "carry_out_next",
    "change",
    "create",
    "due_goals",
    "due_owners",
    "owners_of_series",
    "pause",
    "resume",
    "thin_out",
    "update",
)
