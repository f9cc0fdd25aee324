"""Candles that somebody has asked the laboratory to fetch."""

from django.db import models
from django.db.models import F, Q

from farms.models.laboratory import IS_OVER_OR_NOT, Job
from markets.bounds import SYMBOL_LENGTH, VENUE_LENGTH
from markets.models import Timeframe


class Download(Job):
    """The past of a market at a public exchange: bars that open from `since` on and before `until`.

    `reached` is up to when the exchange has been asked; `report` says what there was when it was over.
    """

    exchange = models.CharField(max_length=VENUE_LENGTH)
    symbol = models.CharField(max_length=SYMBOL_LENGTH)
    timeframe = models.CharField(max_length=3, choices=Timeframe)
    since = models.DateTimeField()
    until = models.DateTimeField()
    reached = models.DateTimeField(null=True, blank=True)
    written = models.PositiveIntegerField(default=0, help_text="Bars that were new or different.")
    bad = models.PositiveIntegerField(default=0, help_text="Bars that cannot be true, which were left out.")
    report = models.JSONField(null=True, blank=True, help_text="As markets.candles.downloading.Found.")

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="download_ends_after_it_begins"),
            models.CheckConstraint(condition=IS_OVER_OR_NOT, name="download_is_over_or_not"),
        )
        indexes = (
            models.Index(fields=("owner", "-created_at"), name="downloads_newest_first"),
            models.Index(fields=("created_at",), condition=Q(finished_at__isnull=True), name="downloads_to_do"),
        )

    def __str__(self) -> str:
        return f"{self.symbol} {self.timeframe} of {self.exchange}"
