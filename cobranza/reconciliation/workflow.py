"""The nightly reconciliation, step by step, and the undoing of what it posted. The only file here that touches ports.

Two things keep the ERP's figures and ours in step, whatever is killed and whenever:

- *Reading* the ERP and *posting* to it exclude each other (an advisory lock of the database, shared by posters), so a
  payment never lands between reading an open balance and storing it.
- Before a reading is believed, the ERP is asked for the keys of every posting and reversal whose end we do not know.
  One whose request was still travelling when its robot died shows up there, and the reading is done again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import Q

from cobranza import suite
from cobranza.kernel import clock, spanish
from cobranza.kernel.spanish import write_amount, write_day
from cobranza.ledger.events import Actor
from cobranza.ledger.intake import LedgerImport, StatementImport, import_ledger, import_statement
from cobranza.ledger.models import BankAccount, Creditor, Movement
from cobranza.ledger.receivables import OpenLedger
from cobranza.ledger.registry import register_account, register_creditor
from cobranza.reconciliation import (
    bank_reading,
    erp_lock,
    ledger_frames,
    policy,
    postings,
    proposals,
    returns,
    reversal_intents,
    reversals,
    workbook,
)
from cobranza.reconciliation.advice import workflow as advices
from cobranza.reconciliation.learning import workflow as learning
from cobranza.reconciliation.matching import match
from cobranza.reconciliation.models import PostingIntent, Proposal, ReversalIntent
from cobranza.reconciliation.ports import BankPortal, Erp, PostingRefused, PostingUnknown, ReversalByHand
from cobranza.reconciliation.proposals import Stored
from cobranza.reconciliation.settings import Company, company
from cobranza.runs import context, items
from cobranza.runs.items import HeldItem

_REREADS = 3
_POSTING_ATTEMPTS = 6
_OUTCOMES = {
    Proposal.States.POSTED: "Registrado",
    Proposal.States.AUTOMATIC: "Seguro, por registrar",
    Proposal.States.ACCEPTED: "Aceptado por una persona",
    Proposal.States.REVIEW: "En revisión",
    Proposal.States.REFUSED: "Rechazado por el ERP",
    Proposal.States.DISMISSED: "Descartado por una persona",
    Proposal.States.UNRELATED: "No es un cobro",
    Proposal.States.REVERSING: "Se está deshaciendo",
    Proposal.States.REVERSED: "Deshecho, en revisión",
}


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a run did, for its summary, its workbook and the demo. Counts of movements unless said."""

    read: int = 0
    new: int = 0
    settled_before: int = 0
    posted: int = 0
    found_posted: int = 0
    refused: int = 0
    undone: int = 0
    waiting: int = 0
    stored: Stored = field(default_factory=Stored)
    documents: LedgerImport = field(default_factory=LedgerImport)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Night:
    """One reconciliation of one bank against one company's ERP, or work in the ERP alone.

    Attributes:
        company: Its settings.
        creditor: Its row in the ledger.
        erp: The company's ERP.
        queue: Where postings and reversals wait as work items.
        bank: Entry of ``config/banks.toml``, "" for work in the ERP alone.
        portal: That bank's portal, logged in; None for work in the ERP alone.
        tally: Filled in by the steps.
        seen: Ids of the movements that this run read, known or new.
    """

    company: Company
    creditor: Creditor
    erp: Erp
    queue: str
    bank: str = ""
    portal: BankPortal | None = None
    tally: Tally = field(default_factory=Tally)
    seen: set[int] = field(default_factory=set)

    @property
    def actor(self) -> Actor:
        """Who acts: the robot, by its run."""
        run = context.current()
        return Actor.robot(f"{run.robot or 'robot'}:{run.run_id or 'suelto'}")


def open_company(key: str) -> tuple[Company, Creditor]:
    """The company of ``config/companies.toml`` and its row, made or brought up to date."""
    settings = company(key)
    actor = Actor.robot("configuración")
    row = register_creditor(key, settings.nombre, actor=actor, tax_id=settings.nif, country=settings.pais)
    return settings, row


def finish_postings(night: Night) -> int:
    """Post and undo what is written down and not finished, ours or of runs that died; returns how many were worked."""
    if context.current().rehearse:
        return 0
    items.reclaim_lost()
    done = 0
    total = _waiting(night)
    for item in items.work(night.queue):
        with item:
            if "reversal" in item.payload:
                _undo(night, item)
            else:
                _post(night, item)
        done += 1
        context.progress(done, max(total, done), "Trabajando en el ERP")
    return done


def undo_asked(night: Night) -> int:
    """Take out of the ERP what people undid; in a rehearsal only count it. Returns how many were worked."""
    asked = reversal_intents.unfinished(night.creditor, erp=night.erp.slug)
    if context.current().rehearse:
        night.tally.waiting += len(asked)
        return 0
    for intent in asked:
        _queue_reversal(night, intent)
    return finish_postings(night)


def bring_documents(night: Night) -> LedgerImport:
    """Read every open document of the ERP into the ledger, see the module for what makes the reading trustworthy."""
    with erp_lock.exclusive(night.creditor):
        reading, read_at = _settled_reading(night)
        night.tally.documents = import_ledger(
            night.creditor, night.erp.slug, reading, actor=night.actor, read_at=read_at
        )
    night.tally.notes += night.tally.documents.issues
    return night.tally.documents


def bring_movements(night: Night, since: date, until: date, folder: Path) -> list[StatementImport]:
    """Read every account of the bank over both days inclusive, from screen and file, into the ledger."""
    if night.portal is None:
        raise ValueError("this work has no bank")
    results = []
    accounts = night.portal.accounts()
    for number, account in enumerate(accounts):
        context.progress(number, len(accounts), f"Leyendo la cuenta {account.number}")
        reading = bank_reading.read_account(night.portal, account, since, until, folder)
        row = register_account(
            night.creditor, account.number, account.currency, actor=night.actor, name=account.name, portal=night.bank
        )
        result = import_statement(
            row,
            reading.content.statements,
            source=reading.content.format,
            sha256=reading.sha256,
            actor=night.actor,
            format=f"{reading.content.format} {reading.content.version}".strip(),
            file_name=reading.file.name,
            days=(since, until),
        )
        results.append(result)
        night.tally.read += len(reading.statement.movements)
        night.tally.new += len(result.new)
        night.tally.notes += result.notes
        night.seen |= _movements_of(row, since, until)
        context.save_evidence(reading.file, f"Extracto de {account.number}", kind="download")
    return results


def propose(night: Night) -> Stored:
    """Match what is unmatched and keep the proposals; see `match_ledger`."""
    night.tally.stored = match_ledger(night.creditor, run=str(context.current().run_id or ""), actor=night.actor)
    return night.tally.stored


def match_ledger(creditor: Creditor, *, run: str, actor: Actor) -> Stored:
    """Match what is unmatched of a company and keep the proposals. Whoever matches, robot or console, does it so.

    What a person decided stays as it is, and teaches; what a payer's own advice says is taken before what the engine
    can guess.
    """
    rules = policy.read(suite.root() / "config" / policy.Policy.FILE)
    learning.learn(creditor, actor=actor)
    known = learning.known(creditor)
    frames = known.teach(ledger_frames.frames(creditor))
    advised = advices.guide(creditor, frames, policy=rules, actor=actor)
    fixed = advised.fixed_with(frames.fixed)
    result = match(frames.payments, frames.invoices, frames.customers, frames.fx, policy=rules, fixed=fixed)
    with transaction.atomic():
        stored = proposals.store(
            creditor,
            advised.merged(known.judge(result)),
            run=run,
            threshold=known.threshold(rules.umbral_automatico),
            actor=actor,
        )
        known.remember()
    return stored


def post_certain(night: Night) -> int:
    """Post what is certain or accepted by a person, returns included; in a rehearsal only count it.

    Returns how many reached an end.
    """
    ready = Proposal.objects.filter(
        creditor=night.creditor, state__in=(Proposal.States.AUTOMATIC, Proposal.States.ACCEPTED)
    ).prefetch_related("matches")
    if context.current().rehearse:
        night.tally.waiting = sum(len(proposal.matches.all()) for proposal in ready)
        return 0
    for proposal in ready.select_related("movement").order_by("pk"):
        for link in proposal.matches.all():
            try:
                with transaction.atomic():  # the intent and its work item, both or none
                    if returns.is_return(link, proposal.movement):
                        for undoing in returns.intend(link, actor=night.actor):
                            _queue_reversal(night, undoing)
                        continue
                    intent = postings.intend(link, actor=night.actor)
                    reference = f"{intent.invoice.number} · {intent.key}"  # the number for people, the key for ever
                    items.add(night.queue, reference, {"intent": intent.pk}, max_attempts=_POSTING_ATTEMPTS)
            except postings.NotPostable as exc:
                night.tally.notes.append(exc.message)
    return finish_postings(night)


def review_tray(night: Night) -> list[str]:
    """What waits for a person among the movements of this run, one Spanish line each."""
    waiting = Proposal.objects.filter(
        movement__in=night.seen,
        state__in=(Proposal.States.REVIEW, Proposal.States.REFUSED, Proposal.States.REVERSED),
    ).select_related("movement")
    return [
        f"{write_day(row.movement.booked_on)} {write_amount(row.movement.amount)} {row.movement.currency} "
        f"«{row.movement.text}»: {row.explanation}"
        for row in waiting.order_by("movement__booked_on", "pk")
    ]


def save_workbook(night: Night, file: Path) -> Path:
    """Write the run's Excel workbook: one row per movement that it read."""
    lines = list(_lines(night))
    facts: list[tuple[str, workbook.Cell]] = [
        ("Empresa", night.company.nombre),
        ("Banco", night.bank),
        ("Movimientos leídos", night.tally.read),
        ("De ellos nuevos", night.tally.new),
        ("Documentos abiertos nuevos o cambiados", len(night.tally.documents.new) + len(night.tally.documents.changed)),
        ("Cobros registrados ahora en el ERP", night.tally.posted),
        ("Que el ERP ya tenía", night.tally.found_posted),
        ("Rechazados por el ERP", night.tally.refused),
        ("Cobros deshechos en el ERP", night.tally.undone),
    ]
    facts += [(f"Aviso {number}", note) for number, note in enumerate(night.tally.notes, start=1)]
    return workbook.write(file, "Conciliación de cobros", lines, facts)


def period(days: int, until: str) -> tuple[date, date]:
    """First and last day to read.

    Args:
        days: How many, counting the last one.
        until: "ayer", "hoy" or a day as people write it.

    Raises:
        FormatError: `until` is none of them.
        ValueError: `days` is not positive.
    """
    if days < 1:
        raise ValueError("days must be positive")
    today = clock.now().astimezone(clock.MADRID).date()
    named = {"hoy": today, "ayer": today - timedelta(days=1)}
    last = named.get(until.strip().lower()) or spanish.day(until)
    return last - timedelta(days=days - 1), last


# ---- posting


def _post(night: Night, item: HeldItem) -> None:
    intent = PostingIntent.objects.select_related("invoice", "movement").get(pk=item.payload["intent"])
    if intent.state not in PostingIntent.LIVE:
        return  # finished by a run that died before it could say so here, or settled by a person
    with erp_lock.shared(night.creditor):
        item.guard()
        postings.mark_submitted(intent, actor=night.actor)
        try:
            _refuse_if_there(night, intent)
            posted = night.erp.post_payment(postings.order(intent))  # it looks for the key before it acts
        except PostingRefused as exc:
            postings.mark_refused(intent, exc.message, actor=night.actor)
            night.tally.refused += 1
            raise
        except PostingUnknown as exc:
            postings.mark_unknown(intent, exc.message, actor=night.actor)
            raise
        postings.mark_posted(intent, posted, actor=night.actor)
    night.tally.posted += not posted.already_there
    night.tally.found_posted += posted.already_there
    item.complete(result={"reference": posted.reference, "already_there": posted.already_there})


def _refuse_if_there(night: Night, intent: PostingIntent) -> None:
    """An earlier try that was given up (by a person's word, or as refused) may have reached the ERP after all."""
    earlier = PostingIntent.objects.filter(
        movement=intent.movement_id, invoice=intent.invoice_id, state=PostingIntent.States.REFUSED
    )
    keys = list(earlier.values_list("key", flat=True))
    for key, found in (night.erp.find_payments(keys) if keys else {}).items():
        raise PostingRefused(
            f"El ERP ya tiene este cobro de {intent.invoice.number} con otra clave ({key}, {found.reference}).",
            remedy="Anúlelo en el ERP, o regístrelo aquí como hecho a mano.",
        )


def _undo(night: Night, item: HeldItem) -> None:
    rows = ReversalIntent.objects.select_related("reversal", "posting__invoice")
    intent = rows.get(pk=item.payload["reversal"])
    if intent.state not in ReversalIntent.LIVE:
        return
    with erp_lock.shared(night.creditor):
        item.guard()
        reversals.mark_submitted(intent, actor=night.actor)
        try:
            undone = night.erp.reverse_payment(reversal_intents.order(intent))  # it looks for the key before it acts
        except PostingRefused as exc:
            reversals.mark_refused(intent, exc.message, actor=night.actor)
            night.tally.refused += 1
            raise
        except (PostingUnknown, ReversalByHand) as exc:
            reversals.mark_unknown(intent, exc.message, actor=night.actor)
            raise
        reversals.mark_reversed(intent, undone, actor=night.actor)
    night.tally.undone += 1
    item.complete(result={"reference": undone.reference, "already_there": undone.already_there})


def _queue_reversal(night: Night, intent: ReversalIntent) -> None:
    reference = f"Anular {intent.posting.invoice.number} · {intent.key}"
    items.add(night.queue, reference, {"reversal": intent.pk}, max_attempts=_POSTING_ATTEMPTS)


def _waiting(night: Night) -> int:
    from cobranza.runs.models import ItemState, WorkItem

    return WorkItem.objects.filter(queue=night.queue, state=ItemState.NEW).count()


# ---- reading the ERP


def _settled_reading(night: Night) -> tuple[OpenLedger, datetime]:
    """A reading during which no posting of ours turned up that we had not accounted for."""
    for _ in range(_REREADS):
        _take_over_found(night)
        read_at = clock.now()
        reading = night.erp.open_ledger()
        if not _take_over_found(night):
            return reading, read_at
    raise erp_lock.ErpBusy("Siguen apareciendo en el ERP cobros que otra ejecución había dejado a medias.")


def _take_over_found(night: Night) -> int:
    """Finish here what the ERP already holds of what had no known end; returns how many."""
    return _take_over_payments(night) + _take_over_reversals(night)


def _take_over_reversals(night: Night) -> int:
    loose = {intent.key: intent for intent in reversal_intents.unfinished(night.creditor, erp=night.erp.slug)}
    sent = [key for key, intent in loose.items() if intent.state != ReversalIntent.States.INTENDED]
    done = 0
    for key in night.erp.find_reversals(sent) if sent else ():
        try:  # called again rather than believed: the ERP may have been left half tidied
            undone = night.erp.reverse_payment(reversal_intents.order(loose[key]))
            reversals.mark_reversed(loose[key], undone, actor=night.actor)
            done += 1
        except (PostingRefused, PostingUnknown, ReversalByHand) as exc:
            reversals.mark_unknown(loose[key], exc.message, actor=night.actor)
            night.tally.notes.append(exc.message)
        except reversals.ReversedNotApplied as exc:  # a person settles it; the night goes on
            night.tally.notes.append(exc.message)
    night.tally.undone += done
    return done


def _take_over_payments(night: Night) -> int:
    loose = {intent.key: intent for intent in postings.unfinished(night.creditor, erp=night.erp.slug)}
    sent = [key for key, intent in loose.items() if intent.state != PostingIntent.States.INTENDED]
    done = 0
    for key, posted in (night.erp.find_payments(sent) if sent else {}).items():
        try:
            postings.mark_posted(loose[key], posted, actor=night.actor)
            done += 1
        except postings.PostedNotApplied as exc:  # a person settles it; the night goes on
            night.tally.notes.append(exc.message)
    night.tally.found_posted += done
    return done


# ---- results


def _movements_of(account: BankAccount, since: date, until: date) -> set[int]:
    rows = Movement.objects.filter(account=account, booked_on__gte=since, booked_on__lte=until)
    return set(rows.values_list("pk", flat=True))


def _lines(night: Night) -> Iterator[workbook.ResultLine]:
    live = Proposal.objects.filter(~Q(state=Proposal.States.SUPERSEDED), movement__in=night.seen)
    found = {row.movement_id: row for row in live.prefetch_related("matches__invoice")}
    for movement in Movement.objects.filter(pk__in=night.seen).order_by("booked_on", "pk"):
        proposal = found.get(movement.pk)
        matches = list(proposal.matches.all()) if proposal is not None else []
        yield workbook.ResultLine(
            booked_on=movement.booked_on,
            amount=movement.amount,
            currency=movement.currency,
            payer=movement.counterparty_name,
            text=movement.text,
            documents=tuple(link.invoice.number for link in matches),
            confidence=proposal.confidence if proposal is not None else proposals.ZERO,
            outcome=_outcome(proposal, bool(matches)),
            reason=proposal.explanation if proposal is not None else "",
        )


def _outcome(proposal: Proposal | None, matched: bool) -> str:
    if proposal is None:
        return "Ya conciliado"
    if proposal.state == Proposal.States.REVIEW and not matched:
        return "Sin casar"
    return _OUTCOMES[Proposal.States(proposal.state)]
