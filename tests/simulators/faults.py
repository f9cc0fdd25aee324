"""What goes wrong on the way, on demand."""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["lost_before", "lost_after", "cut_after", "answer", "truncated"]


@dataclass
class Fault:
    """The next `times` requests whose path contains `path` (and have the method) meet it.

    `lost_before`: nothing is carried out and no answer comes. `lost_after`: it is carried out, and no answer comes in
    time. `cut_after`: it is carried out, and the line is cut. `answer`: not carried out; `status`, `headers` and `body`
    are the answer. `truncated`: it is carried out, and half of the answer arrives.
    """

    path: str
    kind: Kind
    times: int = 1
    method: str = ""
    status: int = 503
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
