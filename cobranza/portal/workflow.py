"""What a debtor does on their pages, each once and in the ledger. Views ask and show; the rules are here and below.

A form carries a number of its own: sent twice, by a second click or the back button, it is the same submission and
gives the same answer. The event of each seals what was sent by its digest.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.ledger import canonical, consents, conversation, links
from cobranza.ledger.events import record
from cobranza.ledger.models import Consent, Debtor, Link, OptOut
from cobranza.portal import intake, limits, proofs, sending
from cobranza.portal.files import Paper
from cobranza.portal.models import Code, Submission
from cobranza.portal.settings import PortalSettings
from cobranza.portal.visit import DEBTOR, ROBOT, Visit

CHANNEL = "portal"
ONCE = re.compile(r"[A-Za-z0-9_-]{16,40}")
"""The number of a form."""
_SAME = timedelta(hours=24)


class TooOften(BusinessError):
    """This link sent too much in an hour."""

    code = "COB-PDE-001"
    remedy = "Espere una hora y vuelva a intentarlo, o llame por teléfono."


class StaleForm(BusinessError):
    """A form without its number, or one whose terms are no longer what they were."""

    code = "COB-PDE-003"
    remedy = "Vuelva a abrir la página y repítalo."


# ---- coming in


def prove(link: Link, said: str, rules: PortalSettings) -> bool:
    """Whether `said` is a second proof of the link's debtor; counted, and too many wrong ones end the link."""
    right = _is_tax_id(link, said, rules) or _is_code(link, said, rules)
    with transaction.atomic():
        standing = links.tried(link, right=right, actor=ROBOT)
        kind = "portal.entered" if right and standing else "portal.refused"
        record(kind, link.debtor, {"link": link.pk}, ROBOT, creditor=link.debtor.creditor_id)
    return right and standing


def _is_tax_id(link: Link, said: str, rules: PortalSettings) -> bool:
    return "nif" in rules.prueba and proofs.ends_tax_id(said, link.debtor.tax_id, rules.cifras)


def _is_code(link: Link, said: str, rules: PortalSettings) -> bool:
    given = "".join(said.split())
    if "codigo" not in rules.prueba or not re.fullmatch(rf"[0-9]{{{proofs.CODE_DIGITS}}}", given):
        return False
    now = clock.now()
    last = Code.objects.filter(link=link).order_by("-created_at", "-pk").first()
    if last is None or last.used_at is not None or now >= last.expires_at:
        return False
    if not hmac.compare_digest(last.digest, _code_digest(link, given)):
        return False
    return bool(Code.objects.filter(pk=last.pk, used_at=None).update(used_at=now))


def _code_digest(link: Link, code: str) -> str:
    key = hashlib.sha256(b"cobranza.portal.code|" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, f"{link.pk}|{code}".encode(), hashlib.sha256).hexdigest()


def send_code(link: Link, rules: PortalSettings) -> bool:
    """Ask for a one-time code to be sent by a consented channel; False when none is sent.

    Whoever asks is told the same in both cases.
    """
    if "codigo" not in rules.prueba:
        return False
    if limits.knock("codigo", str(link.pk), minutes=60) > rules.limites.codigos_por_hora:
        return False
    code, now = proofs.new_code(), clock.now()
    with transaction.atomic():
        row = Code.objects.create(
            link=link, digest=_code_digest(link, code), expires_at=now + timedelta(minutes=rules.codigo_minutos)
        )
        text = _("Su código para entrar es %(code)s. Vale %(minutes)d minutos. No se lo dé a nadie.") % {
            "code": code,
            "minutes": rules.codigo_minutos,
        }
        conversation.want(
            link.debtor,
            f"portal:codigo:{row.pk}",
            purpose="answer",
            source=f"portal:{link.pk}",
            subject=_("Su código para entrar"),
            text=text,
            expires_at=row.expires_at,
        )
        record("portal.code", link.debtor, {"link": link.pk}, ROBOT, creditor=link.debtor.creditor_id)
    sending.at_once(link.debtor_id)
    return True


# ---- once


def once(
    visit: Visit,
    kind: str,
    number: str,
    content: Mapping[str, Any],
    act: Callable[[Submission], dict[str, Any]],
    *,
    rules: PortalSettings,
    same: bool = False,
) -> Submission:
    """Do what a form asks, once, in one transaction with its event.

    Args:
        kind: What is sent.
        number: The form's own number.
        content: What is sent, for the digest; plain values.
        act: Does it; its answer is kept as the outcome and given again when the form comes again.
        same: What was sent with the same content in the last day is this one, whatever its number.

    Raises:
        StaleForm: no number.
        TooOften: too much in an hour.
    """
    if not ONCE.fullmatch(number):
        raise StaleForm("El formulario no trae su número.")
    key, digest = f"{visit.link.pk}:{kind}:{number}", canonical.digest(canonical.plain(dict(content)))
    there = Submission.objects.filter(key=key).first()
    if there is not None:
        return there
    if limits.knock("envio", str(visit.link.pk), minutes=60) > rules.limites.envios_por_hora:
        raise TooOften("Se ha enviado demasiado en una hora.")
    with transaction.atomic():
        # One form of a debtor at a time: a second click waits here and then finds the first one's outcome.
        Debtor.objects.select_for_update(no_key=True).get(pk=visit.debtor.pk)
        there = Submission.objects.filter(key=key).first()
        if there is None and same:
            recent = Submission.objects.filter(
                link__debtor=visit.debtor, kind=kind, digest=digest, made_at__gt=clock.now() - _SAME
            )
            there = recent.order_by("pk").first()
        if there is not None:
            return there
        made = Submission.objects.create(key=key, link=visit.link, kind=kind, digest=digest, made_at=clock.now())
        made.outcome = canonical.plain(act(made))
        made.save(update_fields=["outcome"])
        payload = {"kind": kind, "link": visit.link.pk, "sha256": digest, "outcome": made.outcome}
        record("portal.sent", visit.debtor, payload, DEBTOR, creditor=visit.creditor.pk, seals=[made])
    return made


# ---- saying something


def say(
    visit: Visit,
    kind: str,
    number: str,
    *,
    category: str,
    subject: str,
    text: str,
    parts: Mapping[int, Decimal | None],
    files: Sequence[Paper],
    rules: PortalSettings,
) -> Submission:
    """A claim, a payment told, a request about personal data or a question: one case with its ticket and its holds.

    Args:
        kind: "reclamar", "pagado", "datos" or "preguntar".
        category: Slug, "" for a claim of another kind.
        parts: Invoices of this debtor; others are left out.
    """
    content = {
        "category": category,
        "text": text,
        "parts": {str(pk): amount for pk, amount in sorted(parts.items())},
        "files": [paper.sha256 for paper in files],
    }

    def act(made: Submission) -> dict[str, Any]:
        said = intake.Said(
            key=made.key, at=made.made_at, category=category, subject=subject, text=text, parts=parts, files=files
        )
        case = intake.enter(visit, said)
        return {"case": case.pk}

    return once(visit, kind, number, content, act, rules=rules, same=True)


# ---- choosing


def stop(link: Link, channel: str, *, where: str) -> None:
    """The debtor wants no more of `channel` ("" of none); effective at once, and said twice it is one."""
    debtor = link.debtor
    with transaction.atomic():
        Debtor.objects.select_for_update(no_key=True).get(pk=debtor.pk)
        last = OptOut.objects.filter(debtor=debtor, channel__in=(channel, "")).order_by("-at").first()
        again = Consent.objects.filter(debtor=debtor, revoked_at=None, given_at__gt=last.at) if last else None
        if again is not None and not (again.filter(channel=channel) if channel else again).exists():
            return
        consents.stop(debtor, channel, said=where, actor=DEBTOR)
        word = conversation.note(
            f"portal:baja:{link.pk}:{channel or 'todos'}:{clock.now().timestamp():.6f}",
            channel=CHANNEL,
            direction="in",
            text="No quiero recibir más mensajes." if not channel else f"No quiero recibir más mensajes por {channel}.",
            at=clock.now(),
            actor=ROBOT,
            debtor=debtor,
            reference=f"enlace:{link.pk}",
        )
        conversation.handled(word, by=CHANNEL)


def choose(
    visit: Visit,
    number: str,
    *,
    allowed: Mapping[str, bool],
    weekdays: Sequence[int],
    start: time | None,
    end: time | None,
    language: str,
    rules: PortalSettings,
) -> Submission:
    """How the debtor wants to be reached: leave given or taken back per channel, days and hours, language.

    Args:
        allowed: Channel → whether it may be used; channels that are not here stay as they are.
    """
    content = {
        "allowed": {name: bool(value) for name, value in sorted(allowed.items())},
        "weekdays": sorted(weekdays),
        "start": start.isoformat() if start else "",
        "end": end.isoformat() if end else "",
        "language": language,
    }

    def act(made: Submission) -> dict[str, Any]:
        open_now = open_channels(visit.debtor)
        before = consents.preferred(visit.debtor)
        for channel, wanted in sorted(allowed.items()):
            if wanted and not open_now.get(channel, False):
                consents.give(visit.debtor, channel, proof=f"{visit.mark}, formulario {made.key}", actor=DEBTOR)
            elif not wanted and not is_stopped(visit.debtor, channel):
                stop(visit.link, channel, where=f"{visit.mark}, formulario {made.key}")
        chosen = [channel for channel, wanted in sorted(allowed.items()) if wanted]
        consents.prefer(
            visit.debtor,
            said=f"{visit.mark}, formulario {made.key}",
            actor=DEBTOR,
            channels=chosen if len(chosen) < len(allowed) else (),
            weekdays=weekdays,
            start=start,
            end=end,
            zone=before.zone if before is not None else "",
            language=language,
        )
        return {"channels": chosen}

    return once(visit, "elegir", number, content, act, rules=rules)


def is_stopped(debtor: Debtor, channel: str) -> bool:
    """Whether the debtor wants nothing on `channel`: stopped, and not asked for again since."""
    last = OptOut.objects.filter(debtor=debtor, channel__in=(channel, "")).order_by("-at").first()
    if last is None:
        return False
    return not Consent.objects.filter(debtor=debtor, channel=channel, revoked_at=None, given_at__gt=last.at).exists()


def open_channels(debtor: Debtor) -> dict[str, bool]:
    """Channel → whether the debtor gave leave for it that still stands."""
    given = set(Consent.objects.filter(debtor=debtor, revoked_at=None).values_list("channel", flat=True))
    return {channel: not is_stopped(debtor, channel) for channel in given}
