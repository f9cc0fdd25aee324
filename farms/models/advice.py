"""Advice from a language model: where it is asked for."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from kit.models import Identified, MoneyField

# In an address of the operators' list: a scheme, a server, a port, a path.
ADDRESS = RegexValidator(
    r"^https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/\-]*)?\Z",
    "Enter an address such as https://api.example.com/v1, without a name, a password or a query.",
)


class AdviceEndpoint(Identified):
    """An OpenAI-compatible endpoint with one model and its prices. Operators' only, by grant: what serves pages reads
    it, and writes down that it has to be left alone.
    """

    name = models.CharField(max_length=80, unique=True)
    base_url = models.CharField(
        max_length=200, validators=(ADDRESS,), help_text="What stands before /chat/completions."
    )
    model = models.CharField(max_length=100, help_text="What the endpoint calls it.")
    key = models.BinaryField(null=True, blank=True, help_text="Encrypted, bound to this row; none for a local one.")
    price_in = MoneyField(default=0, help_text="US dollars for a million tokens that are asked.")
    price_out = MoneyField(default=0, help_text="US dollars for a million tokens that are answered.")
    most_tokens = models.PositiveIntegerField(default=1_000, help_text="Of one answer.")
    seconds = models.PositiveSmallIntegerField(default=60, help_text="How long one answer may take.")
    is_active = models.BooleanField(default=True)
    paused_until = models.DateTimeField(null=True, blank=True, help_text="It wants to be left alone until then.")
    refusals = models.PositiveSmallIntegerField(default=0, help_text="How often in a row it had no time.")
    stopped = models.CharField(
        max_length=200, blank=True, help_text="Why nobody asks it any more until an operator has looked; empty: asked."
    )

    class Meta:
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(condition=Q(price_in__gte=0, price_out__gte=0), name="endpoint_prices"),
            models.CheckConstraint(
                condition=Q(most_tokens__gte=50, most_tokens__lte=32_000, seconds__gte=1, seconds__lte=300),
                name="endpoint_bounds",
            ),
        )

    def __str__(self) -> str:
        return self.name
