"""The preferences of a person, as forms."""

from typing import Any, ClassVar

from django import forms

from kit import days, glossary
from kit.forms import TextField
from kit.users.models import User
from moniqo.ui.selectors import countable_assets
from wallets.sync.listing import BRIDGES


def _timezones() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in sorted(days.zones())]


class PreferencesForm(forms.ModelForm[User]):
    """How one's own pages look."""

    timezone = forms.ChoiceField(choices=_timezones, **glossary.field("timezone"))
    base_currency = forms.ChoiceField(
        **glossary.field(
            "base_currency",
            label="Base currency",
            more="The Portfolio and new goals are told in it; wallets, farms and agents in what their money is kept "
            "in, and they say so. Each has a history of its own: one that you change to is worked out as far back as "
            "the prices of then are known, and what you had in another comes back when you change back.",
        )
    )

    class Meta:
        model = User
        fields = (
            "name", "timezone", "base_currency", "number_format", "date_format", "theme", "palette", "shortcuts",
        )  # fmt: skip
        field_classes: ClassVar[dict[str, type[forms.Field]]] = {"name": TextField}
        labels: ClassVar[dict[str, str]] = {
            "palette": "Colours of profit and loss",
            "shortcuts": "Keyboard shortcuts",
            **glossary.labels(("number_format", "date_format")),
        }
        help_texts: ClassVar[dict[str, str]] = {
            "palette": "The sign and the arrow say the same in both.",
            "shortcuts": "Single keys such as / and ?, and g followed by p or w.",
            **glossary.helps(("number_format", "date_format")),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["base_currency"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        offered = countable_assets(self.instance.pk) | {self.instance.base_currency}
        field.choices = [(asset, asset) for asset in sorted(offered)]
        if missing := sorted(set(BRIDGES) - offered):
            field.help_text = (
                f"{field.help_text} Not offered: {', '.join(missing)}. No market known here leads to them, so nothing "
                "could be told in them; a real account brings the markets of its exchange."
            )
