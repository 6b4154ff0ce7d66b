"""From the tables to the pure `Case`: what is claimed, of whom, with which papers. Reads, never writes.

An invoice counts with its total less what the ERP settled elsewhere, and with every payment of ours on its own day;
what is left is the ledger's open balance. Once frozen (`preparing`), a case is built from what was frozen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from cobranza.kernel import clock
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_amount, write_day
from cobranza.ledger import agreements
from cobranza.ledger.models import Agreement, Allocation, Hold, Invoice
from cobranza.legal import contacts
from cobranza.legal.case import (
    Case,
    Court,
    Document,
    DocumentKind,
    Party,
    Person,
    PriorClaim,
    PriorOutcome,
    Representative,
    Role,
)
from cobranza.legal.checklist_rules import Situation
from cobranza.legal.house import Claimant, Legal
from cobranza.legal.interest import Payment
from cobranza.legal.models import CaseDocument, ClaimDecision, Item, LegalCase, Preparation
from cobranza.legal.sheet import Invoice as Claimed
from cobranza.legal.sheet import Waiver, prepare
from cobranza.regimes.interest import RateBook

Paid = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """An invoice as it stood at one second.

    Attributes:
        gross: Total, taxes included.
        elsewhere: Settled outside, per the ERP.
        open: Left to pay.
        held: Part of it that is not claimed because it is held; 0 when nothing is, and when all of it is (a person
            decides about such an invoice: the checklist stops the case).
        payments: (day, amount, reference) of what was applied, oldest first.
    """

    gross: Decimal
    elsewhere: Decimal
    open: Decimal
    payments: tuple[Paid, ...]
    held: Decimal = Decimal(0)


def now(invoice: Invoice, case: str = "") -> Frozen:
    """An invoice as the ledger holds it at this second. A returned payment is taken off the last ones before it.

    Args:
        invoice: In the ledger.
        case: Number of the case whose own hold does not count.
    """
    rows = Allocation.objects.filter(invoice=invoice, reversed_at=None).select_related("movement")
    paid: list[list[Any]] = []
    for row in sorted(rows, key=lambda each: (each.movement.value_on, each.pk)):
        if row.applied > 0:
            paid.append([row.movement.value_on.isoformat(), row.applied, row.movement.reference[:80]])
            continue
        back = -row.applied
        for entry in reversed(paid):
            taken = min(back, entry[1])
            entry[1] -= taken
            back -= taken
    payments = tuple((day, str(amount), reference) for day, amount, reference in paid if amount)
    return Frozen(
        gross=invoice.gross,
        elsewhere=invoice.elsewhere,
        open=invoice.open,
        payments=payments,
        held=_part(invoice, _held([invoice], case)),
    )


def frozen(item: Item) -> Frozen:
    """An item as it was frozen, or as it stands when it never was."""
    if item.taken_at is None or item.gross is None or item.elsewhere is None or item.open is None:
        return now(item.invoice, item.case.number)
    payments = tuple((str(day), str(amount), str(reference)) for day, amount, reference in item.payments)
    held = item.held or Decimal(0)
    return Frozen(gross=item.gross, elsewhere=item.elsewhere, open=item.open, payments=payments, held=held)


def items(row: LegalCase) -> list[Item]:
    """What a case claims now, by due date."""
    found = row.items.filter(dropped_at=None).select_related("invoice", "invoice__debtor", "case")
    return list(found.order_by("due_on", "reference"))


def case_of(row: LegalCase, settings: Legal, book: RateBook, *, until: date) -> Case:
    """The whole case, its account up to `until`; rejected and replaced documents are no part of it.

    Raises:
        ConfigError: the creditor's legal data are missing.
        ClaimDataError, MissingRateError: see `cobranza.legal.sheet.prepare`.
    """
    claimant = settings.claimant(row.creditor.key)
    defendants = tuple(_defendant(each) for each in row.defendants.order_by("pk"))
    demanded = _demanded(row, until)
    claimed = [_claimed(each, row.currency, until, demanded) for each in items(row)]
    consumer = any(each.consumer for each in defendants)
    sheet = prepare(
        book,
        claimed,
        country=row.country,
        until=until,
        debtor="consumer" if consumer else "business",
        imputation="principal_first" if settings.revision.imputacion == "principal" else "interest_first",
    )
    papers = documents(row)
    priors = row.priors.filter(removed_at=None).select_related("document").order_by("sent_on", "pk")
    keys = {each.key for each in papers}
    return Case(
        id=row.number,
        country=row.country,
        proceeding=row.proceeding,
        court=Court(name=row.organ, code=row.organ_code, province=row.organ_province, locality=row.organ_locality),
        parties=(_claimant(claimant, keys), *defendants),
        title=row.title,
        sheet=sheet,
        facts=(*row.facts, *_reserved(claimed)),
        grounds=tuple(row.grounds),
        petition=tuple(row.petition),
        documents=tuple(_document(each) for each in papers),
        prior_claims=tuple(
            PriorClaim(
                kind=each.kind,
                sent_on=each.sent_on,
                channel=each.channel,
                reached_on=each.reached_on,
                offers_masc=each.offers_masc,
                outcome=PriorOutcome(each.outcome),
                document=each.document.key if each.document is not None and each.document.key in keys else "",
                confidential_offer=each.confidential_offer,
            )
            for each in priors
        ),
        contacts=contacts.of(row.debtor, [each.reference for each in claimed]),
        prepared_on=until,
        place=claimant.lugar or claimant.localidad,
    )


def documents(row: LegalCase) -> list[CaseDocument]:
    """The papers that count: neither rejected nor replaced, in the order of the index; the writ is none of them."""
    found = row.documents.filter(replaced_by=None).exclude(state=CaseDocument.States.REJECTED)
    return list(found.exclude(kind=DocumentKind.WRIT.value).order_by("position", "pk"))


def own_writ(row: LegalCase) -> CaseDocument | None:
    """The lawyer's own copy of the writ, which takes the place of ours; None when there is none."""
    found = row.documents.filter(replaced_by=None, kind=DocumentKind.WRIT.value)
    own: CaseDocument | None = found.exclude(state=CaseDocument.States.REJECTED).order_by("-position", "-pk").first()
    return own


def content_hash(case: Case, writ: CaseDocument | None = None) -> str:
    """SHA-256 of what a package is made from: a change of it after preparing makes the package stale.

    The acts of collection are left out (they go on every day and the package holds those of its day).
    """
    plain = asdict(replace(case, contacts=()))
    del plain["sheet"]
    rows = [
        [each.invoice.reference, row.concept, row.text, str(row.money.amount)]
        for each in case.sheet.invoices
        for row in each.rows
    ]
    text = json.dumps(
        [plain, rows, writ.sha256 if writ is not None else ""], default=str, sort_keys=True, ensure_ascii=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def situation(row: LegalCase, case: Case, on: date, packaged: Iterable[str] = ()) -> Situation:
    """What the house knows beside the case, on a day."""
    waiting = row.documents.filter(replaced_by=None, state=CaseDocument.States.PENDING)
    pending = waiting.order_by("position", "pk").values_list("title", flat=True)
    claimed = items(row)
    ids = [each.invoice_id for each in claimed]
    held = _held([each.invoice for each in claimed], row.number)
    # A part that is held is no obstacle: it is left out of the claim.
    stopped = [each.reference for each in claimed if held[each.invoice_id] >= each.invoice.open > 0]
    others = (
        Item.objects.filter(invoice__in=ids, dropped_at=None)
        .exclude(case=row)
        .exclude(case__stage__in=LegalCase.ENDED)
        .values_list("case__number", flat=True)
    )
    stopped += [told_of(each) for each in agreements.running(row.debtor_id, row.currency)]
    return Situation(
        on=on,
        unreviewed=tuple(pending),
        packaged=frozenset(packaged),
        held=tuple(stopped),
        insolvent=_holds(row.debtor_id, ids, row.number).filter(source__startswith="concurso").exists(),
        filed=tuple(sorted(set(others))),
    )


def told_of(agreement: Agreement) -> str:
    """A running agreement as the reason why nothing is claimed."""
    day = agreement.accepted_at.astimezone(clock.MADRID).date()
    return f"acuerdo de pago en curso desde el {write_day(day)} ({agreement.get_standing_display().lower()})"


def balance_changes(row: LegalCase) -> tuple[str, ...]:
    """Invoices whose balance is no longer what was frozen, each as a Spanish line."""
    found, claimed = [], items(row)
    held = _held([each.invoice for each in claimed], row.number)
    for item in claimed:
        if item.open is not None and item.invoice.open != item.open:
            found.append(f"{item.reference}: quedaban {item.open:f} y quedan {item.invoice.open:f}")
            continue
        part, before = _part(item.invoice, held), item.held or Decimal(0)
        if item.open is not None and part != before:
            found.append(f"{item.reference}: se retenían {before:f} y se retienen {part:f}")
    return tuple(found)


def last_preparation(row: LegalCase) -> Preparation | None:
    """The package that counts: the newest."""
    found: Preparation | None = row.preparations.order_by("-ordinal").first()
    return found


def waivers(item: Item) -> dict[str, ClaimDecision]:
    """The decision that counts for each concept of an item."""
    return {each.concept: each for each in item.decisions.order_by("at", "pk")}


def _holds(debtor: int, invoices: Iterable[int], case: str) -> QuerySet[Hold]:
    """Live holds on invoices of a debtor or on all that it owes, but the case's own."""
    found = Hold.objects.filter(released_at=None, debtor=debtor).filter(Q(invoice__in=invoices) | Q(invoice=None))
    return found.exclude(source=f"expediente:{case}")


def _held(invoices: Sequence[Invoice], case: str) -> dict[int, Decimal]:
    """How much of each invoice's open balance is held, the case's own hold apart; all of it when no amount is said."""
    found = {each.pk: Decimal(0) for each in invoices}
    if not invoices:
        return found
    for hold in _holds(invoices[0].debtor_id, list(found), case):
        for each in invoices:
            if hold.invoice_id in (None, each.pk):
                found[each.pk] += each.open if hold.amount is None else hold.amount
    return found


def _part(invoice: Invoice, held: Mapping[int, Decimal]) -> Decimal:
    """What of an invoice is held in part; 0 when nothing is, or all of it."""
    return held[invoice.pk] if held[invoice.pk] < invoice.open else Decimal(0)


def _reserved(claimed: Iterable[Claimed]) -> Iterable[str]:
    """The fact that says what is left out, so that claiming a part gives up nothing of the rest."""
    for each in claimed:
        if each.held is not None:
            left = f"{write_amount(each.held.amount)} {each.held.currency}"
            yield (
                f"De la factura {each.reference} se reclama solo la parte no discutida. Los {left} restantes no son "
                "objeto de esta petición, con reserva de las acciones que correspondan."
            )


def _demanded(row: LegalCase, until: date) -> date | None:
    """First day on which a demand for payment is known to have reached the debtor: interest may count from it."""
    days = row.priors.filter(removed_at=None, reached_on__lte=until).values_list("reached_on", flat=True)
    return min((each for each in days if each is not None), default=None)


def _claimed(item: Item, currency: str, until: date, demanded: date | None) -> Claimed:
    state = frozen(item)
    decided = waivers(item)
    return Claimed(
        reference=item.reference,
        principal=Money(currency, state.gross - state.elsewhere),
        due=item.due_on,
        demanded=None if demanded is None else max(demanded, item.due_on),
        payments=tuple(
            Payment(on=min(date.fromisoformat(day), until), money=Money(currency, Decimal(amount)), reference=reference)
            for day, amount, reference in state.payments
        ),
        interest_waiver=_waiver(decided.get(ClaimDecision.Concepts.INTEREST)),
        recovery_waiver=_waiver(decided.get(ClaimDecision.Concepts.RECOVERY)),
        held=Money(currency, state.held) if state.held else None,
    )


def _waiver(decision: ClaimDecision | None) -> Waiver | None:
    if decision is None or not decision.waived:
        return None
    return Waiver(by=decision.person, why=decision.why, on=decision.at.date())


def _claimant(data: Claimant, keys: set[str]) -> Party:
    return Party(
        role=Role.CLAIMANT,
        person=Person(data.persona),
        name=data.nombre,
        tax_id=data.id.replace(" ", ""),
        country=data.pais,
        address=data.domicilio,
        postal_code=data.codigo_postal,
        locality=data.localidad,
        province=data.provincia,
        email=data.correo,
        phone=data.telefono,
        representatives=tuple(
            Representative(
                quality=each.calidad,
                name=each.nombre,
                tax_id=each.id,
                licence=each.colegiado,
                power=each.poder if each.poder in keys else "",
            )
            for each in data.representantes
        ),
    )


def _defendant(row: Any) -> Party:
    return Party(
        role=Role.DEFENDANT,
        person=Person(row.person),
        name=row.name,
        tax_id=row.tax_id,
        country=row.country,
        address=row.address,
        postal_code=row.postal_code,
        locality=row.locality,
        province=row.province,
        email=row.email,
        phone=row.phone,
        consumer=row.consumer,
    )


def _document(row: CaseDocument) -> Document:
    return Document(
        key=row.key,
        file=row.file,
        title=row.title,
        kind=DocumentKind(row.kind),
        dated=row.dated,
        proves=tuple(row.proves),
        original=row.original,
        confidential=row.confidential,
        redact=tuple(row.redact),
        sha256=row.sha256,
    )
