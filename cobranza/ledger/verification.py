"""Proves that nothing in the ledger was altered behind its back, and names what was.

Four proofs, each from the rows themselves, so that they hold even when somebody switched the triggers off:

1. chains: every event hashes to what it says, follows the one before, and the head row holds the last (a cut tail);
2. seals: every sealed row still reads as its last event left it; none is missing, none came in without an event;
3. balances: what the database keeps equals the sum of its parts;
4. guards: the triggers that keep all this are there and switched on.

What this cannot see by itself is a whole chain rewritten from some point on, head included, by somebody who owns the
database. For that, keep the heads that `verify` reports elsewhere (the evidence of each run does) and give them back
as `anchors`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction

from cobranza.kernel.errors import BusinessError
from cobranza.ledger.events import event_hash, genesis, row_digest, seals_digest, table_of
from cobranza.ledger.models import Chain, Event, Seal

_BATCH = 2000
_MOST_TOLD = 1000


class AnchorError(BusinessError):
    """An anchor that cannot be read."""

    code = "COB-LIB-031"
    remedy = "Escríbalo como CADENA@NÚMERO:HASH, tal como lo da «cobranza ledger verify»."


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it was left.

    Attributes:
        kind: "event", "chain", "row", "seal", "balance" or "guard".
        where: Chain and number ("acreedor:1#17") or table and row ("movement:5").
        message: What is wrong, in Spanish.
    """

    kind: str
    where: str
    message: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: keep it elsewhere and it proves, later, that nothing before it changed."""

    chain: str
    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.chain}@{self.seq}:{self.hash}"

    @classmethod
    def read(cls, text: str) -> Head:
        """The inverse of `str`; raises `AnchorError`."""
        chain, _, rest = text.rpartition("@")
        seq, _, digest = rest.partition(":")
        if not chain or not seq.isdigit() or len(digest) != 64:
            raise AnchorError(f"«{text}» no es un ancla.")
        return cls(chain, int(seq), digest)


@dataclass(slots=True)
class Report:
    """What `verify` found.

    Attributes:
        events: How many events were recomputed.
        rows: How many sealed rows.
        heads: Where each chain ends.
        problems: Empty when all is as it was left. At most a thousand are told; `untold` counts the others.
    """

    events: int = 0
    rows: int = 0
    heads: list[Head] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    untold: int = 0

    @property
    def ok(self) -> bool:
        """Nothing was found."""
        return not self.problems

    def tell(self, kind: str, where: str, message: str) -> None:
        """Add a problem."""
        if len(self.problems) < _MOST_TOLD:
            self.problems.append(Problem(kind, where, message))
        else:
            self.untold += 1


def verify(anchors: Sequence[Head] = ()) -> Report:
    """Check the whole ledger in one consistent snapshot; reads only.

    Args:
        anchors: Heads of earlier reports that must still be part of their chains.
    """
    report = Report()
    fresh = not connection.in_atomic_block
    with transaction.atomic():
        if fresh:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        _chains(report, anchors)
        _sealed_events(report)
        for model in _sealed_models():
            _rows(report, model)
        _balances(report)
        _guards(report)
    return report


def _chains(report: Report, anchors: Sequence[Head]) -> None:
    heads = {head.name: head for head in Chain.objects.order_by("name")}
    named = set(Event.objects.order_by().values_list("chain_id", flat=True).distinct())
    wanted: dict[str, dict[int, str]] = {}
    for anchor in anchors:
        wanted.setdefault(anchor.chain, {})[anchor.seq] = anchor.hash
    for name in sorted({*heads, *named, *wanted}):
        seq, digest = _walk(report, name, wanted.get(name, {}))
        head = heads.get(name)
        if head is None:
            report.tell("chain", name, "La cadena no tiene cabeza.")
        elif head.seq > seq:
            report.tell("chain", f"{name}#{seq + 1}", f"Faltan sucesos al final: la cabeza dice {head.seq}.")
        elif (head.seq, head.hash) != (seq, digest):
            report.tell("chain", f"{name}#{seq}", "La cabeza de la cadena no es la de su último suceso.")
        report.heads.append(Head(name, seq, digest))


def _walk(report: Report, name: str, anchors: dict[int, str]) -> tuple[int, str]:
    seq, digest = 0, genesis(name)
    met = {0: digest} if 0 in anchors else {}
    for event in Event.objects.filter(chain=name).order_by("seq").iterator(chunk_size=_BATCH):
        where = f"{name}#{event.seq}"
        report.events += 1
        if event.seq != seq + 1:
            report.tell("event", f"{name}#{seq + 1}", f"Faltan sucesos: del {seq} se pasa al {event.seq}.")
        elif event.prev_hash != digest:
            report.tell("event", where, "No sigue al suceso anterior.")
        if event_hash(event) != event.hash:
            report.tell("event", where, f"El suceso «{event.kind}» ha sido alterado.")
        seq, digest = event.seq, event.hash
        if seq in anchors:
            met[seq] = digest
    for number, expected in anchors.items():
        if met.get(number) != expected:
            report.tell("chain", f"{name}#{number}", "No es el suceso que se anotó fuera: la cadena se ha reescrito.")
    return seq, digest


def _sealed_events(report: Report) -> None:
    """Each event's seals are the ones it was appended with."""
    seen = set()
    seals = Seal.objects.order_by("event_id").values_list("event_id", "table", "row", "digest")
    payloads = dict(Event.objects.filter(payload__has_key="seals").values_list("pk", "payload__seals"))
    names = _names(payloads)
    for event, group in groupby(seals.iterator(chunk_size=_BATCH), key=lambda seal: seal[0]):
        seen.add(event)
        found = seals_digest(sorted((table, row, digest) for _, table, row, digest in group))
        if payloads.get(event) != found:
            report.tell("seal", names.get(event, f"event:{event}"), "Los sellos del suceso han sido alterados.")
    for event in payloads.keys() - seen:
        report.tell("seal", names[event], "Faltan los sellos del suceso.")


def _names(events: dict[int, str]) -> dict[int, str]:
    rows = Event.objects.filter(payload__has_key="seals").values_list("pk", "chain_id", "seq")
    return {pk: f"{chain}#{seq}" for pk, chain, seq in rows.iterator(chunk_size=_BATCH) if pk in events}


def _sealed_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if getattr(model, "SEALED", ())]


def _rows(report: Report, model: type[models.Model]) -> None:
    table = table_of(model)
    last = 0
    for batch in _batches(model):
        ids = [row.pk for row in batch]
        latest = dict(
            Seal.objects.filter(table=table, row__gt=last, row__lte=ids[-1])
            .order_by("row", "-id")
            .distinct("row")
            .values_list("row", "digest")
        )
        last = ids[-1]
        for row in batch:
            report.rows += 1
            sealed = latest.pop(row.pk, None)
            if sealed is None:
                report.tell("row", f"{table}:{row.pk}", "La fila no consta en ningún suceso.")
            elif sealed != row_digest(row):
                report.tell("row", f"{table}:{row.pk}", "La fila ha sido alterada.")
        for pk in sorted(latest):
            report.tell("row", f"{table}:{pk}", "La fila ha sido borrada.")
    for pk in sorted(set(Seal.objects.filter(table=table, row__gt=last).values_list("row", flat=True))):
        report.tell("row", f"{table}:{pk}", "La fila ha sido borrada.")


def _batches(model: type[models.Model]) -> Iterator[list[Any]]:
    manager: Any = model._default_manager
    last = 0
    while batch := list(manager.filter(pk__gt=last).order_by("pk")[:_BATCH]):
        yield batch
        last = batch[-1].pk


# Each gives (row's name, what the database keeps, what its parts make).
_BALANCES = (
    (
        "Lo aplicado a la factura es {} y sus aplicaciones suman {}.",
        "SELECT 'invoice:' || i.id, i.allocated, coalesce(s.total, 0) FROM ledger_invoice i LEFT JOIN"
        " (SELECT invoice_id, sum(applied) AS total FROM ledger_allocation WHERE reversed_at IS NULL GROUP BY 1) s"
        " ON s.invoice_id = i.id WHERE i.allocated <> coalesce(s.total, 0) ORDER BY i.id",
    ),
    (
        "Lo usado del movimiento es {} y sus aplicaciones suman {}.",
        "SELECT 'movement:' || m.id, m.used, coalesce(s.total, 0) FROM ledger_movement m LEFT JOIN"
        " (SELECT movement_id, sum(cash) AS total FROM ledger_allocation WHERE reversed_at IS NULL GROUP BY 1) s"
        " ON s.movement_id = m.id WHERE m.used <> coalesce(s.total, 0) ORDER BY m.id",
    ),
    (
        "Lo pendiente de la factura es {} y debe ser {}.",
        "SELECT 'invoice:' || id, open, gross - elsewhere - allocated FROM ledger_invoice"
        " WHERE open IS DISTINCT FROM gross - elsewhere - allocated"
        " OR open NOT BETWEEN least(gross, 0) AND greatest(gross, 0) ORDER BY id",
    ),
    (
        "Lo que queda del movimiento es {} y debe ser {}.",
        "SELECT 'movement:' || id, remaining, amount - used FROM ledger_movement"
        " WHERE remaining IS DISTINCT FROM amount - used OR remaining * sign(amount) < 0 ORDER BY id",
    ),
    (
        "El extracto añadió {} movimientos y hay {}.",
        "SELECT 'statement:' || s.id, s.added, count(m.id) FROM ledger_statement s LEFT JOIN ledger_movement m"
        " ON m.statement_id = s.id GROUP BY s.id HAVING s.added <> count(m.id) ORDER BY s.id",
    ),
)

GUARDS = frozenset(
    {
        *(f"ledger_{table}_{what}" for what in ("kept", "whole") for table in (
            "event", "seal", "statement", "chain", "movement", "invoice", "allocation", "hold", "debtor", "bankaccount",
            "creditor",
        )),
        "ledger_movement_guard", "ledger_invoice_guard", "ledger_allocation_enter", "ledger_allocation_change",
        "ledger_allocation_added", "ledger_allocation_changed", "ledger_chain_guard", "ledger_event_append",
    }
)  # fmt: skip


def _balances(report: Report) -> None:
    with connection.cursor() as cursor:
        for message, query in _BALANCES:
            cursor.execute(query)
            for where, kept, made in cursor.fetchall():
                report.tell("balance", where, message.format(kept, made))


def _guards(report: Report) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')")
        on = {name for (name,) in cursor.fetchall()}
    for name in sorted(GUARDS - on):
        report.tell("guard", name, "El guardián de la base está desactivado o no existe.")
