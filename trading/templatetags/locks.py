"""What protections hold back, for the pages of a wallet, a farm and an agent: each says it in the same words."""

from typing import Any
from uuid import UUID

from django import template
from django.template import Context

from kit.http import owner_of
from trading.selectors.locks import held_back as held

register = template.Library()


@register.inclusion_tag("trading/held_back.html", takes_context=True)
def held_back(context: Context, wallet_id: UUID) -> dict[str, Any]:
    """Notices of what is held on the wallet's path, in it, and below it; nothing where nothing is."""
    return {"locks": held(owner_id=owner_of(context["request"]), wallet_id=wallet_id)}
