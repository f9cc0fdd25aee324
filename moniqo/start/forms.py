"""What is asked of somebody who wants to try it: how much play money, and which recipe."""

from decimal import Decimal

from django import forms
from django.http import QueryDict

from kit import formatting
from kit.forms import AmountField
from moniqo.start.recipes import RECIPES, Offer, Recipe


class StartForm(forms.Form):
    """An amount of the offer's asset, and one of the recipes."""

    amount = AmountField(widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
    recipe = forms.ChoiceField(widget=forms.RadioSelect, choices=[(each.slug, each.name) for each in RECIPES])

    def __init__(self, given: QueryDict | None, *, offer: Offer) -> None:
        super().__init__(given, initial={"amount": offer.usual, "recipe": RECIPES[0].slug}, label_suffix="")
        field = self.fields["amount"]
        field.label = f"Play money, in {offer.asset}"
        field.help_text = (
            f"From {formatting.quantity(offer.least)} to {formatting.quantity(offer.most)}. Nothing of it is real."
        )

    @property
    def options(self) -> list[tuple[forms.boundfield.BoundWidget, Recipe]]:
        """Each radio button with the recipe that it stands for."""
        return list(zip(self["recipe"], RECIPES, strict=True))

    @property
    def amount_given(self) -> Decimal:
        given: Decimal = self.cleaned_data["amount"]
        return given
