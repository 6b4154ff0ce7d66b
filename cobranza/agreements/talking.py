"""The assistant at work: reads what debtors wrote, answers, concludes what it may, hands over what it must.

Deterministic (`assistant.dialogue` decides); here stands only what the house does about each turn, once per message.
Where a person leads the conversation it is silent. Words of unknown senders are not even read here: they learn nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Sum

from cobranza.agreements import plain, schedule
from cobranza.agreements.assistant import dialogue
from cobranza.agreements.assistant.dialogue import Does, Phase, Talk, Turn, Voice
from cobranza.agreements.assistant.understanding import Intent, Understood, plain_words, understand
from cobranza.agreements.keeping import standing_of, wants_change
from cobranza.agreements.models import Dialogue, Waiting
from cobranza.agreements.owed import NothingToAgree, Owed, owed_by
from cobranza.agreements.settings import AgreementSettings, agreement_settings
from cobranza.agreements.terms import AgreementError
from cobranza.agreements.workflow import propose
from cobranza.kernel import clock
from cobranza.kernel.spanish import write_day, write_money
from cobranza.ledger import agreements, consents, conversation, holds, links, pages, tasks
from cobranza.ledger.agreements import AgreementConflict
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Agreement, Creditor, Debtor, Invoice, OptOut, Word

ROBOT = Actor.robot("asistente_de_acuerdos")
_TOO_OLD = timedelta(days=3)
_CHANGES = frozenset({Intent.PLAN, Intent.PART, Intent.PROMISE, Intent.CANNOT, Intent.REJECT, Intent.HARDSHIP})
PORTAL = "portal"
"""The debtor's own page: answers stand on it, for nobody is written to who did not ask at that second."""
ANSWER = "portal:respuesta:"
"""Beginning of the keys of our words there."""
_NAMED = {
    "email": r"\b(correos?|e-?mails?|mails?)\b",
    "sms": r"\bsms\b",
    "whatsapp": r"\bwhats ?app\b",
    "call": r"\b(llam\w+|telefon\w+|calls?|calling|ligac\w+|ligu\w+|chamadas?)\b",
    "letter": r"\b(cartas?|letters?|burofax)\b",
}
_OF_A_NAME = {"call": ("call", "ivr")}


def answer_all(creditor: Creditor, *, now: datetime | None = None) -> Counter[str]:
    """Attend to what debtors of a company wrote and nobody has attended to; again, it finds nothing.

    Returns:
        Messages "answered", agreements "agreed", what was "handed" to people, and "left" to whoever leads.
    """
    settings = agreement_settings()
    told = Counter[str]()
    rows = Word.objects.filter(
        direction="in", handled_at=None, debtor__creditor=creditor, channel__in=settings.asistente_canales
    )
    for pk in list(rows.order_by("at", "pk").values_list("pk", flat=True)):
        told += _attend(pk, settings, now or clock.now())
    return told


def attend(word: Word, *, language: str = "es") -> Counter[str]:
    """Answer one message now: what a debtor wrote on their own page, and waits for there."""
    return _attend(word.pk, agreement_settings(), clock.now(), language)


def _attend(pk: int, settings: AgreementSettings, now: datetime, language: str = "") -> Counter[str]:
    with transaction.atomic():
        debtor_pk = Word.objects.values_list("debtor", flat=True).get(pk=pk)
        if debtor_pk is None:
            return Counter()
        rows = Debtor.objects.select_for_update(no_key=True, of=("self",)).select_related("creditor")
        debtor = rows.get(pk=debtor_pk)
        word = Word.objects.get(pk=pk)
        if word.handled_at is not None:
            return Counter()
        if conversation.leader(debtor):
            return Counter(left=1)
        conversation.handled(word, by=ROBOT.name)
        if now - word.at > _TOO_OLD:
            # Whoever wrote days ago is not surprised by a robot now.
            return _hand(debtor, word, "contestar", "Escribió hace días y nadie ha contestado.", now)
        return _turn(debtor, word, settings, now, language or _language(debtor, word))


def _turn(debtor: Debtor, word: Word, settings: AgreementSettings, now: datetime, language: str) -> Counter[str]:
    today = now.astimezone(clock.MADRID).date()
    currency = _currency(debtor, today)
    voice = Voice(
        debtor=debtor.trade_name or debtor.name,
        creditor=debtor.creditor.name,
        link=_link(debtor, word, settings, language),
        language=language,
    )
    if word.channel == "sms" and _is_stop(word):
        return _silence(debtor, word)
    try:
        owed = owed_by(debtor, currency, today)
    except NothingToAgree:
        return _nothing_to_agree(debtor, word, voice, today, now)
    if Waiting.objects.filter(debtor=debtor, state=Waiting.States.ASKED).exists():
        return _hand(debtor, word, "contestar", "Escribe mientras su propuesta espera aprobación.", now)
    memory, _ = Dialogue.objects.get_or_create(debtor=debtor, defaults={"currency": currency})
    policy = settings.policy()
    talk = plain.to_talk(memory.talk, owed.debt, policy) if memory.currency == currency else Talk()
    if talk.phase in {Phase.AGREED, Phase.STOPPED} or (
        # A person had it and has given it back, or has done what there was to do: it goes on from the beginning.
        talk.phase is Phase.PERSON and not tasks.waiting(debtor).filter(source__startswith="conversacion:").exists()
    ):
        talk = Talk(capacity=talk.capacity, pay_day=talk.pay_day)
    turn = dialogue.answer(dialogue.identified(talk), word.text, owed.debt, policy, voice)
    told, text = _does(debtor, word, turn, owed, now, voice)
    memory.currency, memory.talk = currency, plain.of_talk(turn.talk)
    capacity = turn.talk.capacity
    memory.capacity = None if capacity is None else capacity.amount
    memory.pay_day = turn.talk.pay_day
    memory.save()
    return told + _say(debtor, word, text)


def _does(debtor: Debtor, word: Word, turn: Turn, owed: Owed, now: datetime, voice: Voice) -> tuple[Counter[str], str]:
    """Do what the turn asks for; returns what was done and the words, which say only what came true."""
    told, text = Counter[str](), turn.text
    for does, why in turn.does:
        if does is Does.AGREE and turn.agreed is not None:
            if _agree(debtor, word, turn, owed, voice):
                told["agreed"] += 1
            else:
                text = dialogue.says("none_fits", voice.language)
                told += _hand(debtor, word, "negociar", f"Aceptó un acuerdo que ya no vale: {why}.", now)
        elif does is Does.HAND_OVER:
            told += _hand(debtor, word, "negociar", f"{why[:1].upper()}{why[1:]}.", now)
        elif does is Does.OPEN_DISPUTE:
            for pk in owed.covers:
                invoice = Invoice.objects.get(pk=pk)
                reason = "Dice que no está conforme; falta que una persona lo vea."
                holds.put(invoice, source=f"conversacion:{word.pk}", reason=reason, actor=ROBOT)
            why = "No está conforme: abra la disputa que corresponda y levante la retención de la conversación."
            told += _hand(debtor, word, "revisar", why, now)
        elif does is Does.CHECK_PAYMENT:
            told += _hand(debtor, word, "revisar", "Dice que ha pagado: búsquelo en el banco.", now)
        elif does is Does.SUPPRESS:
            said = f"«{word.text[:200]}» ({word.key})"
            consents.stop(debtor, "" if word.channel == PORTAL else word.channel, said=said, actor=ROBOT)
            told += _hand(debtor, word, "datos_de_contacto", "Dice que no es el deudor: corrija el contacto.", now)
        elif does is Does.STOP_CHANNEL:
            told += _silence(debtor, word)
            text = _stopped(word, voice)
    return told, text


def _agree(debtor: Debtor, word: Word, turn: Turn, owed: Owed, voice: Voice) -> bool:
    if turn.agreed is None:
        return False
    proof = f"{word.channel}, {word.key}: «{word.text[:300]}», a: «{dialogue.told(turn.agreed, voice.language)}»"
    try:
        with transaction.atomic():
            made = propose(
                debtor,
                owed.debt.currency,
                turn.agreed.proposal,
                channel=word.channel,
                proof=proof,
                actor=ROBOT,
                today=owed.debt.as_of,
            )
    except (AgreementError, AgreementConflict):
        return False
    return isinstance(made, Agreement)


def _nothing_to_agree(debtor: Debtor, word: Word, voice: Voice, today: date, now: datetime) -> Counter[str]:
    """With a running agreement, or nothing overdue that is free: little is said, a person sees the rest."""
    running = agreements.running(debtor)
    read = understand(word.text, today, running[0].currency if running else "EUR", voice.language)
    if read.intent is Intent.STOP and read.confidence >= dialogue.SURE:
        return _silence(debtor, word) + _say(debtor, word, _stopped(word, voice))
    if not running:
        told = _hand(debtor, word, "contestar", "Escribe y nada de lo vencido está libre de disputa o pago.", now)
        return told + _say(debtor, word, dialogue.says("person", voice.language))
    return _under_agreement(debtor, word, running[0], read, voice, today, now)


def _under_agreement(
    debtor: Debtor, word: Word, agreement: Agreement, read: Understood, voice: Voice, today: date, now: datetime
) -> Counter[str]:
    sure = read.confidence >= dialogue.SURE
    if sure and read.intent in _CHANGES:
        wants_change(agreement, said=word.text, actor=ROBOT)
        return Counter(handed=1) + _say(debtor, word, dialogue.says("person", voice.language))
    if sure and read.intent is Intent.ALREADY_PAID:
        told = _hand(debtor, word, "revisar", "Dice que ha pagado una cuota: búsquela en el banco.", now)
        return told + _say(debtor, word, dialogue.says("already_paid", voice.language, enlace=voice.link))
    if sure and read.intent in {Intent.GREETING, Intent.ACCEPT, Intent.PAY}:
        row = next((each for each in standing_of(agreement, today).rows if each.open.amount), None)
        due = dialogue.says("no_payment", voice.language)
        if row is not None:
            named = {"importe": write_money(row.open), "dia": write_day(row.instalment.due)}
            due = dialogue.says("next_payment", voice.language, **named)
        fields = {"acreedor": voice.creditor, "pago": due, "enlace": voice.link}
        return _say(debtor, word, dialogue.says("running", voice.language, **fields))
    told = _hand(debtor, word, "contestar", f"Escribe con un acuerdo en marcha ({agreement.key}).", now)
    return told + _say(debtor, word, dialogue.says("person", voice.language))


def _say(debtor: Debtor, word: Word, text: str) -> Counter[str]:
    if not text:
        return Counter()
    if word.channel == PORTAL:
        conversation.note(
            f"{ANSWER}{word.pk}",
            channel=PORTAL,
            direction="out",
            text=text,
            at=clock.now(),
            actor=ROBOT,
            debtor=debtor,
            reference=f"conversacion:{word.pk}",
        )
        return Counter(answered=1)
    conversation.want(
        debtor,
        f"respuesta:{word.pk}",
        purpose="answer",
        source=f"conversacion:{word.pk}",
        channel=word.channel,
        text=text,
        expires_at=clock.now() + timedelta(hours=24),
    )
    return Counter(answered=1)


def _hand(debtor: Debtor, word: Word, kind: str, why: str, now: datetime) -> Counter[str]:
    country = debtor.country or debtor.creditor.country
    tasks.open_task(
        debtor,
        f"conversacion:{word.pk}:{kind}",
        kind=kind,
        due_on=schedule.working_day(now.astimezone(clock.MADRID).date(), country),
        why=f"{why} Escribió por {word.channel}: «{word.text[:200]}»",
        source=f"conversacion:{word.pk}",
        actor=ROBOT,
    )
    return Counter(handed=1)


def _silence(debtor: Debtor, word: Word) -> Counter[str]:
    """A stop counts once, also when the channel heard it first; on the page it is for what it names, else for all."""
    for channel in _silenced(word):
        if not OptOut.objects.filter(debtor=debtor, channel__in=(channel, ""), at__gte=word.at).exists():
            said = f"«{word.text[:200]}» ({word.key})"
            consents.stop(debtor, channel, said=said, actor=ROBOT, at=word.at)
    return Counter(stopped=1)


def _silenced(word: Word) -> tuple[str, ...]:
    if word.channel != PORTAL:
        return (word.channel,)
    return tuple(channel for name in _named(word) for channel in _OF_A_NAME.get(name, (name,))) or ("",)


def _named(word: Word) -> tuple[str, ...]:
    """Channels that a message names; none when it speaks of any, or of writing at all."""
    return tuple(name for name, pattern in _NAMED.items() if re.search(pattern, plain_words(word.text)))


def _stopped(word: Word, voice: Voice) -> str:
    if word.channel != PORTAL:
        return dialogue.says("stop", voice.language)
    named = _named(word)
    if not named:
        return dialogue.says("stop_all", voice.language)
    names = ", ".join(dialogue.says(f"channel_{name}", voice.language) for name in named)
    return dialogue.says("stop_named", voice.language, canales=names)


def _is_stop(word: Word) -> bool:
    return understand(word.text, word.at.date(), "EUR").intent is Intent.STOP


def _currency(debtor: Debtor, today: date) -> str:
    """The currency in which most is overdue."""
    rows = Invoice.objects.filter(debtor=debtor, kind="invoice", vanished_at=None, open__gt=0)
    sums = rows.values("currency").annotate(sum=Sum("open")).order_by("-sum")
    return str(sums[0]["currency"]) if sums else "EUR"


def _language(debtor: Debtor, word: Word) -> str:
    """On their own page the language that they chose; on other channels the assistant speaks Spanish."""
    chosen = consents.preferred(debtor) if word.channel == PORTAL else None
    return chosen.language if chosen is not None and chosen.language in dialogue.languages() else "es"


def _link(debtor: Debtor, word: Word, settings: AgreementSettings, language: str) -> str:
    if word.channel == PORTAL:
        return dialogue.says("here", language)
    if not pages.address().direccion:
        return dialogue.says("own_link", language)
    _, token = links.issue(debtor, days=settings.enlace_dias, actor=ROBOT, reference=f"palabra:{word.pk}")
    return pages.page(token)
