"""The owner's own audit log."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from kit.audit.models import AuditEntry
from kit.audit.selectors import audit_log
from kit.http import owner_of
from kit.sorting import understood


@login_required
@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """Who did what in this account, newest first; one area by `?area=`."""
    area = request.GET.get("area", "")
    sort = understood(request.GET.get("sort", ""), ("when",)) or "-when"
    context = {
        "page": audit_log(
            owner_id=owner_of(request), area=area, page=request.GET.get("page", ""), is_oldest_first=sort == "when"
        ),
        "sort": sort,
        "areas": [("", "All"), *AuditEntry.Area.choices],
        "area": area,
        "kept_days": settings.AUDIT_DAYS,
    }
    return render(request, "audit/log.html", context)
