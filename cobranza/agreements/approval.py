"""Who decides on what the matrix does not allow by itself: people of a level, never the same one twice.

One cent outside the unattended limits and nothing is concluded before a person with the level's role says so; where the
matrix asks for two, the second is another person. Whoever negotiated it with the debtor counts as one of them if the
level is theirs. What is owed is read again at that second: limits that are passed only now count too.
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from cobranza.agreements import matrix, plain
from cobranza.agreements.concluding import conclude, fits
from cobranza.agreements.matrix import Level
from cobranza.agreements.models import Decision, Waiting
from cobranza.agreements.owed import NothingToAgree, Owed, owed_by
from cobranza.agreements.settings import AgreementSettings, agreement_settings
from cobranza.agreements.terms import AgreementError, Proposal
from cobranza.kernel import clock
from cobranza.ledger import tasks
from cobranza.ledger.agreements import AgreementConflict
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Agreement, Debtor, Task
from cobranza.screens.access import roles_of


class NotAllowed(AgreementError):
    """Somebody decides who has not the level for it, or decided already."""

    code = "COB-ACU-003"
    remedy = "Decide otra persona, con el papel que pide la matriz de config/agreements.toml."


def rank_of(actor: Actor, settings: AgreementSettings) -> int:
    """The highest level of the matrix that somebody has, by position; 0, the unattended one, for a robot."""
    if actor.kind != "person":
        return 0
    user = User.objects.filter(username=actor.name, is_active=True).first()
    if user is None:
        return 0
    mine = roles_of(user)
    levels = [each.papel for each in settings.niveles]
    return max((levels.index(name) for name, roles in settings.papeles.items() if mine & set(roles)), default=0)


def ask(
    owed: Owed, debtor: Debtor, proposal: Proposal, *, channel: str, proof: str, actor: Actor
) -> Agreement | Waiting:
    """Conclude it, where nobody or only whoever asks has to agree; else let it wait for people. Debtor locked.

    The same terms asked again, while they wait, are the same request.
    """
    settings = agreement_settings()
    levels = settings.policy().levels
    answer = matrix.approve(owed.debt, proposal, levels)
    if answer.state == "approved":
        rule = "matriz: automático"
        return conclude(owed, debtor, proposal, channel=channel, proof=proof, approved_by=rule, actor=actor)
    name = plain.key_of(proposal)
    base = f"{debtor.pk}:{name}:"
    there = Waiting.objects.filter(key__startswith=base, state=Waiting.States.ASKED).first()
    if there is not None:
        return there
    waiting = Waiting.objects.create(
        key=f"{base}{Waiting.objects.filter(key__startswith=base).count()}",
        creditor_id=debtor.creditor_id,
        debtor=debtor,
        currency=owed.debt.currency,
        proposal=plain.of_proposal(proposal),
        total=proposal.total.amount,
        role=answer.role,
        people=answer.people,
        beyond=answer.beyond,
        reasons=list(answer.reasons),
        channel=channel,
        proof=proof,
        asked_by=actor.kind,
        asked_by_name=actor.name,
        asked_at=clock.now(),
    )
    payload = {"key": waiting.key, "role": waiting.role, "people": waiting.people, "reasons": waiting.reasons}
    record("agreement.asked", debtor, payload, actor, creditor=debtor.creditor_id, seals=[waiting])
    tasks.open_task(
        debtor,
        task_of(waiting),
        kind="aprobar",
        due_on=clock.now().astimezone(clock.MADRID).date(),
        why=f"Acuerdo fuera de los límites: {'; '.join(answer.reasons)}. Decide: {answer.role}.",
        source=f"solicitud:{waiting.pk}",
        actor=actor,
    )
    if not answer.beyond and rank_of(actor, settings) >= _rank(levels, answer.role):
        return _count(waiting, owed, actor, settings, "Lo ha negociado con el deudor.")
    return waiting


def approve(waiting: Waiting | int, *, actor: Actor, reason: str = "") -> Agreement | Waiting:
    """A person says yes. With enough of them it is concluded, on what is owed now.

    Returns:
        The agreement; or the request, when another person has to agree too, or when what is owed has changed
        (`Waiting.state` is "caducada" then).

    Raises:
        NotAllowed: a robot, a person without the level, or the same one again; or no level covers it.
    """
    settings = agreement_settings()
    with transaction.atomic():
        row, debtor = _locked(waiting)
        if row.state == Waiting.States.APPROVED and row.agreement is not None:
            return row.agreement
        if row.state != Waiting.States.ASKED:
            raise NotAllowed(f"La solicitud ya está {row.get_state_display().lower()}.")
        proposal = plain.to_proposal(row.proposal)
        today = clock.now().astimezone(clock.MADRID).date()
        try:
            owed = owed_by(debtor, row.currency, today)
        except NothingToAgree as exc:
            return _end(row, Waiting.States.STALE, exc.message, actor)
        if not fits(owed, proposal):
            return _end(row, Waiting.States.STALE, "Lo que se debe, o el día, ya no es el de la propuesta.", actor)
        return _count(row, owed, actor, settings, reason)


def refuse(waiting: Waiting | int, *, actor: Actor, reason: str) -> Waiting:
    """A person says no, and why; twice changes nothing. A robot never refuses what somebody asked for (RGPD, art. 22).

    Raises:
        NotAllowed: a robot, a person without the level, or it was decided otherwise.
        AgreementError: no reason.
    """
    if not reason.strip():
        raise AgreementError("Un acuerdo se rechaza con un motivo: el deudor puede preguntarlo.")
    settings = agreement_settings()
    with transaction.atomic():
        row, _debtor = _locked(waiting)
        if row.state == Waiting.States.REFUSED:
            return row
        if row.state != Waiting.States.ASKED:
            raise NotAllowed(f"La solicitud ya está {row.get_state_display().lower()}.")
        rank = rank_of(actor, settings)
        levels = settings.policy().levels
        if rank < _rank(levels, row.role):
            raise NotAllowed(f"{actor.name} no puede decidir: hace falta el papel «{row.role}».")
        if not row.decisions.filter(person=actor.name).exists():
            _decide(row, actor, levels[rank].role, approves=False, reason=reason)
        return _end(row, Waiting.States.REFUSED, reason, actor)


def task_of(waiting: Waiting) -> str:
    """Key of the task that a request opened."""
    return f"acuerdo:solicitud:{waiting.pk}"


def _count(row: Waiting, owed: Owed, actor: Actor, settings: AgreementSettings, reason: str) -> Agreement | Waiting:
    """Count a yes; conclude when there are enough. Debtor and request are locked."""
    levels = settings.policy().levels
    proposal = plain.to_proposal(row.proposal)
    now = matrix.approve(owed.debt, proposal, levels)
    if now.beyond or row.beyond:
        raise NotAllowed(
            f"Ningún nivel de la matriz llega: {'; '.join(now.reasons or row.reasons)}.",
            remedy="Rechácelo con su motivo o proponga otras condiciones.",
        )
    needed = max(_rank(levels, row.role), _rank(levels, now.role))
    people = max(row.people, now.people)
    rank = rank_of(actor, settings)
    if rank < needed:
        raise NotAllowed(f"{actor.name} no puede decidir: hace falta el papel «{levels[needed].role}».")
    if row.decisions.filter(person=actor.name).exists():
        raise NotAllowed(f"{actor.name} ya decidió: la segunda persona tiene que ser otra.")
    _decide(row, actor, levels[rank].role, approves=True, reason=reason)
    # Words given under a lower level do not count once a higher one is needed.
    names = [each.person for each in row.decisions.filter(approves=True) if _rank(levels, each.role) >= needed]
    if len(names) < people:
        return row
    agreement = _concluded(row, owed, proposal, " y ".join(names), actor)
    if agreement is None:
        return _end(row, Waiting.States.STALE, "Las facturas están ya en otro acuerdo o retenidas.", actor)
    row.agreement = agreement
    _end(row, Waiting.States.APPROVED, "", actor)
    return agreement


def _concluded(row: Waiting, owed: Owed, proposal: Proposal, people: str, actor: Actor) -> Agreement | None:
    try:
        with transaction.atomic():
            return conclude(
                owed, row.debtor, proposal, channel=row.channel, proof=row.proof, approved_by=people, actor=actor
            )
    except AgreementConflict:
        return None


def _decide(row: Waiting, actor: Actor, role: str, *, approves: bool, reason: str) -> None:
    word = Decision.objects.create(
        waiting=row, person=actor.name, role=role, approves=approves, reason=reason, at=clock.now()
    )
    payload = {"key": row.key, "role": role, "approves": approves, "reason": reason}
    record("agreement.decided", f"debtor:{row.debtor_id}", payload, actor, creditor=row.creditor_id, seals=[word])


def _end(row: Waiting, state: str, reason: str, actor: Actor) -> Waiting:
    row.state, row.ended_reason = state, reason
    row.save(update_fields=["state", "ended_reason", "agreement"])
    payload = {"key": row.key, "state": row.state, "reason": reason}
    record("agreement.answered", f"debtor:{row.debtor_id}", payload, actor, creditor=row.creditor_id, seals=[row])
    task = Task.objects.filter(key=task_of(row)).first()
    if task is not None:
        tasks.done(task, outcome=f"{row.get_state_display()}. {reason}".strip(), actor=actor)
    return row


def _rank(levels: tuple[Level, ...], role: str) -> int:
    return next((index for index, level in enumerate(levels) if level.role == role), len(levels))


def _locked(waiting: Waiting | int) -> tuple[Waiting, Debtor]:
    pk = waiting.pk if isinstance(waiting, Waiting) else waiting
    debtor_pk = Waiting.objects.values_list("debtor", flat=True).get(pk=pk)
    debtor = Debtor.objects.select_for_update(no_key=True, of=("self",)).select_related("creditor").get(pk=debtor_pk)
    return Waiting.objects.select_for_update(no_key=True).get(pk=pk), debtor
