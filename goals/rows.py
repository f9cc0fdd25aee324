"""The rows of the wizard's lists: actions, their shares, comparisons; numbered fields such as `actions-0-do`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import QueryDict

from goals.actions import MOST_SHARES
from goals.forms import ActionForm, Choices, ShareForm
from goals.reach import Reach
from kit.formatting import percent

# The field that every row of a list has.
MARKERS: Final = {"actions": "do", "on_miss": "do", "conditions": "metric", "shares": "to"}


def count(raw: QueryDict, place: str) -> int:
    """How many rows the list has; `place` is its name, for shares that of their action before it."""
    marker, number = MARKERS[place.rpartition("-")[2]], 0
    while f"{place}-{number}-{marker}" in raw:
        number += 1
    return number


def append(raw: QueryDict, place: str, most: int, **values: str) -> int | None:
    """Add a row; its number, or None where there are as many as there may be."""
    number = count(raw, place)
    if number >= most:
        return None
    for name, value in values.items():
        raw[f"{place}-{number}-{name}"] = value
    return number


def rearrange(raw: QueryDict, place: str, number: int, *, is_up: bool) -> None:
    """Take a row out, or put it before the one above it."""
    if place.rpartition("-")[2] not in MARKERS:
        return
    order = list(range(count(raw, place)))
    if number not in order:
        return
    if is_up:
        order.insert(max(number - 1, 0), order.pop(number))
    else:
        order.remove(number)
    old = {name: values for name, values in raw.lists() if name.startswith(f"{place}-")}
    for name in old:
        del raw[name]
    for new, before in enumerate(order):
        start = f"{place}-{before}-"
        for name, values in old.items():
            if name.startswith(start):
                raw.setlist(f"{place}-{new}-{name.removeprefix(start)}", values)


def offered(owner_id: UUID, raw: QueryDict, place: str, places: Choices, workers: Choices) -> dict[str, Any]:
    """What a collection may choose among with the scope that was chosen: where the money may go, who gives it, and the
    assets that it is kept in."""
    reach = Reach(owner_id, raw.getlist("wallets") if raw["who"] == "some" else [None])
    gives = reach.sources(raw.getlist(f"{place}-only"))
    up = {str(one.pk) for one in reach.places(gives)}
    covered = {pk for pk, one in reach.family.items() if reach.covers(one)}
    return {
        "places": [one for one in places if one[0] in up],
        "sources": [one for one in workers if one[0] in covered],
        "assets": reach.assets(gives),
    }


@dataclass
class Row:
    """An action with its options; `shares` of what is distributed."""

    place: str
    number: int
    form: ActionForm
    title: str
    shares: list[ShareForm] = field(default_factory=list)

    @property
    def can_grow(self) -> bool:
        return len(self.shares) < MOST_SHARES

    @property
    def all_forms(self) -> list[forms.Form]:
        return [self.form, *self.shares]

    def is_valid(self) -> bool:
        if not are_valid(self.all_forms):
            return False
        if self.shares and (total := sum((one.cleaned_data["share"] for one in self.shares), Decimal(0))) != 1:
            self.form.add_error(None, f"The shares add up to {percent(total)}: make them {percent(Decimal(1), 0)}.")
            return False
        return True

    def told(self) -> dict[str, Any]:
        if not self.shares:
            return self.form.told()
        shares = [{"to": one.cleaned_data["to"], "share": f"{one.cleaned_data['share']:f}"} for one in self.shares]
        return {"do": "distribute", "shares": shares}


def are_valid(parts: Sequence[forms.Form] | Sequence[Row]) -> bool:
    """Whether all are; each is looked at, so that every error is shown at once."""
    return sum(not one.is_valid() for one in parts) == 0
