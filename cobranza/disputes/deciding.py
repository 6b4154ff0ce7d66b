"""What people decide about a case: its category, its debtor and documents, that two are one, that it is over.

A decision, what it changes and the word to the desk are one transaction; the robot carries the word out, once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from cobranza.disputes import cases, desk_words, policy, talking, ticketing
from cobranza.disputes.cases import LinkPlan
from cobranza.disputes.desk_words import Word
from cobranza.disputes.models import Decision, Dispute, Link, Mail
from cobranza.disputes.ports import Category, Hold
from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_money
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Contact, Debtor

_Kinds = Decision.Kinds
_Reviews = Dispute.Reviews
_States = Dispute.States


NO_REPLY = "La respuesta propuesta era para otra categoría: no la use."


class CannotDecide(BusinessError):
    """What was asked does not fit the case as it stands."""

    code = "COB-DIS-014"
    remedy = "Vuelva a cargar la página y mire cómo está el caso."


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a person says about a case.

    Attributes:
        category: Slug.
        secondary: A second matter, "" for none.
        debtor: Row of the debtor, None when nobody knows.
        links: Documents of that debtor, with what is disputed of each.
        callback: Whom they called, at which number, and what was said; a change of bank details waits for it.
        note: For the history and the desk.
        learn_address: The sender is a contact of the debtor from now on.
    """

    category: str
    secondary: str = ""
    debtor: int | None = None
    links: Sequence[LinkPlan] = ()
    callback: str = ""
    note: str = ""
    learn_address: bool = False


def decide(case: Dispute, choice: Choice, categories: Mapping[str, Category], *, person: str) -> Decision:
    """Do what a person says: sort, tie, hold, tell the desk, and keep it for learning.

    Raises:
        UnknownCategory: no such category.
        CannotDecide: the case is over, or a document is not the debtor's.
    """
    entry = policy.category(categories, choice.category)
    actor = Actor.person(person)
    with transaction.atomic():
        row = cases.locked(case)
        if row.state not in Dispute.LIVE:
            raise CannotDecide(f"La disputa {row.pk} está «{row.get_state_display()}».")
        theirs = Debtor.objects.select_for_update(no_key=True).filter(creditor=row.creditor_id)
        debtor = theirs.filter(pk=choice.debtor).first() if choice.debtor else None
        _check_links(choice, debtor)
        mail = row.mails.filter(opens=True).first()
        before = str(mail.judgement.get("label", "")) if mail is not None else ""
        rerouted, tags = row.category != entry.slug, {*categories, row.category, row.secondary}
        row.category, row.secondary, row.debtor = entry.slug, choice.secondary, debtor
        row.decided_by, row.decided_by_name = "person", person
        row.callback = choice.callback or row.callback
        row.alert = entry.needs_callback and not row.callback
        row.whole_debtor = debtor is not None and not choice.links and entry.hold is Hold.NAMED_DOCUMENTS
        waits = [policy.CALL_BACK] if row.alert else []
        if row.state == _States.TO_CLOSE:
            waits.append("La mesa la da por resuelta: falta cerrarla")
        row.review, row.review_reasons = (_Reviews.WAITING if waits else _Reviews.DONE), waits
        row.suggestion = {}
        row.reply = "" if rerouted else row.reply  # it answered something else
        row.due_at = policy.due(mail.received_at, entry) if mail is not None else row.due_at
        row.save()
        changed = cases.set_links(row, choice.links, actor=actor)
        if choice.learn_address and debtor is not None and mail is not None and mail.sender:
            Contact.objects.get_or_create(
                debtor=debtor,
                kind=Contact.Kinds.EMAIL,
                value=mail.sender[:300],
                defaults={"source": f"correo, {person}"},
            )
        decision = _decided(
            row,
            mail,
            _Kinds.CONFIRMED if before == entry.slug else _Kinds.CORRECTED,
            person=person,
            before=before,
            after=entry.slug,
            secondary=choice.secondary,
            note=choice.note,
        )
        lines = [f"{person}: {entry.name}" if before == entry.slug else f"{person} lo cambia a «{entry.name}»"]
        lines += [f"Departamento: {entry.department}", NO_REPLY] if rerouted else []
        lines += [f"Documento: {link.invoice.number}" for link in cases.live_links(row)]
        lines += [f"Llamada de comprobación: {row.callback}"] if choice.callback else []
        lines += [choice.note] if choice.note else []
        route = ticketing.route(
            entry, moves=rerouted, secondary=row.secondary, waits=bool(waits), alert=row.alert, before=tags,
            fields=_fields(row), due=row.due_at,
        )  # fmt: skip
        _tell_desk(row, decision, "\n".join(lines), route=route)
        payload = {"before": before, "after": entry.slug, "person": person}
        cases.tell("dispute.decided", row, payload, actor, links=changed)
        talking.belongs(row, actor=actor)
    return decision


def merge(case: Dispute, into: Dispute, *, person: str) -> Decision:
    """Say that two cases are one: the documents and what comes later go to `into`, whose ticket counts.

    Raises:
        CannotDecide: one of them is over, they are of two companies or two debtors, or they are the same.
    """
    actor = Actor.person(person)
    with transaction.atomic():
        first, second = sorted((case.pk, into.pk))
        rows = {pk: cases.locked(Dispute(pk=pk)) for pk in dict.fromkeys((first, second))}
        row, target = rows[case.pk], rows[into.pk]
        if row.pk == target.pk or row.state not in Dispute.LIVE or target.state not in Dispute.LIVE:
            raise CannotDecide("Solo se unen dos disputas distintas que sigan abiertas.")
        if row.creditor_id != target.creditor_id or (row.debtor_id and target.debtor_id not in (None, row.debtor_id)):
            raise CannotDecide("Son de deudores distintos.")
        if target.debtor_id is None:
            target.debtor = row.debtor
            target.save(update_fields=["debtor"])
        plans = {link.invoice_id: _plan(link) for link in cases.live_links(row)}
        plans |= {link.invoice_id: _plan(link) for link in cases.live_links(target)}
        cases.lift_holds(row, reason=f"Unida a la disputa {target.pk}", actor=actor)
        row.state, row.merged_into, row.review = _States.MERGED, target, _Reviews.DONE
        row.closed_at, row.closed_reason = clock.now(), f"Unida a la disputa {target.pk}"
        row.save(update_fields=["state", "merged_into", "review", "closed_at", "closed_reason"])
        changed = cases.set_links(target, plans.values(), actor=actor)
        mail = row.mails.filter(opens=True).first()
        decision = _decided(row, mail, _Kinds.MERGED, person=person, note=f"Con la disputa {target.pk}")
        where, whence = (f"ticket {one.ticket}" if one.ticket else f"caso {one.pk}" for one in (target, row))
        _tell_desk(row, decision, f"{person}: es lo mismo que el {where}. Se sigue allí.", status="solved")
        lines = [f"{person} une aquí el {whence}, que es lo mismo."]
        lines += [f"Documento: {link.invoice.number}" for link in cases.live_links(target)]
        _tell_desk(target, decision, "\n".join(lines))
        cases.tell("dispute.merged", row, {"into": target.pk, "person": person}, actor)
        cases.tell("dispute.grown", target, {"from": row.pk, "person": person}, actor, links=changed)
        talking.belongs(target, actor=actor)
    return decision


def close(case: Dispute, *, person: str, reason: str) -> Decision:
    """End a case by a person's word: what it held may be claimed again.

    Raises:
        CannotDecide: it is over, there is no reason, or nobody has called back about a change of bank details.
    """
    if not reason.strip():
        raise CannotDecide("Falta el motivo.", remedy="Escriba por qué se cierra.")
    with transaction.atomic():
        row = cases.locked(case)
        if row.state not in Dispute.LIVE:
            raise CannotDecide(f"La disputa {row.pk} está «{row.get_state_display()}».")
        if row.alert and not row.callback:
            raise CannotDecide(
                "Nadie ha anotado la llamada de comprobación.",
                remedy="Llame a un número que constara antes, anote con quién habló y cierre después.",
            )
        mail = row.mails.filter(opens=True).first()
        decision = _decided(row, mail, _Kinds.CLOSED, person=person, note=reason)
        cases.close(row, reason=reason, actor=Actor.person(person))
        _tell_desk(row, decision, f"{person} lo cierra: {reason}", status="solved")
    return decision


def reopen(case: Dispute, *, person: str, reason: str) -> Decision:
    """Take a case up again by a person's word; its holds are put back."""
    with transaction.atomic():
        row = cases.locked(case)
        if row.state not in (_States.CLOSED, _States.TO_CLOSE):
            raise CannotDecide(f"La disputa {row.pk} está «{row.get_state_display()}».")
        mail = row.mails.filter(opens=True).first()
        decision = _decided(row, mail, _Kinds.REOPENED, person=person, note=reason)
        cases.reopen(row, reason=reason, actor=Actor.person(person))
        _tell_desk(row, decision, f"{person} lo abre de nuevo: {reason}".removesuffix(": "), status="open")
    return decision


def write_note(case: Dispute, text: str, *, person: str) -> Decision:
    """Write something down without deciding; the desk is told."""
    if not text.strip():
        raise CannotDecide("La nota está vacía.", remedy="Escriba qué quiere dejar anotado.")
    with transaction.atomic():
        row = cases.locked(case)
        decision = _decided(row, None, _Kinds.NOTED, person=person, note=text)
        _tell_desk(row, decision, f"{person}: {text}")
    return decision


def record_retry(mail: Mail, *, person: str) -> Decision:
    """Keep that a person sent a mail back to where it stopped."""
    return _decided(mail.dispute, mail, _Kinds.RETRIED, person=person, note=str(mail.problem.get("message", "")))


# ---- learning


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A mail whose category a person said.

    Attributes:
        key: SHA-256 of its bytes.
        raw: The message, whole.
        facts: What the ledger knew then, by name of `LedgerFacts`.
        label: What the person said.
        secondary: The second matter, "" for none.
        predicted: What the model had said.
        confidence: Of the model.
        abstained: The model was not sure.
        model: Its version.
        at: When the person said so.
    """

    key: str
    raw: bytes
    facts: Mapping[str, object]
    label: str
    secondary: str
    predicted: str
    confidence: Decimal
    abstained: bool
    model: str
    at: datetime


def labelled(creditor: int | None = None) -> Iterator[Labelled]:
    """What people said about mails, the last word about each, oldest first: what a classifier may learn from.

    Args:
        creditor: Of one company; all by default.
    """
    rows = Decision.objects.filter(
        kind__in=(_Kinds.CONFIRMED, _Kinds.CORRECTED), mail__raw__erased_at=None, mail__raw__isnull=False
    )
    if creditor is not None:
        rows = rows.filter(dispute__creditor=creditor)
    last = rows.order_by("mail", "-pk").distinct("mail").values("pk")
    for row in Decision.objects.filter(pk__in=last).select_related("mail__raw").order_by("at", "pk").iterator(200):
        if row.mail is None or row.mail.raw is None:
            continue
        yield Labelled(
            key=row.mail.key,
            raw=bytes(row.mail.raw.content),
            facts=row.mail.judgement.get("facts", {}),
            label=row.after,
            secondary=row.secondary,
            predicted=row.before,
            confidence=row.confidence,
            abstained=row.abstained,
            model=row.model,
            at=row.at,
        )


# ---- small things


def _check_links(choice: Choice, debtor: Debtor | None) -> None:
    from cobranza.ledger.models import Invoice

    wanted = {one.invoice: one for one in choice.links}
    rows = Invoice.objects.filter(pk__in=wanted, debtor=debtor) if debtor is not None else Invoice.objects.none()
    found = {row.pk: row for row in rows}
    if len(found) != len(wanted):
        raise CannotDecide("Alguno de los documentos no es de ese deudor.", remedy="Elija primero el deudor.")
    for pk, one in wanted.items():
        if one.amount is not None and not 0 < one.amount <= abs(found[pk].gross):
            raise CannotDecide(
                f"De {found[pk].number} no se puede discutir ese importe.",
                remedy="Escriba una cantidad mayor que cero y no mayor que el total del documento.",
            )


def _plan(link: Link) -> LinkPlan:
    return LinkPlan(invoice=link.invoice_id, amount=link.amount, held=link.held, reason=link.reason)


def _decided(
    case: Dispute | None,
    mail: Mail | None,
    kind: str,
    *,
    person: str,
    before: str = "",
    after: str = "",
    secondary: str = "",
    note: str = "",
) -> Decision:
    said = mail.judgement if mail is not None else {}
    links = cases.live_links(case) if case is not None else []
    decision = Decision.objects.create(
        dispute=case,
        mail=mail,
        kind=kind,
        person=person,
        at=clock.now(),
        before=before,
        after=after,
        secondary=secondary,
        confidence=Decimal(str(said.get("confidence", "0"))),
        abstained=bool(said.get("abstain")),
        model=str(said.get("model", "")),
        links=[{"invoice": link.invoice.number, "amount": str(link.amount or ""), "held": link.held} for link in links],
        note=note.replace("\x00", ""),
    )
    subject = case if case is not None else mail
    creditor = case.creditor_id if case is not None else mail.creditor_id if mail is not None else None
    if subject is None:
        raise CannotDecide("Una decisión es sobre una disputa o sobre un correo.")
    payload = {"kind": kind, "before": before, "after": after, "model": decision.model}
    record("dispute.said", subject, payload, Actor.person(person), creditor=creditor, seals=[decision])
    return decision


def _tell_desk(
    case: Dispute, decision: Decision, text: str, *, route: dict[str, object] | None = None, status: str = ""
) -> None:
    """Plan the word to the desk in the caller's transaction."""
    desk_words.plan(case, Word(text=text, route=route or {}, status=status), seed=str(decision.pk))


def _fields(case: Dispute) -> dict[str, str]:
    """What the ticket's fields say of a case as it stands."""
    links = cases.live_links(case)
    held = (f"{link.invoice.number}: {_disputed(link)}" for link in links if link.held)
    debtor = f"{case.debtor.name} {case.debtor.tax_id}".strip() if case.debtor is not None else ""
    return {
        "deudor": debtor,
        "facturas": ", ".join(link.invoice.number for link in links),
        "importe": "; ".join(held),
    }


def _disputed(link: Link) -> str:
    amount = link.amount if link.amount is not None else link.invoice.open
    return write_money(Money(link.invoice.currency, amount))
