"""Tables of the chain of events and of the seals that its events put on rows."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cobranza.ledger.columns import ActorKinds


class Chain(models.Model):
    """The head of one chain of events: how many there are and the hash of the last one."""

    name = models.CharField(max_length=60, primary_key=True, help_text="«acreedor:<id>» o «casa».")
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name = "cadena"

    def __str__(self) -> str:
        return f"{self.name}#{self.seq}"


class Event(models.Model):
    """Something that happened. Appended once, never changed; each carries the hash of the one before."""

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="events")
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=8, choices=ActorKinds)
    actor_name = models.CharField(max_length=150)
    subject = models.CharField(max_length=120, help_text="«tabla:id», por ejemplo invoice:12.")
    payload = models.JSONField(default=dict)
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name = "suceso"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["chain", "seq"], name="ledger_event_seq"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["subject"]),
            models.Index(fields=["at"]),
            models.Index(fields=["kind", "at"]),
        ]

    def __str__(self) -> str:
        return f"{self.chain_id}#{self.seq} {self.kind}"


class Seal(models.Model):
    """The digest of one row as an event left it; the event's payload holds the digest of all its seals."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="seals")
    table = models.CharField(max_length=30)
    row = models.BigIntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name = "sello"
        indexes: ClassVar = [models.Index(fields=["table", "row", "-id"], name="ledger_seal_latest")]

    def __str__(self) -> str:
        return f"{self.table}:{self.row}"
