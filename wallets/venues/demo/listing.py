"""Where the demo exchange lists perpetuals: at the venues whose prices paper accounts have."""

from kit import tenancy
from markets.services import list_perpetuals
from wallets.models import Connection


def list_where_wanted() -> int:
    """List what is missing at every venue of a paper account; returns how many are new. Safe to repeat."""
    with tenancy.system():
        wanted = Connection.objects.filter(is_paper=True, state=Connection.State.ACTIVE).order_by("venue")
        venues = list(wanted.values_list("venue", flat=True).distinct())
    return sum(list_perpetuals(venue=venue) for venue in venues)
