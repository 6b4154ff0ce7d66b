"""Tables of the day's figures: what dashboards read in milliseconds, and what the views need from the settings."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Cube(models.Model):
    """The sums of one figure for one day and one part of the business; rebuilt from the views, never edited."""

    slug = models.CharField(max_length=80)
    day = models.DateField()
    creditor = models.CharField(max_length=50, blank=True, default="")
    currency = models.CharField(max_length=3, blank=True, default="")
    country = models.CharField(max_length=2, blank=True, default="")
    segment = models.CharField(max_length=16, blank=True, default="")
    strategy = models.CharField(max_length=120, blank=True, default="")
    channel = models.CharField(max_length=16, blank=True, default="")
    kind = models.CharField(max_length=40, blank=True, default="", help_text="Tramo, brazo, hora… según la cifra.")
    num = models.DecimalField(max_digits=24, decimal_places=6)
    den = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    rows = models.BigIntegerField()

    class Meta:
        """Names and keys."""

        verbose_name = "cifra del día"
        verbose_name_plural = "cifras del día"
        indexes: ClassVar = [models.Index(fields=["slug", "day"], name="insight_cube_day")]

    def __str__(self) -> str:
        return f"{self.slug} {self.day}"


class CubeState(models.Model):
    """Until when a figure's sums are up to date."""

    slug = models.CharField(max_length=80, primary_key=True)
    digest = models.CharField(max_length=64, help_text="De su definición: al cambiar, se rehace entera.")
    refreshed_at = models.DateTimeField()
    full_at = models.DateTimeField(help_text="Última vez que se rehizo entera.")

    class Meta:
        """Names and keys."""

        verbose_name = "estado de una cifra"
        verbose_name_plural = "estados de cifras"

    def __str__(self) -> str:
        return self.slug


class UnitCost(models.Model):
    """What one contact costs by channel, as ``config/insight.toml`` says; kept here for the views."""

    channel = models.CharField(max_length=16, primary_key=True)
    amount = models.DecimalField(max_digits=12, decimal_places=4)
    currency = models.CharField(max_length=3)

    class Meta:
        """Names and keys."""

        verbose_name = "coste de un canal"
        verbose_name_plural = "costes de canales"

    def __str__(self) -> str:
        return self.channel


class Trial(models.Model):
    """A trial of a strategy, as ``config/dunning.toml`` says; kept here so that its arms can be counted later."""

    creditor = models.CharField(max_length=50)
    name = models.CharField(max_length=120)
    pilot_share = models.PositiveSmallIntegerField()
    holdout_share = models.PositiveSmallIntegerField()
    since = models.DateField()
    until = models.DateField(null=True, blank=True)

    class Meta:
        """Names and keys."""

        verbose_name = "ensayo"
        constraints: ClassVar = [models.UniqueConstraint(fields=["creditor", "name"], name="insight_trial_once")]

    def __str__(self) -> str:
        return f"{self.creditor} {self.name}"
