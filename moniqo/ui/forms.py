"""The preferences of a person, as forms."""

from typing import ClassVar

from django import forms

from kit import days
from kit.users.models import User


def _timezones() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in sorted(days.zones())]


class PreferencesForm(forms.ModelForm[User]):
    """How one's own pages look."""

    timezone = forms.ChoiceField(label="Time zone", choices=_timezones)

    class Meta:
        model = User
        fields = ("name", "timezone", "theme", "palette", "shortcuts")
        labels: ClassVar[dict[str, str]] = {
            "palette": "Colours of profit and loss",
            "shortcuts": "Keyboard shortcuts",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "palette": "The sign and the arrow say the same in both.",
            "shortcuts": "Single keys such as / and ?, and g followed by p or w.",
        }
