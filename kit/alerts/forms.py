"""The filters of the inbox."""

from typing import Final

from django import forms

from kit.alerts.kinds import KINDS
from kit.alerts.models import Alert

ANY: Final = ("", "Any")


class FilterForm(forms.Form):
    """It shows what is on; what counts is `selectors.Filters`."""

    level = forms.ChoiceField(label="Severity", choices=(ANY, *reversed(Alert.Level.choices)), required=False)
    kind = forms.ChoiceField(
        label="Kind", choices=(ANY, *sorted((kind.name, kind.label) for kind in KINDS.values())), required=False
    )
