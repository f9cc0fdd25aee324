"""The form that opens a paper account."""

from collections.abc import Sequence

from django import forms
from django.http import QueryDict


class PaperAccountForm(forms.Form):
    """A new account at the paper exchange."""

    name = forms.CharField(label="Name", max_length=80)
    venue = forms.ChoiceField(label="Prices")

    def __init__(self, given: QueryDict | None, *, venues: Sequence[tuple[str, str]]) -> None:
        super().__init__(given, initial={"name": "Paper account"}, label_suffix="")
        choices = self.fields["venue"]
        assert isinstance(choices, forms.ChoiceField)  # noqa: S101 - declared above
        choices.choices = list(venues)
