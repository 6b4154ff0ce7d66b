"""What people bring to a case and decide about it: papers, prior claims, parties, words, what is waived.

Each act is one transaction with its event. Whatever changes makes the last package stale (`signing.stale`): it has to
be assembled again before anybody signs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.text import slugify

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.ledger.events import Actor
from cobranza.legal import papers, stages
from cobranza.legal.case import DocumentKind
from cobranza.legal.house import Legal
from cobranza.legal.models import CaseDocument, ClaimDecision, Defendant, Item, LegalCase, Prior
from cobranza.legal.requirements import requirements
from cobranza.legal.stages import Stages

EDITABLE = (Stages.PREPARING, Stages.REVIEW)
_States = CaseDocument.States


class BadPaper(BusinessError):
    """A file that is not taken in."""

    code = "COB-EXP-026"
    remedy = "Suba un PDF, una imagen, un XML de factura, un correo o un documento de Word."


class BadPrior(BusinessError):
    """A prior claim that contradicts itself."""

    code = "COB-EXP-028"
    remedy = "Revise los días: se envía antes de llegar, y no en el futuro."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPaper:
    """A paper that somebody brings.

    Attributes:
        name: File name, with any path.
        content: Bytes.
        title: As the index shows it, "" for the name.
        kind: What it is.
        dated: Day of the document.
        proves: Numbers of the invoices that it supports; empty for the whole claim.
        original: An electronic original.
        confidential: Of a confidential negotiation: never filed.
        redact: Texts that must be gone from what is filed.
        key: Short name, "" to make one from the title.
        replaces: Key of the paper that it takes the place of, "" for none.
    """

    name: str
    content: bytes
    kind: DocumentKind
    title: str = ""
    dated: date | None = None
    proves: tuple[str, ...] = ()
    original: bool = False
    confidential: bool = False
    redact: tuple[str, ...] = ()
    key: str = ""
    replaces: str = ""


def add_paper(row: LegalCase, new: NewPaper, settings: Legal, *, actor: Actor) -> CaseDocument:
    """Take a paper into a case; the same bytes of the same kind again give the paper that is there.

    Raises:
        BadPaper: empty, too large, or naming an invoice that the case does not claim.
        WrongStage: the case is signed or filed.
    """
    if not new.content:
        raise BadPaper(f"«{papers.clean_name(new.name)}» está vacío.")
    if len(new.content) > settings.revision.documento_maximo:
        raise BadPaper(f"«{papers.clean_name(new.name)}» pesa demasiado.", remedy="Divídalo o comprímalo.")
    digest = hashlib.sha256(new.content).hexdigest()
    with transaction.atomic():
        found = stages.locked(row)
        stages.require(found, *EDITABLE)
        there = found.documents.filter(sha256=digest, kind=new.kind.value, replaced_by=None).first()
        if there is not None and there.state != _States.REJECTED:
            return there
        claimed = set(found.items.filter(dropped_at=None).values_list("reference", flat=True))
        strange = sorted(set(new.proves) - claimed)
        if strange:
            raise BadPaper(f"El expediente no reclama {', '.join(strange)}.", remedy="Elija facturas del expediente.")
        name = papers.clean_name(new.name)
        title = " ".join(new.title.split())[:200] or name
        made = CaseDocument(
            case=found,
            key=_free_key(found, new.key or title),
            sha256=digest,
            size=len(new.content),
            name=name,
            media_type=papers.media_type(new.content),
            title=title,
            kind=new.kind.value,
            dated=new.dated,
            proves=list(new.proves),
            original=new.original,
            confidential=new.confidential,
            redact=list(new.redact),
            position=found.documents.count() + 1,
            added_by=actor.name,
            added_at=clock.now(),
        )
        papers.keep(found.number, made.file, new.content)
        made.save()
        touched: list[CaseDocument | Prior] = [made]
        old = found.documents.filter(key=new.replaces, replaced_by=None).first() if new.replaces else None
        if old is not None:
            old.replaced_by, made.position = made, old.position
            old.save(update_fields=["replaced_by"])
            made.save(update_fields=["position"])
            found.priors.filter(document=old, removed_at=None).update(document=made)
            touched.append(old)
            touched += found.priors.filter(document=made, removed_at=None)
        stages.touch(found)
        payload = {"document": made.key, "title": title, "kind": made.kind, "sha256": digest}
        stages.tell("document_added", found, payload, actor, seals=touched)
    return made


def review_paper(row: LegalCase, key: str, *, accept: bool, comment: str, person: str) -> CaseDocument:
    """Accept a paper, or reject it with a comment that says what is wrong.

    Raises:
        WrongStage: the case is signed or filed.
        NeedsReason: rejected without a comment.
        BadPaper: no such paper.
    """
    with transaction.atomic():
        found = stages.locked(row)
        stages.require(found, *EDITABLE)
        paper = _paper(found, key)
        paper.state = _States.ACCEPTED if accept else _States.REJECTED
        paper.comment = " ".join(comment.split())[:1000] if accept else stages.reason(comment)
        paper.reviewed_by, paper.reviewed_at = person, clock.now()
        paper.save(update_fields=["state", "comment", "reviewed_by", "reviewed_at"])
        stages.touch(found)
        payload = {"document": key, "title": paper.title, "state": paper.state, "comment": paper.comment}
        stages.tell("document_reviewed", found, payload, Actor.person(person), seals=[paper])
    return paper


def accept_all(row: LegalCase, *, person: str) -> int:
    """Accept every paper that nobody has looked at; returns how many. Raises `WrongStage`."""
    keys = [each.key for each in row.documents.filter(state=_States.PENDING, replaced_by=None)]
    for key in keys:
        review_paper(row, key, accept=True, comment="", person=person)
    return len(keys)


def set_confidential(row: LegalCase, key: str, *, confidential: bool, person: str) -> CaseDocument:
    """Say whether a paper belongs to a confidential negotiation. Raises `WrongStage`, `BadPaper`."""
    with transaction.atomic():
        found = stages.locked(row)
        stages.require(found, *EDITABLE)
        paper = _paper(found, key)
        paper.confidential = confidential
        paper.save(update_fields=["confidential"])
        stages.touch(found)
        payload = {"document": key, "title": paper.title, "confidential": confidential}
        stages.tell("document_confidential", found, payload, Actor.person(person), seals=[paper])
    return paper


def add_prior(row: LegalCase, prior: Prior, *, document: str, today: date, person: str) -> Prior:
    """Write down an attempt to settle before court.

    Args:
        row: Case.
        prior: Filled in and not saved.
        document: Key of the paper that proves it, "" while there is none.
        today: In the court's calendar.
        person: Who writes it down.

    Raises:
        BadPrior: it reached before it was sent, or is in the future.
        BadPaper: no such paper.
        WrongStage: the case is signed or filed.
    """
    if prior.sent_on > today or (prior.reached_on is not None and not prior.sent_on <= prior.reached_on <= today):
        raise BadPrior("Los días de la reclamación previa no cuadran.")
    with transaction.atomic():
        found = stages.locked(row)
        stages.require(found, *EDITABLE)
        prior.case, prior.added_by, prior.added_at = found, person, clock.now()
        prior.document = _paper(found, document) if document else None
        prior.save()
        seals: list[Prior | CaseDocument] = [prior]
        if prior.confidential_offer and prior.document is not None and not prior.document.confidential:
            prior.document.confidential = True
            prior.document.save(update_fields=["confidential"])
            seals.append(prior.document)
        stages.touch(found)
        payload = {
            "kind": prior.kind,
            "sent_on": prior.sent_on,
            "reached_on": prior.reached_on,
            "channel": prior.channel,
        }
        stages.tell("prior_added", found, payload, Actor.person(person), seals=seals)
    return prior


def remove_prior(row: LegalCase, pk: int, *, why: str, person: str) -> None:
    """Take a prior claim out of a case; it stays in the record. Raises `WrongStage`, `NeedsReason`, `BadPrior`."""
    with transaction.atomic():
        found = stages.locked(row)
        stages.require(found, *EDITABLE)
        prior = found.priors.filter(pk=pk, removed_at=None).first()
        if prior is None:
            raise BadPrior("Esa reclamación previa no está en el expediente.", remedy="Recargue la página.")
        prior.removed_at = clock.now()
        prior.save(update_fields=["removed_at"])
        stages.touch(found)
        payload = {"kind": prior.kind, "sent_on": prior.sent_on, "why": stages.reason(why)}
        stages.tell("prior_removed", found, payload, Actor.person(person), seals=[prior])


def decide_claim(row: LegalCase, item: int, concept: str, *, waive: bool, why: str, person: str) -> ClaimDecision:
    """Waive the interest or the compensation of one invoice, with a reason; or claim it again.

    Raises:
        WrongStage: the case is signed or filed.
        NeedsReason: waived without a reason.
        BadPaper: no such invoice in the case, or nothing that can be decided about.
    """
    if concept not in ClaimDecision.Concepts.values:
        raise BadPaper("No se sabe sobre qué se decide.", remedy="Elija los intereses o la indemnización.")
    with transaction.atomic():
        found = stages.locked(row)
        stages.require(found, *EDITABLE)
        target = found.items.filter(pk=item, dropped_at=None).first()
        if target is None:
            raise BadPaper("Esa factura no está en el expediente.", remedy="Recargue la página.")
        told = stages.reason(why) if waive else " ".join(why.split())[:1000]
        made = ClaimDecision.objects.create(
            item=target,
            concept=ClaimDecision.Concepts(concept),
            waived=waive,
            why=told,
            person=person,
            at=clock.now(),
        )
        stages.touch(found)
        payload = {"invoice": target.reference, "concept": concept, "waived": waive, "why": told}
        stages.tell("claim_decided", found, payload, Actor.person(person), seals=[made])
    return made


def decide_claims(row: LegalCase, concept: str, *, waive: bool, why: str, person: str) -> int:
    """The same decision about every invoice of a case; returns how many. Raises as `decide_claim`."""
    with transaction.atomic():
        pks = list(stages.locked(row).items.filter(dropped_at=None).order_by("pk").values_list("pk", flat=True))
        for pk in pks:
            decide_claim(row, pk, concept, waive=waive, why=why, person=person)
    return len(pks)


def drop_item(row: LegalCase, item: int, *, why: str, person: str) -> Item:
    """Leave an invoice out of the claim. Raises `WrongStage`, `NeedsReason`, `BadPaper` (the last one stays)."""
    with transaction.atomic():
        found = stages.locked(row)
        stages.require(found, *EDITABLE)
        target = found.items.filter(pk=item, dropped_at=None).first()
        if target is None or found.items.filter(dropped_at=None).count() == 1:
            raise BadPaper("Un expediente reclama al menos una factura.", remedy="Descarte el expediente entero.")
        target.dropped_at = clock.now()
        target.save(update_fields=["dropped_at"])
        stages.touch(found)
        payload = {"invoice": target.reference, "why": stages.reason(why)}
        stages.tell("item_dropped", found, payload, Actor.person(person), seals=[target])
    return target


def save_defendant(row: LegalCase, defendant: Defendant, settings: Legal, *, person: str) -> None:
    """Correct who is claimed against; the court follows the domicile while nobody has named another.

    Raises:
        WrongStage: the case is signed or filed.
    """
    with transaction.atomic():
        found = stages.locked(row)
        stages.require(found, *EDITABLE)
        before = Defendant.objects.get(pk=defendant.pk, case=found)
        defendant.save()
        names = [each.attname for each in Defendant._meta.concrete_fields if each.attname not in ("id", "case_id")]
        changed = {
            name: getattr(defendant, name) for name in names if getattr(before, name) != getattr(defendant, name)
        }
        if not changed:
            return
        old, new = organ_of(found, settings, before), organ_of(found, settings, defendant)
        if new is not None and (not found.organ or old is None or found.organ == old["organ"]):
            for name, value in new.items():
                setattr(found, name, value)
            found.save(update_fields=list(new))
        stages.touch(found)
        stages.tell("defendant_changed", found, {"changed": changed}, Actor.person(person), seals=[found, defendant])


def organ_of(row: LegalCase, settings: Legal, defendant: Defendant) -> dict[str, str] | None:
    """The columns of the court that the settings give a defendant's domicile; None when they name none."""
    organ = settings.organ(row.country, defendant.province)
    if organ is None:
        return None
    place = {"localidad": defendant.locality or "…", "provincia": defendant.province or "…"}
    return {
        "court": organ.juzgado,
        "proceeding": organ.procedimiento,
        "organ": organ.nombre.format(**place),
        "organ_code": organ.codigo,
        "organ_province": organ.provincia or defendant.province,
        "organ_locality": organ.localidad or defendant.locality,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the lawyer writes: court, title of the debt, and paragraphs."""

    court: str
    proceeding: str
    organ: str
    organ_code: str
    organ_province: str
    organ_locality: str
    title: str
    facts: Sequence[str]
    grounds: Sequence[str]
    petition: Sequence[str]


def save_words(row: LegalCase, words: Words, *, person: str) -> None:
    """Change the court and the words of the writ.

    Raises:
        WrongStage: the case is signed or filed.
        UnknownCourtError: no such court.
        BadPaper: the court takes no such proceeding.
    """
    asked = requirements(words.court)
    if words.proceeding not in asked.procedimientos:
        known = ", ".join(asked.procedimientos)
        raise BadPaper(f"{asked.nombre} no admite «{words.proceeding}».", remedy=f"Elija uno de estos: {known}.")
    with transaction.atomic():
        found = stages.locked(row)
        stages.require(found, *EDITABLE)
        columns = {
            "court": words.court,
            "proceeding": words.proceeding,
            "organ": words.organ,
            "organ_code": words.organ_code,
            "organ_province": words.organ_province,
            "organ_locality": words.organ_locality,
            "title": words.title,
            "facts": list(words.facts),
            "grounds": list(words.grounds),
            "petition": list(words.petition),
        }
        changed = [name for name, value in columns.items() if getattr(found, name) != value]
        if not changed:
            return
        for name, value in columns.items():
            setattr(found, name, value)
        found.save(update_fields=list(columns))
        stages.touch(found)
        stages.tell("words_changed", found, {"changed": changed}, Actor.person(person), seals=[found])


def assign(row: LegalCase, to: str, *, person: str) -> None:
    """Give a case to another lawyer."""
    with transaction.atomic():
        found = stages.locked(row)
        before, found.assigned_to = found.assigned_to, to[:150]
        found.save(update_fields=["assigned_to"])
        stages.tell("assigned", found, {"from": before, "to": to}, Actor.person(person), seals=[found])


def paragraphs(text: str) -> list[str]:
    """Paragraphs that a person typed, a blank line between them.

    >>> paragraphs("Uno\\ndos.\\n\\n\\nTres.")
    ['Uno dos.', 'Tres.']
    """
    blocks = text.replace("\r", "").replace("\x00", "").split("\n\n")
    return [found for block in blocks if (found := " ".join(block.split()))]


def _paper(row: LegalCase, key: str) -> CaseDocument:
    found: CaseDocument | None = row.documents.filter(key=key, replaced_by=None).first()
    if found is None:
        raise BadPaper(f"El expediente no tiene un documento «{key}».", remedy="Recargue la página.")
    return found


def _free_key(row: LegalCase, wish: str) -> str:
    base = slugify(wish)[:60] or "documento"
    taken = set(row.documents.values_list("key", flat=True))
    return next(name for name in _names(base) if name not in taken)


def _names(base: str) -> Iterable[str]:
    yield base
    number = 2
    while True:
        yield f"{base}-{number}"
        number += 1
