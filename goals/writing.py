"""A goal as the fields of the wizard's forms: every figure and moment written as its reader writes them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.http import QueryDict

from goals.drafts import FUND
from goals.forms import CUSTOM, MOMENT
from goals.targets import MEASURES, METRICS
from kit import days
from kit.formatting import written

HUNDRED: Final = Decimal(100)


def flattened(told: Mapping[str, Any]) -> QueryDict:
    """What the forms begin with, from a goal as `drafts.told` tells it; what is left out stays empty."""
    raw = QueryDict(mutable=True)
    raw["name"] = told.get("name", "")
    if kind := told.get("kind"):
        _write_target(raw, str(kind), told["target"])
    for name in ("starts_at", "ends_at"):
        if moment := told.get(name):
            raw[name] = _moment(moment)
    if rule := told.get("accepts_changes"):
        raw["adjust_by"], raw["adjust_days"] = _percent(rule["by"]), str(rule["every_days"])
    scope = told.get("scope", FUND)
    raw["who"] = FUND if scope == FUND else "some"
    raw.setlist("wallets", [] if scope == FUND else [str(one) for one in scope])
    for place in ("actions", "on_miss"):
        for number, action in enumerate(told.get(place) or ()):
            _write_action(raw, f"{place}-{number}", action)
    return raw


def _write_target(raw: QueryDict, kind: str, target: Mapping[str, Any]) -> None:
    raw["what"] = CUSTOM if kind == CUSTOM else f"{kind}.{target['measure']}"
    raw["match"] = target.get("match", "all")
    if kind in MEASURES and target.get("value"):
        raw["value"] = _figure(MEASURES[kind][target["measure"]][0], target["value"])
    for number, one in enumerate(target.get("conditions", ())):
        raw[f"conditions-{number}-metric"], raw[f"conditions-{number}-operator"] = one["metric"], one["operator"]
        raw[f"conditions-{number}-value"] = _figure(one["metric"], one["value"])
    for name in ("minimum_trades", "minimum_days"):
        if target.get(name):
            raw[name] = str(target[name])


def _write_action(raw: QueryDict, place: str, action: Mapping[str, Any]) -> None:
    raw[f"{place}-do"] = action["do"]
    match action["do"]:
        case "collect":
            is_fixed = action["amount"] not in ("profit", "all")
            raw[f"{place}-amount"] = "fixed" if is_fixed else action["amount"]
            raw[f"{place}-fixed"] = written(Decimal(action["amount"])) if is_fixed else ""
            raw[f"{place}-asset"] = action.get("asset", "")
            raw[f"{place}-to"] = action["to"]
            raw.setlist(f"{place}-only", list(action.get("from", ())))
        case "distribute":
            for number, one in enumerate(action["shares"]):
                raw[f"{place}-shares-{number}-to"] = one["to"]
                raw[f"{place}-shares-{number}-share"] = _percent(one["share"])
        case "renew":
            raw[f"{place}-rule"], raw[f"{place}-value"] = action["rule"], _percent(action.get("value", ""))
        case "adjust":
            raw[f"{place}-value"] = _percent(action["value"])
        case "extend":
            raw[f"{place}-days"], raw[f"{place}-times"] = str(action["days"]), str(action["times"])


def _figure(metric: str, value: str) -> str:
    return _percent(value) if METRICS[metric].unit == "share" else written(Decimal(value))


def _percent(fraction: str) -> str:
    return written(Decimal(fraction) * HUNDRED) if fraction else ""


def _moment(value: datetime) -> str:
    return f"{value.astimezone(days.zone()):{MOMENT}}"
