"""The form of a channel: what its kind asks for, and what it is told."""

from typing import Any, Final

from django import forms

from kit.alerts.channels.addresses import ASKED
from kit.alerts.kinds import AREAS, PLATFORM
from kit.alerts.models import Channel, Message
from kit.forms import TextField

# A choice that says what is sent, not how grave the least of it is called.
LEVELS: Final = (
    (Message.Level.INFO, "Everything"),
    (Message.Level.WARNING, "Warnings and what is critical"),
    (Message.Level.CRITICAL, "Only what is critical"),
)
WISHES: Final = ("name", "level", "areas", "quiet_from", "quiet_until", "digest_at")
_HIDDEN: Final = {"token", "secret"}


class ChannelForm(forms.Form):
    """Its address is never shown again: on the page of a channel empty fields keep what is stored."""

    name = TextField(max_length=80, help_text="What you call it, such as “Phone”.")
    level = forms.ChoiceField(label="How grave", choices=LEVELS, initial=Message.Level.WARNING)
    areas = forms.MultipleChoiceField(
        label="Only of these; of everything where none is chosen", required=False, widget=forms.CheckboxSelectMultiple
    )
    quiet_from = forms.TimeField(
        label="Quiet from",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="In your time zone. What is critical is told at any hour, the rest when the quiet hours are over.",
    )
    quiet_until = forms.TimeField(
        label="Quiet until", required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    digest_at = forms.TimeField(
        label="A digest each day at",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="What your fund is worth, what the day has brought, and which alerts are open. Empty: none.",
    )

    def __init__(self, *args: Any, kind: str, is_operator: bool, channel: Channel | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = ASKED[kind]
        areas = self.fields["areas"]
        assert isinstance(areas, forms.MultipleChoiceField)  # noqa: S101 - declared above
        areas.choices = [(name, label) for name, (label, _) in AREAS.items() if is_operator or name != PLATFORM]
        for field in self.asked:
            attributes = {"autocomplete": "off", "spellcheck": "false"}
            widget = forms.PasswordInput if field.name in _HIDDEN else forms.TextInput
            self.fields[field.name] = TextField(
                label=field.label,
                required=channel is None and field.required,
                max_length=2000,
                widget=widget(attrs=attributes),
                help_text=field.help if channel is None else "Empty: as it is.",
            )
        self.order_fields(["name", *(field.name for field in self.asked)])

    @property
    def address(self) -> dict[str, str]:
        """What was entered of an address; nothing where it stays as it is."""
        given = {field.name: self.cleaned_data.get(field.name, "") for field in self.asked}
        return given if any(given.values()) else {}

    @property
    def wishes(self) -> dict[str, Any]:
        """What it is told and when, by the names of the service."""
        return {name: self.cleaned_data[name] for name in WISHES}
