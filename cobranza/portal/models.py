"""What the portal itself keeps: how often somebody tried, codes that were sent, and what each form brought about.

Addresses of people are never stored: a counter is known by a keyed hash that changes with the day.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Knock(models.Model):
    """How often something was tried within a window."""

    key = models.CharField(max_length=64, primary_key=True, help_text="Huella de qué, de quién y de cuándo.")
    count = models.PositiveIntegerField(default=0)
    until = models.DateTimeField(help_text="Fin de la ventana; después se borra.")

    class Meta:
        verbose_name = "recuento de intentos"
        verbose_name_plural = "recuentos de intentos"
        indexes: ClassVar = [models.Index(fields=["until"])]

    def __str__(self) -> str:
        return self.key[:12]


class Code(models.Model):
    """A one-time code that was asked for; only its keyed hash is here."""

    link = models.ForeignKey("ledger.Link", on_delete=models.CASCADE, related_name="codes")
    digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "código de un solo uso"
        verbose_name_plural = "códigos de un solo uso"
        indexes: ClassVar = [models.Index(fields=["link", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.link_id}"


class Submission(models.Model):
    """One form that a debtor sent, with what came of it; sent twice it is one."""

    SEALED: ClassVar = ("key", "link_id", "kind", "digest", "made_at")

    key = models.CharField(max_length=120, unique=True, help_text="Enlace, clase y número único del formulario.")
    link = models.ForeignKey("ledger.Link", on_delete=models.PROTECT, related_name="submissions")
    kind = models.CharField(max_length=30)
    digest = models.CharField(max_length=64, help_text="SHA-256 de lo enviado.")
    outcome = models.JSONField(default=dict, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = "envío del portal"
        verbose_name_plural = "envíos del portal"
        indexes: ClassVar = [models.Index(fields=["link", "kind", "digest"])]

    def __str__(self) -> str:
        return self.key
