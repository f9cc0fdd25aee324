"""What forms share: where the sentence of a refusal is shown."""

from collections.abc import Mapping

from django.forms import BaseForm

from kit.errors import InvalidInputError, MoniqoError


def explain(
    form: BaseForm, error: MoniqoError, *, otherwise: str | None = None, renamed: Mapping[str, str] | None = None
) -> None:
    """Put the error's sentence at each of the form's fields that it names, else at `otherwise` (None: above the form).

    `renamed` gives the form's names of fields that the service calls by another.
    """
    named = error.fields if isinstance(error, InvalidInputError) else {}
    shown = [(renamed or {}).get(name, name) for name in named]
    known: list[str | None] = [name for name in shown if name in form.fields]
    for name in known or [otherwise]:
        form.add_error(name, str(error))
