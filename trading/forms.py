"""The filters of the lists."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.http import QueryDict

from trading.models import Order, Side

ANY: Final = ("", "Any")


class FilterForm(forms.Form):
    """Only the fields that the page offers. It shows what is on; what counts is `selectors.Filters`."""

    STATUSES: Final = (("unfinished", "Unfinished"), *Order.Status.choices)
    SIDES: Final = tuple(Side.choices)

    q = forms.CharField(label="Search", widget=forms.TextInput(attrs={"type": "search", "placeholder": "Text, market"}))
    status = forms.ChoiceField(label="Status", choices=(ANY, *STATUSES))
    side = forms.ChoiceField(label="Side", choices=(ANY, *SIDES))
    instrument = forms.ChoiceField(label="Market")
    wallet = forms.ChoiceField(label="Wallet or farm")
    since = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(
        self, names: tuple[str, ...], choices: Mapping[str, list[tuple[str, str]]], given: QueryDict, **options: Any
    ) -> None:
        super().__init__(initial={name: given.get(name, "") for name in names}, **options)
        for name in list(self.fields):
            if name not in names:
                del self.fields[name]
            else:
                self.fields[name].required = False
        for name, offered in choices.items():
            if isinstance(field := self.fields.get(name), forms.ChoiceField):
                field.choices = [ANY, *offered]
