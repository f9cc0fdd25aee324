"""What venues are called: by the name of their platform, which the operator gave it; programs are told the key."""

from django.db.models import CharField, F, Func


def venue_name(column: str = "venue") -> Func:
    """The name of the venue whose key stands in `column`, for `annotate`."""
    return Func(F(column), function="venue_name", output_field=CharField())
