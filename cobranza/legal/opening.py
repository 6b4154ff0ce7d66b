"""From the ledger to the alert, and from the alert to a person's decision. Robots tell; only people decide to sue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.urls import reverse

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_amount, write_day
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Agreement, Contact, Creditor, Debtor, Hold, Invoice
from cobranza.legal import building, contacts, dossier, mailing, stages, tax_ids, thresholds, wording
from cobranza.legal.house import Legal
from cobranza.legal.models import CaseNumber, Defendant, Item, LegalCase
from cobranza.legal.stages import Stages
from cobranza.legal.thresholds import Arrear, Passed, Standing
from cobranza.runs import alerts
from cobranza.runs.models import AlertKind


class NothingToClaim(BusinessError):
    """There is nothing left that may be claimed."""

    code = "COB-EXP-023"
    remedy = "Mire el saldo y las retenciones del deudor."


class BadDay(BusinessError):
    """A day that makes no sense for what it is meant."""

    code = "COB-EXP-024"
    remedy = "Elija un día posterior a hoy."


@dataclass(frozen=True, slots=True, kw_only=True)
class Owing:
    """What one debtor owes in one currency, and what the thresholds see of it."""

    debtor: Debtor
    currency: str
    invoices: tuple[Invoice, ...]
    standing: Standing


def owing(creditor: Creditor, *, debtor: Debtor | None = None, apart_from: LegalCase | None = None) -> Iterator[Owing]:
    """Every debtor of a creditor with unsettled invoices that no case has taken up.

    Args:
        creditor: Whose.
        debtor: Only this one.
        apart_from: Invoices of this case count as free.
    """
    taken = Item.objects.filter(case__creditor=creditor, dropped_at=None)
    if apart_from is not None:
        taken = taken.exclude(case=apart_from)
    rows = (
        Invoice.objects.filter(creditor=creditor, kind="invoice", open__gt=0)
        .exclude(pk__in=taken.values("invoice"))
        .select_related("debtor")
        .order_by("debtor", "currency", "due_on", "number")
    )
    if debtor is not None:
        rows = rows.filter(debtor=debtor)
    live = Hold.objects.filter(released_at=None, debtor__creditor=creditor)
    by_invoice: defaultdict[int, list[Hold]] = defaultdict(list)
    by_debtor: defaultdict[int, list[Hold]] = defaultdict(list)
    for hold in live:
        (by_debtor[hold.debtor_id] if hold.invoice_id is None else by_invoice[hold.invoice_id]).append(hold)
    tried = contacts.attempts(creditor)
    agreed = {
        (each.debtor_id, each.currency): building.told_of(each)
        for each in Agreement.objects.filter(creditor=creditor, ended_at=None).order_by("accepted_at", "pk")
    }
    groups: defaultdict[tuple[int, str], list[Invoice]] = defaultdict(list)
    for row in rows:
        groups[row.debtor_id, row.currency].append(row)
    for (key, currency), invoices in groups.items():
        who = invoices[0].debtor
        standing = Standing(
            creditor=creditor.key,
            country=creditor.country,
            person=tax_ids.person(who.tax_id, who.country or creditor.country),
            group=who.group_key,
            attempts=tried[key],
            stopped="; ".join(
                [*(hold.reason for hold in by_debtor[key]), *filter(None, [agreed.get((key, currency))])]
            ),
            arrears=tuple(_arrear(each, by_invoice[each.pk]) for each in invoices),
        )
        yield Owing(debtor=who, currency=currency, invoices=tuple(invoices), standing=standing)


def alert_all(creditor: Creditor, settings: Legal, *, on: date, actor: Actor) -> list[LegalCase]:
    """Open a case in the stage of an alert for every debtor that has passed a threshold; again opens none."""
    made = []
    for found in owing(creditor):
        passed = thresholds.passed(found.standing, settings.umbrales, on)
        if passed is None:
            continue
        row = alert(found, passed, settings, actor=actor)
        if row is not None:
            made.append(row)
    return made


def alert(found: Owing, passed: Passed, settings: Legal, *, actor: Actor) -> LegalCase | None:
    """Open the case of one debtor and tell its lawyer; None when another process has, or has a case of theirs open."""
    creditor = found.debtor.creditor
    assigned = settings.assigned(creditor.key, creditor.country)
    invoices = [each for each in found.invoices if each.number in passed.invoices]
    at = clock.now()
    try:
        with transaction.atomic():
            row = LegalCase.objects.create(
                number=_number(at.astimezone(clock.MADRID).year),
                creditor=creditor,
                debtor=found.debtor,
                currency=found.currency,
                country=creditor.country,
                stage=Stages.ALERT,
                assigned_to=assigned.abogado if assigned else "",
                threshold=passed.threshold,
                reasons=list(passed.reasons),
                claimable=passed.total.amount,
                limitation=passed.limitation,
                opened_at=at,
                stage_at=at,
                changed_at=at,
            )
            made = [_take(row, each) for each in invoices]
            payload = {
                "threshold": passed.threshold,
                "reasons": list(passed.reasons),
                "invoices": list(passed.invoices),
            }
            record("legal.alerted", row, payload, actor, creditor=creditor, seals=[row, *made])
            message = (
                f"{row.number}: {found.debtor.name} debe {write_amount(passed.total.amount)} {passed.total.currency}. "
                f"{'; '.join(passed.reasons)}. Decida en {reverse('legal:case', args=[row.number])}"
            )
            alerts.open_alert(AlertKind.NEEDS_PERSON, key=f"legal:{row.number}", message=message)
            mailing.plan(row, passed, assigned, settings, actor=actor)
    except IntegrityError as exc:
        if "legal_one_open_case" in str(exc):
            return None
        raise
    return row


def kept_out(creditor: Creditor, settings: Legal, *, on: date) -> Iterator[tuple[Debtor, str]]:
    """Debtors that pass a threshold and of whom nobody is told, each with the reason: an agreement, an insolvency …"""
    for found in owing(creditor):
        free = replace(found.standing, stopped="")
        if found.standing.stopped and thresholds.passed(free, settings.umbrales, on) is not None:
            yield found.debtor, found.standing.stopped


def wake(settings: Legal, *, on: date, actor: Actor) -> int:
    """Alerts that were put off until today or before wait for a decision again. Returns how many."""
    count = 0
    for pk in LegalCase.objects.filter(stage=Stages.LATER, until__lte=on).values_list("pk", flat=True):
        with transaction.atomic():
            row = stages.locked(pk)
            if row.stage != Stages.LATER or row.until is None or row.until > on:
                continue
            stages.move(row, Stages.ALERT, actor=actor, why=f"Pasó el {write_day(row.until)}", changes={"until": None})
            count += 1
    return count


def put_off(row: LegalCase, *, until: date, why: str, today: date, person: str) -> LegalCase:
    """Not yet: the alert comes back on a day.

    Raises:
        WrongStage: it is no alert (any more).
        BadDay: a day that has passed.
        NeedsReason: no reason.
    """
    if until <= today:
        raise BadDay(f"El {write_day(until)} ya ha pasado.")
    with transaction.atomic():
        found = stages.locked(row)
        stages.require(found, Stages.ALERT, Stages.LATER)
        stages.move(found, Stages.LATER, actor=Actor.person(person), why=stages.reason(why), changes={"until": until})
        _answered(found, person)
    return found


def discard(row: LegalCase, *, why: str, person: str) -> LegalCase:
    """No claim for these invoices: nobody is told of them again. Raises `WrongStage`, `NeedsReason`."""
    with transaction.atomic():
        found = stages.locked(row)
        stages.require(found, Stages.ALERT, Stages.LATER, Stages.PREPARING, Stages.REVIEW)
        told = stages.reason(why)
        stages.move(found, Stages.DISCARDED, actor=Actor.person(person), why=told, changes={"until": None})
        _answered(found, person)
    return found


def accept(row: LegalCase, settings: Legal, *, on: date, person: str) -> LegalCase:
    """A person decides to prepare the claim: parties, court and first words are filled in, the robot assembles it.

    Raises:
        WrongStage: it is no alert (any more).
        NothingToClaim: everything has been paid or is held by now.
        ConfigError: no court or no legal data of the creditor in ``config/legal.toml``.
    """
    with transaction.atomic():
        found = stages.locked(row)
        stages.require(found, Stages.ALERT, Stages.LATER)
        settings.claimant(found.creditor.key)
        defendant = _defendant(found)
        court = dossier.organ_of(found, settings, defendant) or {}
        touched = _refresh(found, on)
        words = wording.of(found.country, court.get("proceeding", ""))
        numbers = list(found.items.filter(dropped_at=None).values_list("reference", flat=True))
        changes = {
            "until": None,
            "title": words.title,
            "facts": list(words.facts),
            "grounds": list(words.grounds),
            "petition": list(words.petition),
            **court,
        }
        stages.move(
            found,
            Stages.PREPARING,
            actor=Actor.person(person),
            told={"invoices": numbers},
            changes=changes,
            seals=[defendant, *touched],
        )
        _answered(found, person)
    return found


def _answered(row: LegalCase, person: str) -> None:
    """Whoever decides has seen the alert."""
    for pk in alerts.open_alerts().filter(key=f"legal:{row.number}").values_list("pk", flat=True):
        alerts.acknowledge(pk, person)


def _refresh(row: LegalCase, on: date) -> list[Item]:
    """Take up what has fallen due since the alert, let go of what is paid or held whole; gives what changed."""
    open_ = owing(row.creditor, debtor=row.debtor, apart_from=row)
    free = next((each for each in open_ if each.currency == row.currency), None)
    claimable = {}
    if free is not None and free.standing.stopped:
        raise NothingToClaim(
            f"A {row.debtor.name} no se le puede reclamar ahora: {free.standing.stopped}.",
            remedy="Aplace el aviso hasta que termine, o descártelo.",
        )
    if free is not None:
        left = {each.number: (each.money - each.held).amount for each in free.standing.arrears if each.due < on}
        claimable = {each.pk: each for each in free.invoices if left.get(each.number, Decimal(0)) > 0}
    if not claimable:
        raise NothingToClaim(f"{row.debtor.name} ya no debe nada que se pueda reclamar.")
    touched = []
    there = {each.invoice_id: each for each in row.items.all()}
    for pk, item in there.items():
        gone = None if pk in claimable else item.dropped_at or clock.now()
        if gone != item.dropped_at:
            item.dropped_at = gone
            item.save(update_fields=["dropped_at"])
            touched.append(item)
    for pk, invoice in claimable.items():
        if pk not in there:
            touched.append(_take(row, invoice))
    return touched


def _take(row: LegalCase, invoice: Invoice) -> Item:
    return Item.objects.create(case=row, invoice=invoice, reference=invoice.number, due_on=invoice.due_on)


def _defendant(row: LegalCase) -> Defendant:
    there = row.defendants.order_by("pk").first()
    if there is not None:
        return there
    debtor = row.debtor
    known = dict(Contact.objects.filter(debtor=debtor).order_by("-pk").values_list("kind", "value"))
    country = debtor.country or row.country
    kind = tax_ids.person(debtor.tax_id, country)
    return Defendant.objects.create(
        case=row,
        person=kind or "juridica",
        name=debtor.name,
        tax_id=debtor.tax_id.replace(" ", ""),
        country=country,
        address=known.get(Contact.Kinds.ADDRESS, ""),
        email=known.get(Contact.Kinds.EMAIL, ""),
        phone=known.get(Contact.Kinds.PHONE, ""),
        consumer=kind == "fisica",  # until the lawyer says otherwise: a consumer owes no business interest
    )


def _number(year: int) -> str:
    CaseNumber.objects.bulk_create([CaseNumber(year=year)], ignore_conflicts=True)
    row = CaseNumber.objects.select_for_update().get(year=year)
    row.last += 1
    row.save(update_fields=["last"])
    return f"EXP-{year}-{row.last:06d}"


def _arrear(invoice: Invoice, holds: Iterable[Hold]) -> Arrear:
    amounts = [hold.amount for hold in holds]
    total = sum((amount for amount in amounts if amount is not None), Decimal(0))
    held = invoice.open if any(amount is None for amount in amounts) else min(invoice.open, total)
    return Arrear(
        number=invoice.number,
        due=invoice.due_on,
        money=Money(invoice.currency, invoice.open),
        held=Money(invoice.currency, held),
    )
