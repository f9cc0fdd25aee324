"""The steps to a goal: what was entered so far travels with the form, so that going back loses nothing.

Nothing is kept on the server: the fields of the step that is shown are fields, those of all others are hidden ones, and
every button sends all of them. Works without JavaScript.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

from django import forms
from django.http import QueryDict

from goals import drafts, rows, services
from goals.actions import MOST_ACTIONS, MOST_SHARES
from goals.drafts import FUND, currency_of
from goals.forms import (
    CUSTOM,
    FORMS,
    MOMENT,
    TITLES,
    ActionForm,
    ConditionForm,
    KindForm,
    ScopeForm,
    ShareForm,
    TargetForm,
    places_of,
)
from goals.models import Goal
from goals.pages import Review, review
from goals.rows import Row, are_valid
from goals.steps import ACHIEVED, FIELDS, MISSED, ORDER, PLACES, REVIEW, STEPS
from goals.targets import MOST_CONDITIONS
from goals.writing import flattened
from kit import days
from kit.errors import InvalidInputError, MoniqoError
from kit.limits import KEY_LENGTH

_FormOf = TypeVar("_FormOf", bound=forms.Form)


class Wizard:
    """One look at the steps: what was entered, which step is shown, and what is wrong with it."""

    def __init__(self, owner_id: UUID, raw: QueryDict, step: str, goal: Goal | None) -> None:
        self.owner_id, self.raw, self.step, self.goal = owner_id, raw, step, goal
        self.checked: set[str] = set()
        self.errors: dict[str, list[str]] = {}
        self.review: Review | None = None
        self.is_refused = False
        for name, usual in (("match", "all"), ("who", FUND)):
            raw.setdefault(name, usual)

    @classmethod
    def sent(cls, owner_id: UUID, data: QueryDict, goal: Goal | None = None) -> "Wizard":
        """What a step's form has sent."""
        raw = data.copy()
        step = str(raw.get("step", ""))
        for name in ("csrfmiddlewaretoken", "step", "go"):
            raw.pop(name, None)
        return cls(owner_id, raw, step if step in STEPS else ORDER[0], goal)

    @classmethod
    def begun(cls, owner_id: UUID, told: Mapping[str, Any], goal: Goal | None = None) -> "Wizard":
        """The first step, with a goal as it is told (`drafts.told`)."""
        raw = flattened(told)
        if goal is None:
            raw["key"] = uuid4().hex  # who presses the last button twice makes one goal
        return cls(owner_id, raw, ORDER[0], goal)

    # --- what is shown ------------------------------------------------------------------------------------------

    @property
    def steps(self) -> list[tuple[str, str, bool]]:
        """Name, title and whether it lies before the one that is shown."""
        now = ORDER.index(self.step)
        return [(name, title, place < now) for place, (name, title) in enumerate(STEPS.items())]

    @property
    def title(self) -> str:
        return f"Edit {self.goal.name}" if self.goal else "New goal"

    @property
    def number(self) -> int:
        return ORDER.index(self.step) + 1

    @property
    def step_title(self) -> str:
        return STEPS[self.step]

    @property
    def offers_templates(self) -> bool:
        return self.goal is None and self.step == ORDER[0] and not self.is_refused

    @property
    def is_draft(self) -> bool:
        return self.goal is None or self.goal.status == Goal.Status.DRAFT

    @property
    def hidden(self) -> Iterator[tuple[str, str]]:
        """What the other steps have entered."""
        shown = {one.add_prefix(name) for one in self.forms_of(self.step) for name in one.fields}
        return ((name, value) for name, values in self.raw.lists() if name not in shown for value in map(str, values))

    @property
    def what(self) -> str:
        return str(self.raw.get("what", ""))

    @cached_property
    def base(self) -> str:
        return self.goal.base if self.goal else currency_of(self.owner_id)

    @cached_property
    def wallets(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        return places_of(self.owner_id)

    @cached_property
    def kind(self) -> KindForm:
        return self._form(KindForm, "kind")

    @cached_property
    def target(self) -> TargetForm:
        return self._form(TargetForm, "target", what=self.what, base=self.base)

    @cached_property
    def conditions(self) -> list[ConditionForm]:
        if self.what != CUSTOM:
            return []
        count = max(rows.count(self.raw, "conditions"), 1)
        return [self._form(ConditionForm, "target", prefix=f"conditions-{number}") for number in range(count)]

    @cached_property
    def scope(self) -> ScopeForm:
        return self._form(ScopeForm, "scope", places=self.wallets[1])

    @cached_property
    def actions(self) -> list[Row]:
        return self._rows("actions", ACHIEVED)

    @cached_property
    def on_miss(self) -> list[Row]:
        return self._rows("on_miss", MISSED)

    @property
    def lists(self) -> list[tuple[str, str, str, list[Row], list[tuple[str, str]]]]:
        """The two lists of actions: name, title, what it says while it is empty, rows, and what may be added."""
        return [
            ("actions", "Once it is reached", "Nothing: you are told, and everything goes on.", self.actions,
             [(do, TITLES[do]) for do in ACHIEVED]),
            ("on_miss", "If the deadline passes first", "Nothing: you are told, and everything goes on.", self.on_miss,
             [(do, TITLES[do]) for do in MISSED]),
        ]  # fmt: skip

    @property
    def can_compare_more(self) -> bool:
        return len(self.conditions) < MOST_CONDITIONS

    def forms_of(self, step: str) -> list[forms.Form]:
        match step:
            case "kind":
                return [self.kind]
            case "target":
                return [self.target, *self.conditions]
            case "scope":
                return [self.scope]
            case "actions":
                return [one for row in (*self.actions, *self.on_miss) for one in row.all_forms]
            case _:
                return []

    # --- what its buttons do ------------------------------------------------------------------------------------

    def go(self, button: str) -> Goal | None:
        """Do what the button says; the goal once it is made or saved."""
        does, *rest = button.split("-")
        match does, rest:
            case "back", []:
                self.step = ORDER[max(ORDER.index(self.step) - 1, 0)]
            case "to", [step] if step in STEPS:
                self._go_to(step)
            case "add", ["actions" | "on_miss" as place, do] if do in (ACHIEVED if place == "actions" else MISSED):
                self._add(place, do)
            case "add", [place]:
                self._add(place)
            case "add", ["shares", "actions", number] if number.isdigit():
                self._append(f"actions-{number}-shares", MOST_SHARES, to="master", share="")
            case (("drop" | "up"), [*path, number]) if path and number.isdigit():
                rows.rearrange(self.raw, "-".join(path), int(number), is_up=does == "up")
                self._forget("target", "actions")
            case (("create" | "draft" | "save"), []):
                return self._make(is_draft=does == "draft")
            case _:
                self._go_to(ORDER[min(ORDER.index(self.step) + 1, len(ORDER) - 1)])
        if self.step == REVIEW:
            self._look()
        return None

    def _add(self, place: str, do: str = "") -> None:
        if place == "conditions":
            if not rows.count(self.raw, place):
                self._append(place, MOST_CONDITIONS, metric="trades", operator=">=", value="")
            self._append(place, MOST_CONDITIONS, metric="profit", operator=">=", value="")
        elif do:
            number = self._append(place, MOST_ACTIONS, do=do)
            if number is None:
                return
            if do == "distribute":
                self._append(f"{place}-{number}-shares", MOST_SHARES, to="agents", share="100")
            if number and self.raw[f"{place}-{number - 1}-do"] == "renew":
                rows.rearrange(self.raw, place, number, is_up=True)  # beginning again comes last

    def _go_to(self, step: str) -> None:
        """To the step, or on the way to it the first that has something wrong."""
        before = ORDER[: ORDER.index(step)] if ORDER.index(step) > ORDER.index(self.step) else ()
        self.is_refused = not all(self._is_valid(one) for one in before)
        if not self.is_refused:
            self.step = step

    def _make(self, *, is_draft: bool) -> Goal | None:
        self._check_all()
        if self.is_refused:
            return None
        try:
            if self.goal is not None:
                return services.change(owner_id=self.owner_id, goal_id=self.goal.pk, **self.told(REVIEW))
            key = str(self.raw.get("key", ""))[:KEY_LENGTH]
            return services.create(owner_id=self.owner_id, is_draft=is_draft, key=key, **self.told(REVIEW))
        except MoniqoError as error:
            self._explain(error)
        return None

    def _check_all(self) -> None:
        self.step = ORDER[0]
        self._go_to(REVIEW)

    def _look(self) -> None:
        """What it would be and move if it began now; back to the step where it cannot."""
        if len(self.checked) < len(ORDER) - 1:
            self._check_all()
        if self.is_refused:
            return
        try:
            self.review = review(owner_id=self.owner_id, told=self.told(REVIEW), goal=self.goal)
        except MoniqoError as error:
            self._explain(error)

    # --- what is right and wrong --------------------------------------------------------------------------------

    def _is_valid(self, step: str) -> bool:
        self.checked.add(step)
        self._forget(step)
        if not are_valid([*self.actions, *self.on_miss] if step == "actions" else self.forms_of(step)):
            self.step = step
            return False
        try:
            # What is worth so much already is found at the review, when the scope is known.
            drafts.check(owner_id=self.owner_id, is_running=True, **self.told(step))
        except InvalidInputError as error:
            if self._explain(error, up_to=step):
                return False
        return True

    def told(self, up_to: str) -> dict[str, Any]:
        """The goal as `drafts.check` takes it, from the steps up to this one, whose forms are valid."""
        kind, _, measure = self.kind.cleaned_data["what"].partition(".")
        told: dict[str, Any] = {"name": self.kind.cleaned_data["name"], "kind": kind, "scope": FUND}
        told |= {
            "target": {"measure": measure, "value": "0.5" if kind == "strategy_performance" else "1"}
            if measure
            else {"conditions": []}
        }
        if ORDER.index(up_to) >= ORDER.index("target"):
            told |= self._told_target(measure)
        elif not measure:
            told["target"] = {"conditions": [{"metric": "trades", "operator": ">=", "value": "1"}]}
        if up_to == ORDER[0] and kind == Goal.Kind.EQUITY:  # its deadline is asked for next
            told |= {"kind": Goal.Kind.PROFIT_TARGET.value, "target": {"value": "1"}}
        if ORDER.index(up_to) >= ORDER.index("scope") and self.scope.cleaned_data["who"] == "some":
            told["scope"] = self.scope.cleaned_data["wallets"]
        if ORDER.index(up_to) >= ORDER.index("actions"):
            told |= {"actions": [row.told() for row in self.actions], "on_miss": [row.told() for row in self.on_miss]}
        return told

    def _told_target(self, measure: str) -> dict[str, Any]:
        given = self.target.cleaned_data
        target: dict[str, Any] = {
            name: given[name] for name in ("minimum_trades", "minimum_days") if given.get(name) is not None
        }
        if measure:
            target |= {"measure": measure, "value": f"{given['value']:f}"}
        else:
            target |= {"match": given["match"], "conditions": [one.told for one in self.conditions]}
        by = given["adjust_by"]
        rule = {"by": f"{by:f}", "every_days": given["adjust_days"] or 7} if by else None
        starts_at = self._moment("starts_at") or (self.goal.starts_at if self.goal else None)
        return {
            "target": target,
            "accepts_changes": rule,
            "starts_at": starts_at,
            "ends_at": self._moment("ends_at"),
        }

    def _moment(self, name: str) -> datetime | None:
        """To the minute, as it was written; what was not touched keeps its seconds."""
        given: datetime | None = self.target.cleaned_data[name]
        old: datetime | None = getattr(self.goal, name) if self.goal else None
        untouched = (
            old and self.raw.get(name, "")[: len("2026-12-31T18:00")] == f"{old.astimezone(days.zone()):{MOMENT}}"
        )
        return old if untouched else given

    def _explain(self, error: MoniqoError, *, up_to: str = REVIEW) -> bool:
        """Put what is wrong beside its field and show that step; False where it lies behind `up_to`."""
        named = list(error.fields) if isinstance(error, InvalidInputError) else []
        for name in named or [""]:
            step, form, at = self._place(name)
            if ORDER.index(step) > ORDER.index(up_to):
                return False
            self.step, self.is_refused = step, True
            self.checked.add(step)
            if form is None:
                self.errors.setdefault(at or "step", []).append(str(error))
            else:
                form.is_valid()
                form.add_error(at if at in form.fields else None, str(error))
        return True

    def _place(self, name: str) -> tuple[str, forms.Form | None, str]:
        """Step, form and field of what `drafts.check` names; without a form the list or the step it is about."""
        if name in PLACES:
            step, at = PLACES[name]
            return step, self.forms_of(step)[0], at
        head, *rest = name.split(".")
        if head == "target":
            if len(rest) > 1 and rest[1].isdigit() and int(rest[1]) < len(self.conditions):
                return "target", self.conditions[int(rest[1])], rest[-1]
            return "target", self.target, rest[0] if rest else "value"
        if head in ("actions", "on_miss"):
            listed = self.actions if head == "actions" else self.on_miss
            if not rest or int(rest[0]) >= len(listed):
                return "actions", None, head
            row = listed[int(rest[0])]
            if len(rest) > 2 and rest[2].isdigit() and int(rest[2]) < len(row.shares):
                return "actions", row.shares[int(rest[2])], rest[-1]
            return "actions", row.form, FIELDS.get(rest[1], rest[1]) if len(rest) > 1 else ""
        return self.step if self.step != REVIEW else "actions", None, "step"

    # --- what was entered ---------------------------------------------------------------------------------------

    def _form(self, kind: type[_FormOf], step: str, *, prefix: str | None = None, **options: Any) -> _FormOf:
        """The form of a step: with its errors once it was checked, before that with what was entered alone."""
        if step in self.checked:
            return kind(self.raw, prefix=prefix, **options)
        form = kind(None, prefix=prefix, **options)
        for name, one in form.fields.items():
            if (key := form.add_prefix(name)) in self.raw:
                many = isinstance(one, forms.MultipleChoiceField)
                form.initial[name] = self.raw.getlist(key) if many else self.raw.get(key)
        return form

    def _rows(self, name: str, known: tuple[str, ...]) -> list[Row]:
        found = []
        for number in range(min(rows.count(self.raw, name), MOST_ACTIONS)):
            place = f"{name}-{number}"
            do = str(self.raw[f"{place}-do"])
            if do not in known:
                continue
            kind = FORMS.get(do, ActionForm)
            offered = rows.offered(self.owner_id, self.raw, place, *self.wallets) if do == "collect" else {}
            form = self._form(kind, "actions", prefix=place, **offered)
            row = Row(name, number, form, TITLES[do])
            if do == "distribute":
                count = max(min(rows.count(self.raw, f"{place}-shares"), MOST_SHARES), 1)
                row.shares = [
                    self._form(ShareForm, "actions", prefix=f"{place}-shares-{one}", places=self.wallets[0])
                    for one in range(count)
                ]
            found.append(row)
        return found

    def _append(self, place: str, most: int, **values: str) -> int | None:
        self._forget("target", "actions")
        return rows.append(self.raw, place, most, **values)

    def _forget(self, *steps: str) -> None:
        """Build the forms of these steps anew when they are asked for."""
        for name in (name for step in steps for name in _FORMS[step]):
            self.__dict__.pop(name, None)


_FORMS: Final[Mapping[str, tuple[str, ...]]] = {
    "kind": ("kind",),
    "target": ("target", "conditions"),
    "scope": ("scope",),
    "actions": ("actions", "on_miss"),
}
