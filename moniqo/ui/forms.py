"""The preferences of a person, as forms."""

from typing import ClassVar
from zoneinfo import available_timezones

from django import forms

from kit.users.models import User

ETC = "Etc/"


def _timezones() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in sorted(available_timezones()) if not name.startswith(ETC)]


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
