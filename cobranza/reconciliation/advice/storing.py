"""Advices in and out of the database: stored once, whatever file brings them, and read back as they were."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from cobranza.kernel import clock
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Creditor
from cobranza.reconciliation.advice.models import Advice, AdviceFile, AdviceLine
from cobranza.reconciliation.advice.records import RemittanceAdvice, RemittanceLine

_NAME = 200


@dataclass(frozen=True, slots=True)
class Kept:
    """An advice in the database.

    Attributes:
        advice: Its row.
        new: It was not known.
        new_file: It was known, and this file brings it again.
    """

    advice: Advice
    new: bool
    new_file: bool = False


def store(creditor: Creditor, advice: RemittanceAdvice, *, source: str, actor: Actor) -> Kept:
    """Keep an advice; the same one again, in the same or another file, changes nothing but the list of its files."""
    now = clock.now()
    with transaction.atomic():
        Creditor.objects.select_for_update(no_key=True).get(pk=creditor.pk)
        found = Advice.objects.filter(creditor=creditor, identity=advice.identity).first()
        new = found is None
        seals: list[Advice | AdviceLine | AdviceFile] = []
        if found is None:
            found = Advice.objects.create(
                creditor=creditor,
                identity=advice.identity,
                state=Advice.States.OBJECTED if advice.objections else Advice.States.WAITING,
                payer_name=advice.payer_name[:_NAME],
                payer_tax_id=advice.payer_tax_id[:32],
                tax_ids=list(advice.tax_ids),
                paid_on=advice.paid_on,
                currency=advice.currency,
                total=advice.total,
                total_stated=advice.total_stated,
                method=advice.method[:_NAME],
                reference=advice.reference[:_NAME],
                layout=advice.layout,
                objections=list(advice.objections),
                received_at=now,
            )
            rows = AdviceLine.objects.bulk_create(
                [_row(found, number, line) for number, line in enumerate(advice.lines)]
            )
            seals += [found, *rows]
        elif found.files.filter(sha256=advice.sha256).exists():
            return Kept(found, new=False)
        file = AdviceFile.objects.create(
            advice=found,
            sha256=advice.sha256,
            name=advice.file_name[:300],
            format=advice.format[:60],
            source=source[:300],
            received_at=now,
        )
        payload = {
            "total": advice.total,
            "currency": advice.currency,
            "lines": len(advice.lines),
            "sha256": advice.sha256,
            "file": advice.file_name,
            "source": source,
            "objections": list(advice.objections),
        }
        kind = "advice.received" if new else "advice.received_again"
        record(kind, found, payload, actor, creditor=creditor, seals=[*seals, file])
    return Kept(found, new=new, new_file=not new)


def load(row: Advice) -> RemittanceAdvice:
    """The advice as it was read, with the first file that brought it."""
    file = min(row.files.all(), key=lambda each: each.pk, default=None)
    lines = sorted(row.lines.all(), key=lambda each: each.position)
    return RemittanceAdvice(
        payer_name=row.payer_name,
        payer_tax_id=row.payer_tax_id,
        tax_ids=tuple(row.tax_ids),
        paid_on=row.paid_on,
        currency=row.currency,
        total=row.total,
        total_stated=row.total_stated,
        method=row.method,
        reference=row.reference,
        lines=tuple(_line(line) for line in lines),
        file_name=file.name if file else "",
        sha256=file.sha256 if file else "",
        format=file.format if file else "",
        layout=row.layout,
        objections=tuple(row.objections),
    )


def _row(advice: Advice, position: int, line: RemittanceLine) -> AdviceLine:
    return AdviceLine(
        advice=advice,
        position=position,
        document=line.document,
        others=list(line.others),
        issued_on=line.issued_on,
        gross=line.gross,
        withheld=line.withheld,
        discount=line.discount,
        fee=line.fee,
        deposited=line.deposited,
        paid=line.paid,
        text=line.text,
        page=line.page,
        row=line.row,
    )


def _line(row: AdviceLine) -> RemittanceLine:
    return RemittanceLine(
        document=row.document,
        others=tuple(row.others),
        issued_on=row.issued_on,
        gross=row.gross,
        withheld=row.withheld,
        discount=row.discount,
        fee=row.fee,
        deposited=row.deposited,
        paid=row.paid,
        text=row.text,
        page=row.page,
        row=row.row,
    )
