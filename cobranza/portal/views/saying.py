"""What a debtor tells us: a claim, a payment already made, a request about their data, a question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from cobranza.kernel import spanish
from cobranza.kernel.errors import BusinessError
from cobranza.kernel.spanish import FormatError
from cobranza.portal import account, files, formats, workflow
from cobranza.portal.context import rules
from cobranza.portal.doors import entered
from cobranza.portal.models import Submission
from cobranza.portal.visit import Visit

_LONGEST = 5000
REASONS = {
    "error": gettext_lazy("La factura tiene un error: precio, cantidad, impuestos o datos"),
    "no_recibido": gettext_lazy("No recibí el producto o el servicio, o llegó incompleto"),
    "defectuoso": gettext_lazy("Llegó mal o lo devolví"),
    "duplicado": gettext_lazy("Me lo han cobrado dos veces"),
    "condiciones": gettext_lazy("El precio o las condiciones no son los acordados"),
    "no_reconoce": gettext_lazy("No reconozco esta deuda"),
    "trato": gettext_lazy("Quiero quejarme del trato recibido"),
    "otro": gettext_lazy("Otro motivo"),
}
RIGHTS = {
    "acceso": gettext_lazy("Saber qué datos míos tienen y recibir una copia"),
    "rectificacion": gettext_lazy("Corregir un dato"),
    "supresion": gettext_lazy("Suprimir mis datos"),
    "limitacion": gettext_lazy("Limitar su uso"),
    "oposicion": gettext_lazy("Oponerme a su uso"),
    "portabilidad": gettext_lazy("Recibirlos en un formato que pueda llevarme"),
    "decision": gettext_lazy("Que una persona revise una decisión automática"),
}
# What goes to the office is in the office's language, whatever the page speaks.
_RIGHTS_OFFICE = {
    "acceso": "acceso", "rectificacion": "rectificación", "supresion": "supresión", "limitacion": "limitación",
    "oposicion": "oposición", "portabilidad": "portabilidad", "decision": "revisión de una decisión automática",
}  # fmt: skip
_REASONS_OFFICE = {
    "error": "la factura tiene un error", "no_recibido": "no recibido", "defectuoso": "defectuoso o devuelto",
    "duplicado": "cobrado dos veces", "condiciones": "precio o condiciones", "no_reconoce": "no reconoce la deuda",
    "trato": "queja por el trato", "otro": "otro motivo",
}  # fmt: skip


class Missing(BusinessError):
    """A field that has to be filled, or is not what it should be."""

    code = "COB-PDE-005"
    remedy = "Corrija el campo que se indica y vuelva a enviarlo."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letter:
    """What a form comes to: category, one line, text, and the documents that it is about."""

    category: str
    subject: str
    text: str
    parts: Mapping[int, Decimal | None]


def _page(
    request: HttpRequest, kind: str, template: str, read: Callable[[HttpRequest, Visit], _Letter], **more: Any
) -> HttpResponse:
    """Show a form and take it in: the same way for all that is said."""
    visit: Visit = request.visit  # type: ignore[attr-defined]
    error = ""
    if request.method == "POST":
        entry = rules()
        try:
            letter = read(request, visit)
            papers = files.take(request.FILES.getlist("adjuntos"), entry.adjuntos)
            made = workflow.say(
                visit,
                kind,
                request.POST.get("numero", ""),
                category=letter.category,
                subject=letter.subject,
                text=letter.text,
                parts=letter.parts,
                files=papers,
                rules=entry,
            )
            return redirect("portal:sent", token=request.token, number=made.pk)  # type: ignore[attr-defined]
        except workflow.TooOften:
            error = _("Ha enviado mucho en poco tiempo. Espere una hora, por favor.")
        except workflow.StaleForm:
            error = _("El formulario había caducado. Revíselo y envíelo otra vez.")
        except FormatError:
            error = _("Escriba el importe en cifras, por ejemplo 150,00.")
        except (Missing, files.BadFile) as exc:
            error = exc.message
    context = {
        "accounts": account.read(visit.debtor, visit.today),
        "error": error,
        "asked": request.POST,
        "chosen": set(request.POST.getlist("factura")),
        "endings": files.ENDINGS,
        "limits": rules().adjuntos,
        "longest": _LONGEST,
        **more,
    }
    return render(request, template, context, status=422 if error else 200)


def _words(request: HttpRequest, *, needed: bool = True) -> str:
    text = request.POST.get("texto", "").replace("\r\n", "\n").strip()
    if needed and len(text) < 5:
        raise Missing(_("Explíquelo con sus palabras, por favor."))
    if len(text) > _LONGEST:
        raise Missing(_("El texto pasa de %(n)d letras: acórtelo o mándelo en un documento.") % {"n": _LONGEST})
    return text


def _parts(request: HttpRequest, visit: Visit, *, amounts: bool) -> dict[int, Decimal | None]:
    """Invoices that were ticked, of this debtor's own, with what was written beside them."""
    chosen = set(request.POST.getlist("factura"))
    found: dict[int, Decimal | None] = {}
    for each in account.read(visit.debtor, visit.today):
        for item in each.items:
            if str(item.id) not in chosen:
                continue
            written = request.POST.get(f"importe-{item.id}", "").strip() if amounts else ""
            part = formats.amount(written, item.currency, visit.country) if written else None
            if part is not None and not 0 < part <= item.open:
                raise Missing(_("El importe de %(number)s no puede pasar de lo pendiente.") % {"number": item.number})
            found[item.id] = None if part == item.open else part
    return found


def _numbers(visit: Visit, parts: Mapping[int, Decimal | None]) -> str:
    rows = [
        item.number + ("" if parts[item.id] is None else f" ({parts[item.id]} {item.currency})")
        for each in account.read(visit.debtor, visit.today)
        for item in each.items
        if item.id in parts
    ]
    return ", ".join(rows) or "ninguna señalada"


@require_http_methods(["GET", "HEAD", "POST"])
@entered
def dispute(request: HttpRequest) -> HttpResponse:
    """A claim about invoices, or about the debt."""
    return _page(request, "reclamar", "portal/dispute.html", _dispute, reasons=REASONS.items())


def _dispute(request: HttpRequest, visit: Visit) -> _Letter:
    reason = request.POST.get("motivo", "")
    if reason not in REASONS:
        raise Missing(_("Elija el motivo."))
    parts = _parts(request, visit, amounts=True)
    if not parts and reason not in ("no_reconoce", "trato"):
        raise Missing(_("Señale al menos una factura."))
    words = _words(request)
    text = f"Motivo: {_REASONS_OFFICE[reason]}. Facturas: {_numbers(visit, parts)}.\n\n{words}"
    category = "" if reason == "otro" else str(getattr(rules().motivos, reason))
    return _Letter(category=category, subject=f"Reclamación: {_REASONS_OFFICE[reason]}", text=text, parts=parts)


@require_http_methods(["GET", "HEAD", "POST"])
@entered
def paid(request: HttpRequest) -> HttpResponse:
    """It is paid already: when, how much, and the proof."""
    return _page(request, "pagado", "portal/paid.html", _paid)


def _paid(request: HttpRequest, visit: Visit) -> _Letter:
    parts = _parts(request, visit, amounts=False)
    if not parts:
        raise Missing(_("Señale qué facturas pagó."))
    on = _day(request.POST.get("fecha", ""), visit)
    written = request.POST.get("importe", "").strip()
    currency = next(
        each.currency
        for each in account.read(visit.debtor, visit.today)
        if any(item.id in parts for item in each.items)
    )
    amount = f"{formats.amount(written, currency, visit.country)} {currency}" if written else "sin decir cuánto"
    reference = " ".join(request.POST.get("referencia", "").split())[:140]
    text = (
        f"Ya está pagado. Facturas: {_numbers(visit, parts)}. Fecha del pago: {spanish.write_day(on)}. "
        f"Importe: {amount}." + (f" Referencia: {reference}." if reference else "")
    )
    words = _words(request, needed=False)
    return _Letter(
        category=rules().motivos.pagado,
        subject="Pago ya hecho",
        text=f"{text}\n\n{words}".strip(),
        parts=parts,
    )


def _day(written: str, visit: Visit) -> date:
    try:
        on = date.fromisoformat(written) if "-" in written[:5] else spanish.day(written)
    except (ValueError, FormatError) as exc:
        raise Missing(_("Escriba el día del pago, por ejemplo 31/01/2026.")) from exc
    if on > visit.today:
        raise Missing(_("El día del pago no puede ser posterior a hoy."))
    return on


@require_http_methods(["GET", "HEAD", "POST"])
@entered
def data(request: HttpRequest) -> HttpResponse:
    """A request about personal data; only a person ever closes it."""
    return _page(request, "datos", "portal/data.html", _data, rights=RIGHTS.items())


def _data(request: HttpRequest, visit: Visit) -> _Letter:
    right = request.POST.get("derecho", "")
    if right not in RIGHTS:
        raise Missing(_("Elija qué quiere pedir."))
    words = _words(request, needed=right not in ("acceso", "portabilidad"))
    text = f"Ejerce su derecho de {_RIGHTS_OFFICE[right]} sobre sus datos personales.\n\n{words}".strip()
    return _Letter(
        category=rules().motivos.datos, subject=f"Datos personales: {_RIGHTS_OFFICE[right]}", text=text, parts={}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@entered
def ask(request: HttpRequest) -> HttpResponse:
    """A question."""
    return _page(request, "preguntar", "portal/ask.html", _ask)


def _ask(request: HttpRequest, visit: Visit) -> _Letter:
    return _Letter(category=rules().motivos.pregunta, subject="Consulta", text=_words(request), parts={})


@require_GET
@entered
def sent(request: HttpRequest, number: int) -> HttpResponse:
    """What was sent, with its number; the same page however often it was sent."""
    visit: Visit = request.visit  # type: ignore[attr-defined]
    made = Submission.objects.filter(pk=number, link__debtor=visit.debtor).first()
    if made is None:
        raise Http404
    return render(request, "portal/sent.html", {"made": made, "case": made.outcome.get("case")})
