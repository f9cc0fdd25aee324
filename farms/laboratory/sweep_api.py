"""Sweeps for programs. The same services as the pages."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status

from farms.laboratory.asking import Wish
from farms.laboratory.readings import Found
from farms.laboratory.schemas import BacktestIn, BacktestOut
from farms.laboratory.sweep_asking import SweepWish, backtest_trial, request_sweep
from farms.laboratory.sweep_readings import FoundSweep, sweep_rows, sweeps
from farms.laboratory.sweep_schemas import SweepDetailOut, SweepIn, SweepOut, TrialOut
from farms.laboratory.sweeping import cancel_sweep as end_sweep
from kit.api import OptionalKey, Page, PageQuery, paginate, paginate_places
from kit.http import owner_of

router = Router()


@router.post("/sweeps", response={202: SweepOut}, summary="Ask for a sweep; workers share its trials")
def create_sweep(request: HttpRequest, body: SweepIn, key: OptionalKey = None) -> Any:
    """409 while five of yours are not done. Ask `GET /sweeps/{sweep_id}` how far it is."""
    given = body.all_fields()
    wish = Wish(**{name: given.pop(name) for name in BacktestIn.model_fields})
    made = request_sweep(owner_id=owner_of(request), asked=SweepWish(wish=wish, **given), key=key or "")
    return Status(202, FoundSweep(owner_id=owner_of(request), sweep_id=made.pk).row)


@router.get("/sweeps", response=Page[SweepOut], summary="Your sweeps, newest first")
def list_sweeps(request: HttpRequest, query: Query[PageQuery]) -> Any:
    page = paginate(sweeps(owner_id=owner_of(request)), query)
    return page | {"items": sweep_rows(page["items"])}


@router.get("/sweeps/{sweep_id}", response=SweepDetailOut, summary="How far it is, and what came of it")
def get_sweep(request: HttpRequest, sweep_id: UUID) -> Any:
    found = FoundSweep(owner_id=owner_of(request), sweep_id=sweep_id)
    row = {name: getattr(found.row, name) for name in SweepOut.model_fields}
    return row | {"result": _result(found)}


@router.post("/sweeps/{sweep_id}/cancel", response=SweepOut, summary="End it before it is done")
def cancel_sweep(request: HttpRequest, sweep_id: UUID) -> Any:
    """What was tried of it stays counted. 409 when it has come to another end."""
    end_sweep(owner_id=owner_of(request), sweep_id=sweep_id)
    return FoundSweep(owner_id=owner_of(request), sweep_id=sweep_id).row


@router.get("/sweeps/{sweep_id}/trials", response=Page[TrialOut], summary="Every trial, the last first")
def list_sweep_trials(request: HttpRequest, sweep_id: UUID, query: Query[PageQuery]) -> Any:
    """None until the last of them is done."""
    found = FoundSweep(owner_id=owner_of(request), sweep_id=sweep_id)
    return paginate_places(found.count, query, present=found.trial_rows)


@router.post(
    "/sweeps/{sweep_id}/trials/{number}/backtest", response={202: BacktestOut}, summary="Ask for a trial's backtest"
)
def backtest_sweep_trial(request: HttpRequest, sweep_id: UUID, number: int, key: OptionalKey = None) -> Any:
    """The same rules, candles and assumptions, with everything that a backtest shows. 409 while twenty are not done."""
    made = backtest_trial(owner_id=owner_of(request), sweep_id=sweep_id, trial=number - 1, key=key or "")
    return Status(202, Found(owner_id=owner_of(request), backtest_id=made.pk).row)


def _result(found: FoundSweep) -> dict[str, Any] | None:
    result = found.result
    if result is None:
        return None
    plateaus = found.plateau_rows()
    (best,) = found.trial_rows([result.best + 1])
    return {
        "best": best,
        "chosen": plateaus[0],
        "plateaus": plateaus,
        "answers": found.answers,
        **{
            name: getattr(result, name)
            for name in ("fragility", "overfitting", "bars", "is_significant", "known_trials", "deflated_sharpe")
        },
    }
