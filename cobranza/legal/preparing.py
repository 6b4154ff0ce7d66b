"""The robot's part: freeze what is owed, assemble bundle and package, and lay them before the lawyer.

A case is frozen and built twice alike: same second, same bytes. A preparation that dies leaves a folder without a row,
which the next one replaces.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from django.db import transaction

from cobranza import suite
from cobranza.kernel import clock
from cobranza.kernel.errors import CobranzaError
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Invoice
from cobranza.legal import building, dossier, papers, stages
from cobranza.legal.case import Case, DocumentKind
from cobranza.legal.dossier import NewPaper
from cobranza.legal.house import Legal
from cobranza.legal.models import CaseDocument, LegalCase, Preparation
from cobranza.legal.opening import NothingToClaim
from cobranza.legal.package import Package
from cobranza.legal.ports import Objection
from cobranza.legal.stages import Stages
from cobranza.regimes.interest import RateBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """What came out of a case and its papers.

    Attributes:
        package: What is to be filed.
        package_folder: Where its files lie, inside the output folder.
        bundle: The PDF to read, inside the output folder.
        writ: The editable writ, inside the output folder; "" for none.
        pages: Of the bundle.
        preflight: What the portal would not take.
        notes: What else a reviewer should know, Spanish lines.
    """

    package: Package
    package_folder: str
    bundle: str
    writ: str = ""
    pages: int = 0
    preflight: tuple[Objection, ...] = ()
    notes: tuple[str, ...] = ()


Assemble = Callable[[Case, Path, str, Path, Path | None], Assembled]


def prepare(
    row: LegalCase, settings: Legal, book: RateBook, *, on: date, actor: Actor, assemble: Assemble
) -> Preparation:
    """Assemble a case that a person accepted; it waits for the lawyer afterwards.

    Args:
        row: In preparation.
        settings: Of the room.
        book: Rates.
        on: Last day that bears interest and date of every page.
        actor: Who assembles.
        assemble: Bundle and package from case, papers' folder, court, output folder and the lawyer's own writ.

    Raises:
        WrongStage: it is not in preparation.
        NothingToClaim: everything has been paid since.
        ConfigError, ClaimDataError, MissingRateError, UnknownCourtError: what is missing, by name.
    """
    bring_common_papers(row, settings, actor=actor)
    bring_invoice_papers(row, settings, actor=actor)
    freeze(row, actor=actor)
    row = stages.find(row.number)
    case = building.case_of(row, settings, book, until=on)
    own = building.own_writ(row)
    content = building.content_hash(case, own)
    ordinal = row.preparations.count() + 1
    out = papers.folder(row.number) / "preparaciones" / f"{ordinal:03d}"
    if out.exists():
        shutil.rmtree(out)  # of a robot that died: no row speaks of it
    out.mkdir(parents=True)
    for each in building.documents(row):
        papers.read(row.number, each.file, each.sha256)
    brought = papers.documents(row.number)
    brought.mkdir(parents=True, exist_ok=True)
    if own is not None:
        papers.read(row.number, own.file, own.sha256)
    made = assemble(case, brought, row.court, out, brought / own.file if own is not None else None)
    return _lay_open(row, case, made, content=content, ordinal=ordinal, out=out, actor=actor)


def freeze(row: LegalCase, *, actor: Actor) -> None:
    """Write down what is owed at this second; an invoice that has been paid leaves the case.

    Raises:
        WrongStage: the case is not in preparation.
        NothingToClaim: none is left.
    """
    with transaction.atomic():
        found = stages.locked(row)
        stages.require(found, Stages.PREPARING)
        at, left, touched = clock.now(), 0, []
        for item in building.items(found):
            # Payments are applied under this lock, so balance and payments are of one moment.
            invoice = Invoice.objects.select_for_update(no_key=True).get(pk=item.invoice_id)
            state = building.now(invoice, found.number)
            item.gross, item.elsewhere, item.open, item.held = state.gross, state.elsewhere, state.open, state.held
            item.payments, item.taken_at = [list(each) for each in state.payments], at
            if state.open <= 0:
                item.dropped_at = at
            else:
                left += 1
            item.save()
            touched.append(item)
        if not left:
            raise NothingToClaim(f"{found.debtor.name} ha pagado todas las facturas del expediente.")
        total = sum((item.open for item in touched if item.open is not None), Decimal(0))
        payload = {
            "invoices": {item.reference: item.open for item in touched},
            "held": {item.reference: item.held for item in touched if item.held},
            "open": total,
        }
        stages.tell("frozen", found, payload, actor, seals=touched)


def bring_common_papers(row: LegalCase, settings: Legal, *, actor: Actor) -> None:
    """Add the creditor's own papers (the power of attorney) that ``config/legal.toml`` names."""
    there = set(row.documents.values_list("key", flat=True))
    for key, name in settings.claimant(row.creditor.key).documentos_comunes.items():
        file = suite.root() / "config" / name
        if key in there or not file.is_file():
            continue
        kind = DocumentKind.POWER if key.startswith("poder") else DocumentKind.OTHER
        new = NewPaper(name=file.name, content=file.read_bytes(), kind=kind, title=key.capitalize(), key=key)
        dossier.add_paper(row, new, settings, actor=actor)


def bring_invoice_papers(row: LegalCase, settings: Legal, *, actor: Actor) -> int:
    """Add each invoice's PDF or XML from the folder where the ERP leaves them; returns how many were new."""
    if not settings.facturas.carpeta:
        return 0
    folder = suite.root() / settings.facturas.carpeta
    proved = {
        number
        for paper in row.documents.filter(kind=DocumentKind.INVOICE.value, replaced_by=None)
        if paper.state != CaseDocument.States.REJECTED
        for number in paper.proves
    }
    brought = 0
    for item in building.items(row):
        if item.reference in proved:
            continue
        for file in _files_of(folder, item.reference):
            new = NewPaper(
                name=file.name,
                content=file.read_bytes(),
                kind=DocumentKind.INVOICE,
                title=f"Factura {item.reference}",
                dated=item.invoice.issued_on,
                proves=(item.reference,),
                original=file.suffix.lower() == ".xml",
                key=f"factura-{item.reference}",
            )
            dossier.add_paper(row, new, settings, actor=actor)
            brought += 1
    return brought


def fail(row: LegalCase, error: CobranzaError, *, actor: Actor) -> None:
    """Write down why a case could not be assembled, for the people who have to act."""
    with transaction.atomic():
        found = stages.locked(row)
        found.problem = error.as_dict()
        found.save(update_fields=["problem"])
        stages.tell("prepare_failed", found, error.as_dict(), actor)


def _lay_open(
    row: LegalCase, case: Case, made: Assembled, *, content: str, ordinal: int, out: Path, actor: Actor
) -> Preparation:
    with transaction.atomic():
        found = stages.locked(row)
        stages.require(found, Stages.PREPARING)
        stored = Preparation.objects.create(
            case=found,
            ordinal=ordinal,
            folder=out.relative_to(papers.folder(found.number)).as_posix(),
            package=made.package_folder,
            bundle=made.bundle,
            writ=made.writ,
            package_hash=made.package.hash,
            content_hash=content,
            bundle_sha256=papers.sha256(out / made.bundle),
            total=case.total.amount,
            currency=case.total.currency,
            pages=made.pages,
            until=case.prepared_on,
            preflight=[_objection(each) for each in made.preflight],
            notes=list(made.notes),
            by=actor.name,
            made_at=clock.now(),
        )
        told = {"package": stored.package_hash, "total": stored.total, "preparation": ordinal}
        stages.move(found, Stages.REVIEW, actor=actor, told=told, changes={"problem": {}}, seals=[stored])
    return stored


def _objection(each: Objection) -> dict[str, object]:
    return {"code": each.code, "text": each.text, "file": each.file, "blocking": each.blocking}


def _files_of(folder: Path, number: str) -> Iterable[Path]:
    """Files called like an invoice, PDF before XML; signs that no file name holds may be a dash or missing."""
    wanted = _flat(number)
    found = [
        each for each in folder.glob("*") if each.suffix.lower() in (".pdf", ".xml") and _flat(each.stem) == wanted
    ]
    return sorted(found, key=lambda each: each.suffix.lower())


def _flat(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())
