"""Brings an ERP's open documents into the ledger. Doing it twice changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from cobranza.kernel import clock
from cobranza.kernel.money import minor_units
from cobranza.ledger import balance
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Allocation, Contact, Creditor, Debtor, Invoice, PayerAccount
from cobranza.ledger.receivables import Customer, OpenDocument, OpenLedger
from cobranza.ledger.rules import LedgerError, refusals

_BATCH = 1000
_DOCUMENT_FIELDS = (
    "number", "issued_on", "due_on", "net", "tax", "gross", "payment_reference", "customer_reference", "mandate",
    "remittance",
)  # fmt: skip
_CUSTOMER_FIELDS = {"name": "name", "trade_name": "trade_name", "tax_id": "tax_id", "country": "country"}


class IncompleteLedger(LedgerError):
    """The ERP's list is not whole, so nothing may be concluded from what is missing in it."""

    code = "COB-LIB-010"
    remedy = "No se ha tocado nada. Vuelva a leer el ERP; si se repite, compare el recuento con la pantalla del ERP."


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerImport:
    """What an import changed. Documents by their ERP key.

    Attributes:
        new: Not known before.
        changed: Known, with other data or another balance.
        unchanged: How many were as known.
        vanished: Open here (or not yet wholly applied there) and no longer in the ERP's list: settled there.
        stale: Left alone: our own posting is later than the reading.
        issues: What a person has to look at, one Spanish line each.
        debtors: How many debtors were created or changed.
    """

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: int = 0
    vanished: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    issues: tuple[str, ...] = ()
    debtors: int = 0


@dataclass(slots=True)
class _Work:
    """What an import has gathered so far, before it is written."""

    read_at: datetime
    new: list[Invoice] = field(default_factory=list)
    changed: list[Invoice] = field(default_factory=list)
    same: list[int] = field(default_factory=list)
    vanished: list[Invoice] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    issues: list[str] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    allocations: list[Allocation] = field(default_factory=list)


def import_ledger(
    creditor: Creditor,
    erp: str,
    ledger: OpenLedger,
    *,
    actor: Actor,
    read_at: datetime | None = None,
    accept_empty: bool = False,
) -> LedgerImport:
    """Take over what an ERP says is open, document by document.

    A document that is open here and missing in a whole list was settled in the ERP: its balance goes to zero through
    `elsewhere`, it is marked with `vanished_at` and is never deleted; it comes back if the ERP lists it again.

    Args:
        creditor: Whose documents.
        erp: Slug of the connector that read them.
        ledger: The list with its control count.
        actor: Who reads.
        read_at: When the reading began; documents that we posted to since then are left alone. Now by default.
        accept_empty: An empty list is believed although documents are open here.

    Raises:
        IncompleteLedger: the list does not reach its own control count, repeats a key, or is empty although documents
            are open here.
    """
    work = _Work(read_at=read_at or clock.now(), issues=list(ledger.issues))
    _check_whole(ledger)
    with refusals(), transaction.atomic():
        Creditor.objects.select_for_update(no_key=True).get(pk=creditor.pk)  # one import at a time
        debtors, touched = _take_customers(creditor, erp, ledger.customers)
        known = _known(creditor, erp, [document.key for document in ledger.documents])
        if not ledger.documents and not accept_empty and any(row.state != "settled" for row in known.values()):
            raise IncompleteLedger("El ERP dice que no hay nada pendiente y aquí hay documentos abiertos.")
        active = _active_allocations(known.values())
        for document in ledger.documents:
            row = known.pop(document.key, None)
            debtor = debtors.get(document.customer)
            problem = _problem(document, row)
            if debtor is None:
                work.issues.append(f"{document.number}: su cliente «{document.customer}» no está en la lista.")
            elif problem:
                work.issues.append(f"{document.number}: {problem}")
            elif row is None:
                work.new.append(_fresh(creditor, debtor, erp, document, work))
            else:
                _compare(row, debtor, document, active.get(row.pk, []), work)
        if not ledger.issues:  # a row that could not be read is not a document that vanished
            for row in known.values():
                _vanish(row, active.get(row.pk, []), work)
        _write(work)
        record(
            "ledger.read",
            creditor,
            {
                "erp": erp,
                "documents": len(ledger.documents),
                "control": [ledger.control_count, ledger.control_source],
                "read_at": work.read_at,
                "new": len(work.new),
                "changes": work.changes,
                "vanished": [row.erp_key for row in work.vanished],
                "stale": work.stale,
                "issues": work.issues,
            },
            actor,
            creditor=creditor,
            seals=[*touched, *work.new, *work.changed, *work.vanished, *work.allocations],
        )
    return LedgerImport(
        new=tuple(row.erp_key for row in work.new),
        changed=tuple(row.erp_key for row in work.changed),
        unchanged=len(work.same),
        vanished=tuple(row.erp_key for row in work.vanished),
        stale=tuple(work.stale),
        issues=tuple(work.issues),
        debtors=len(touched),
    )


def _check_whole(ledger: OpenLedger) -> None:
    told = len(ledger.documents) + len(ledger.issues)
    if ledger.control_count != len(ledger.documents) and ledger.control_count != told:
        raise IncompleteLedger(
            f"Se leyeron {len(ledger.documents)} documentos y el ERP anuncia {ledger.control_count} "
            f"({ledger.control_source})."
        )
    keys = {document.key for document in ledger.documents}
    if len(keys) != len(ledger.documents):
        raise IncompleteLedger("La lista del ERP repite documentos.")


def _take_customers(
    creditor: Creditor, erp: str, customers: Iterable[Customer]
) -> tuple[dict[str, Debtor], list[Debtor]]:
    """Every debtor of the list by its ERP key, and those that are new or changed."""
    known = {row.erp_key: row for row in Debtor.objects.filter(creditor=creditor, erp=erp)}
    fresh: list[Debtor] = []
    changed: list[Debtor] = []
    listed = {customer.key: customer for customer in customers}
    for customer in listed.values():
        row = known.get(customer.key)
        values = {name: getattr(customer, source) for name, source in _CUSTOMER_FIELDS.items()}
        values["group_key"] = customer.group
        if row is None:
            row = known[customer.key] = Debtor(creditor=creditor, erp=erp, erp_key=customer.key, **values)
            fresh.append(row)
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            row.updated_at = clock.now()
            changed.append(row)
    Debtor.objects.bulk_create(fresh, batch_size=_BATCH)
    Debtor.objects.bulk_update(changed, [*_CUSTOMER_FIELDS, "group_key", "updated_at"], batch_size=_BATCH)
    _take_contacts(erp, [(known[key], customer) for key, customer in listed.items()])
    return known, [*fresh, *changed]


def _take_contacts(erp: str, pairs: list[tuple[Debtor, Customer]]) -> None:
    """Add what the ERP tells. What it no longer tells stays: a person may have relied on it."""
    contacts = [
        Contact(debtor=row, kind=kind, value=value, source=erp)
        for row, customer in pairs
        for kind, value in ((Contact.Kinds.EMAIL, customer.email), (Contact.Kinds.PHONE, customer.phone))
        if value
    ]
    accounts = [
        PayerAccount(debtor=row, number=number.replace(" ", "").upper(), source=erp)
        for row, customer in pairs
        for number in customer.accounts
        if number
    ]
    ids = [row.pk for row, _ in pairs]
    there = set(Contact.objects.filter(debtor__in=ids).values_list("debtor_id", "kind", "value"))
    contacts = [row for row in contacts if (row.debtor_id, str(row.kind), row.value) not in there]
    numbers = set(PayerAccount.objects.filter(debtor__in=ids).values_list("debtor_id", "number"))
    accounts = [row for row in accounts if (row.debtor_id, row.number) not in numbers]
    Contact.objects.bulk_create(contacts, batch_size=_BATCH, ignore_conflicts=True)
    PayerAccount.objects.bulk_create(accounts, batch_size=_BATCH, ignore_conflicts=True)


def _known(creditor: Creditor, erp: str, keys: list[str]) -> dict[str, Invoice]:
    """The documents of the list and those still open here or (what we applied) there, locked in order."""
    behind = Allocation.objects.filter(reversed_at=None, invoice__creditor=creditor).exclude(in_erp=F("applied"))
    rows = (
        Invoice.objects.select_for_update(no_key=True)
        .filter(
            Q(erp_key__in=keys) | ~Q(state="settled") | Q(pk__in=behind.values("invoice")), creditor=creditor, erp=erp
        )
        .order_by("pk")
    )
    return {row.erp_key: row for row in rows}


def _active_allocations(rows: Iterable[Invoice]) -> dict[int, list[Allocation]]:
    ids = [row.pk for row in rows if row.touched_at is not None]
    found: dict[int, list[Allocation]] = {}
    for allocation in Allocation.objects.filter(invoice__in=ids, reversed_at=None).order_by("pk"):
        found.setdefault(allocation.invoice_id, []).append(allocation)
    return found


def _problem(document: OpenDocument, row: Invoice | None) -> str:
    if (document.gross < 0) != (document.kind == "credit_note") and document.gross != 0:
        return f"es {document.kind} y su total es {document.gross}."
    step = Decimal(1).scaleb(-minor_units(document.currency))
    if any(value != value.quantize(step) for value in (document.net, document.tax, document.gross, document.open)):
        return f"tiene más decimales que {document.currency}."
    if row is not None and (row.kind, row.currency) != (document.kind, document.currency):
        return "ha cambiado de clase o de moneda en el ERP."
    return ""


def _fresh(creditor: Creditor, debtor: Debtor, erp: str, document: OpenDocument, work: _Work) -> Invoice:
    found = balance.explain(document.gross, balance.ZERO, [], document.open)
    if found.complaint:
        work.issues.append(f"{document.number}: {found.complaint}.")
    return Invoice(
        creditor=creditor,
        debtor=debtor,
        erp=erp,
        erp_key=document.key,
        kind=document.kind,
        currency=document.currency,
        elsewhere=found.elsewhere,
        read_at=work.read_at,
        **{name: getattr(document, name) for name in _DOCUMENT_FIELDS},
    )


def _compare(row: Invoice, debtor: Debtor, document: OpenDocument, allocations: list[Allocation], work: _Work) -> None:
    if row.touched_at is not None and row.touched_at > work.read_at:
        work.stale.append(row.erp_key)
        return
    changes: dict[str, list[Any]] = {}
    for name in _DOCUMENT_FIELDS:
        if getattr(row, name) != getattr(document, name):
            changes[name] = [getattr(row, name), getattr(document, name)]
            setattr(row, name, getattr(document, name))
    if row.debtor_id != debtor.pk:
        changes["debtor"] = [row.debtor_id, debtor.pk]
        row.debtor = debtor
    if row.vanished_at is not None:
        changes["vanished_at"] = [row.vanished_at, None]
        row.vanished_at = None
    _settle(row, document.open, allocations, changes, work)
    if changes:
        row.read_at = work.read_at
        work.changed.append(row)
        work.changes.append({"key": row.erp_key, "number": row.number, **changes})
    else:
        work.same.append(row.pk)


def _vanish(row: Invoice, allocations: list[Allocation], work: _Work) -> None:
    if row.touched_at is not None and row.touched_at > work.read_at:
        work.stale.append(row.erp_key)
        return
    changes: dict[str, list[Any]] = {}
    _settle(row, balance.ZERO, allocations, changes, work)
    if changes:
        row.vanished_at = row.read_at = work.read_at
        work.vanished.append(row)
        work.changes.append({"key": row.erp_key, "number": row.number, **changes})


def _settle(
    row: Invoice, erp_open: Decimal, allocations: list[Allocation], changes: dict[str, list[Any]], work: _Work
) -> None:
    parts = [balance.Part(applied=part.applied, in_erp=part.in_erp) for part in allocations]
    found = balance.explain(row.gross, row.elsewhere, parts, erp_open)
    if found.complaint:
        work.issues.append(f"{row.number}: {found.complaint}.")
    if found.elsewhere != row.elsewhere:
        changes["elsewhere"] = [row.elsewhere, found.elsewhere]
        row.elsewhere = found.elsewhere
    for part, held in zip(allocations, found.in_erp, strict=True):
        if part.in_erp != held:
            changes[f"in_erp:{part.pk}"] = [part.in_erp, held]
            part.in_erp = held
            work.allocations.append(part)


def _write(work: _Work) -> None:
    Invoice.objects.bulk_create(work.new, batch_size=_BATCH)
    Invoice.objects.bulk_update(
        [*work.changed, *work.vanished],
        [*_DOCUMENT_FIELDS, "debtor", "elsewhere", "vanished_at", "read_at"],
        batch_size=_BATCH,
    )
    Invoice.objects.filter(pk__in=work.same).update(read_at=work.read_at)
    Allocation.objects.bulk_update(work.allocations, ["in_erp"], batch_size=_BATCH)
