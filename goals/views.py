"""The pages of goals: the board, and one goal."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from goals import selectors
from kit.http import missing_is_404, owner_of


@login_required
def board(request: HttpRequest) -> HttpResponse:
    """All goals, worst first."""
    return render(request, "goals/board.html", {"rows": selectors.goal_rows(owner_id=owner_of(request))})


@login_required
def goal(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One goal."""
    with missing_is_404():
        row = selectors.goal_row(owner_id=owner_of(request), goal_id=pk)
    return render(request, "goals/goal.html", {"row": row})
