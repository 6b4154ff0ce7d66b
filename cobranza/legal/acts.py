"""What people do about a case: each is one POST, done by the rooms' functions, told on the page that follows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.views.decorators.http import require_POST

from cobranza.kernel import spanish
from cobranza.kernel.errors import CobranzaError
from cobranza.kernel.spanish import FormatError
from cobranza.ledger.events import Actor
from cobranza.legal import agenda, contacts, dossier, forms, handing, opening, signing, stages, views, workflow
from cobranza.legal.case import DocumentKind
from cobranza.legal.dossier import NewPaper, Words
from cobranza.legal.house import read as read_settings
from cobranza.legal.models import LegalCase
from cobranza.legal.views import BRING, DECIDE
from cobranza.runs import engine
from cobranza.screens.access import actor, requires

ROBOT = "preparar_expedientes"


@requires(*DECIDE)
@require_POST
def accept(request: HttpRequest, number: str) -> HttpResponse:
    """Prepare the claim."""
    return _do(
        request,
        number,
        lambda row: workflow.accept(row, person=actor(request)),
        _now("En preparación: reúna los documentos y prepárelo."),
    )


@requires(*DECIDE)
@require_POST
def put_off(request: HttpRequest, number: str) -> HttpResponse:
    """Not yet."""

    def act(row: LegalCase) -> None:
        today = handing.today(read_settings(), row.country)
        until = _day(request, "until")
        opening.put_off(row, until=until, why=_text(request, "why"), today=today, person=actor(request))

    return _do(request, number, act, _now("Aplazado: volverá a avisar ese día."))


@requires(*DECIDE)
@require_POST
def discard(request: HttpRequest, number: str) -> HttpResponse:
    """No claim."""
    return _do(
        request,
        number,
        lambda row: opening.discard(row, why=_text(request, "why"), person=actor(request)),
        _now("Descartado: no se vuelve a avisar de estas facturas."),
    )


@requires(*DECIDE)
@require_POST
def assign(request: HttpRequest, number: str) -> HttpResponse:
    """Give it to another lawyer."""

    def act(row: LegalCase) -> None:
        to = _text(request, "to")
        workflow.require_legal(to)
        dossier.assign(row, to, person=actor(request))

    return _do(request, number, act, _now("Asignado."))


@requires(*BRING)
@require_POST
def prepare(request: HttpRequest, number: str) -> HttpResponse:
    """Start the robot that assembles what waits."""

    def act(row: LegalCase) -> None:
        stages.require(row, LegalCase.Stages.PREPARING)
        engine.submit(ROBOT, {"ACREEDOR": row.creditor.key}, started_by=f"consola:{actor(request)}")

    return _do(request, number, act, _now("El robot lo está preparando; la página dirá cuándo está."))


@requires(*DECIDE)
@require_POST
def send_back(request: HttpRequest, number: str) -> HttpResponse:
    """Return to preparation."""
    return _do(
        request,
        number,
        lambda row: signing.send_back(row, why=_text(request, "why"), person=actor(request)),
        _now("Devuelto a preparación."),
    )


@requires(*DECIDE)
@require_POST
def sign(request: HttpRequest, number: str) -> HttpResponse:
    """Sign off the package whose hash stands in the page that the person has read."""

    def act(row: LegalCase) -> None:
        if request.POST.get("read") != "on":
            raise signing.NotReady(
                _now("Falta decir que lo ha leído."), remedy=_now("Marque la casilla después de leer el expediente.")
            )
        workflow.sign(row, _text(request, "package"), person=actor(request))

    return _do(request, number, act, _now("Visto bueno anotado para exactamente este paquete."))


@requires(*DECIDE)
@require_POST
def revoke(request: HttpRequest, number: str) -> HttpResponse:
    """Take a sign-off back."""

    def act(row: LegalCase) -> None:
        signing.revoke(row, why=_text(request, "why"), person=actor(request), of=_text(request, "of"))

    return _do(request, number, act, _now("Visto bueno revocado: el expediente vuelve a revisión."))


@requires(*BRING)
@require_POST
def upload(request: HttpRequest, number: str) -> HttpResponse:
    """Take a paper in."""
    row = _case(number)
    form = forms.PaperForm(row, request.POST, request.FILES)
    if not form.is_valid():
        return views.page(request, row, status=422, paper_form=form, open_form="paper")
    data = form.cleaned_data

    def act(found: LegalCase) -> str:
        new = NewPaper(
            name=data["file"].name,
            content=data["file"].read(),
            kind=DocumentKind(data["kind"]),
            title=data["title"],
            dated=data["dated"],
            proves=tuple(data["proves"]),
            original=data["original"],
            confidential=data["confidential"],
            replaces=data["replaces"],
        )
        return str(dossier.add_paper(found, new, read_settings(), actor=Actor.person(actor(request))).key)

    return _do(request, number, act, _now("Documento añadido: falta que lo revise el equipo jurídico."))


@requires(*DECIDE)
@require_POST
def review(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """Accept or reject a paper, and show the next one."""
    yes = request.POST.get("decision") == "aceptar"

    def act(row: LegalCase) -> None:
        dossier.review_paper(row, key, accept=yes, comment=_text(request, "comment"), person=actor(request))

    done = _now("Documento aceptado.") if yes else _now("Documento rechazado con su motivo.")
    following = _text(request, "next") if yes else key
    return _do(request, number, act, done, show=following or key)


@requires(*DECIDE)
@require_POST
def accept_all(request: HttpRequest, number: str) -> HttpResponse:
    """Accept every paper that waits."""
    done = _now("Todos los documentos pendientes quedan aceptados.")
    return _do(request, number, lambda row: dossier.accept_all(row, person=actor(request)), done)


@requires(*BRING)
@require_POST
def add_prior(request: HttpRequest, number: str) -> HttpResponse:
    """Write down an attempt to settle."""
    row = _case(number)
    form = forms.PriorForm(row, request.POST)
    if not form.is_valid():
        return views.page(request, row, status=422, prior_form=form, open_form="prior")

    def act(found: LegalCase) -> None:
        settings = read_settings()
        today = handing.today(settings, found.country)
        person = actor(request)
        made = form.save(commit=False)
        dossier.add_prior(found, made, document=form.cleaned_data["document_key"], today=today, person=person)
        agenda.set_masc(found, made, settings, actor=Actor.person(person))

    return _do(request, number, act, _now("Reclamación previa anotada."))


@requires(*BRING)
@require_POST
def remove_prior(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Take an attempt to settle out."""

    def act(row: LegalCase) -> None:
        person = actor(request)
        dossier.remove_prior(row, pk, why=_text(request, "why"), person=person)
        agenda.close_if_there(row, [f"masc:{pk}"], actor=Actor.person(person))

    return _do(request, number, act, _now("Quitada; queda en la historia."))


@requires(*DECIDE)
@require_POST
def decide_claim(request: HttpRequest, number: str, item: int) -> HttpResponse:
    """Waive, claim again, or leave the invoice out."""
    concept, how = _text(request, "concept"), request.POST.get("how")

    def act(row: LegalCase) -> None:
        why, person = _text(request, "why"), actor(request)
        if concept == "factura":
            dossier.drop_item(row, item, why=why, person=person)
        else:
            dossier.decide_claim(row, item, concept, waive=how == "renunciar", why=why, person=person)

    return _do(request, number, act, _now("Decisión anotada: hay que volver a preparar el expediente."))


@requires(*DECIDE)
@require_POST
def decide_claims(request: HttpRequest, number: str) -> HttpResponse:
    """Waive interest or compensation of every invoice, or claim it again."""
    concept, how = _text(request, "concept"), request.POST.get("how")

    def act(row: LegalCase) -> None:
        why, person = _text(request, "why"), actor(request)
        dossier.decide_claims(row, concept, waive=how == "renunciar", why=why, person=person)

    return _do(request, number, act, _now("Decisión anotada en cada factura: hay que volver a preparar el expediente."))


@requires(*DECIDE)
@require_POST
def save_defendant(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Correct who is claimed against."""
    row = _case(number)
    form = forms.DefendantForm(request.POST, instance=get_object_or_404(row.defendants, pk=pk))
    if not form.is_valid():
        return views.page(request, row, status=422, defendant_form=form, open_form="defendant")

    def act(found: LegalCase) -> None:
        dossier.save_defendant(found, form.save(commit=False), read_settings(), person=actor(request))

    return _do(request, number, act, _now("Datos del demandado guardados."))


@requires(*DECIDE)
@require_POST
def save_words(request: HttpRequest, number: str) -> HttpResponse:
    """Change court and words."""
    row = _case(number)
    form = forms.WordsForm(request.POST)
    if not form.is_valid():
        return views.page(request, row, status=422, words_form=form, open_form="words")
    data = form.cleaned_data

    def act(found: LegalCase) -> None:
        words = Words(
            court=data["court"],
            proceeding=data["proceeding"],
            organ=data["organ"],
            organ_code=data["organ_code"],
            organ_province=data["organ_province"],
            organ_locality=data["organ_locality"],
            title=data["title"],
            facts=dossier.paragraphs(data["facts"]),
            grounds=dossier.paragraphs(data["grounds"]),
            petition=dossier.paragraphs(data["petition"]),
        )
        dossier.save_words(found, words, person=actor(request))

    return _do(request, number, act, _now("Escrito guardado."))


@requires(*BRING)
@require_POST
def add_contact(request: HttpRequest, number: str) -> HttpResponse:
    """Write down an act of collection: it goes into the record of the debtor."""

    def act(row: LegalCase) -> None:
        numbers = row.items.filter(dropped_at=None).values_list("reference", flat=True)
        contacts.note(
            row.debtor,
            channel=_text(request, "channel"),
            text=_text(request, "text"),
            outcome=_text(request, "outcome"),
            actor=Actor.person(actor(request)),
            invoices=numbers,
        )

    return _do(request, number, act, _now("Gestión anotada en el registro."))


@requires(*DECIDE)
@require_POST
def add_deadline(request: HttpRequest, number: str) -> HttpResponse:
    """Write down a deadline: a day, or a term of the law that a notice sets going."""

    def act(row: LegalCase) -> None:
        settings, person = read_settings(), Actor.person(actor(request))
        calendar = settings.calendar(row.country)
        name, text = _text(request, "term"), _text(request, "text")
        day = _day(request, "day")
        if name:
            term = calendar.term(name)
            worked = calendar.due(term, day)
            key = f"{name}:{day.isoformat()}"
            agenda.set_worked(row, key, text or term.texto, worked, actor=person, ours=term.nuestro)
            return
        agenda.set_deadline(
            row,
            f"mano:{day.isoformat()}:{text[:60]}",
            stages.reason(text),
            last_day=day,
            until=calendar.last_instant(day),
            source=_now("Anotado por %(person)s") % {"person": person.name},
            verified=True,
            actor=person,
        )

    return _do(request, number, act, _now("Plazo anotado."))


@requires(*DECIDE)
@require_POST
def close_deadline(request: HttpRequest, number: str) -> HttpResponse:
    """A deadline has been met."""
    person = Actor.person(actor(request))
    return _do(
        request, number, lambda row: agenda.close(row, _text(request, "key"), actor=person), _now("Plazo cumplido.")
    )


def _do(
    request: HttpRequest, number: str, act: Callable[[LegalCase], Any], done: str, *, show: str = ""
) -> HttpResponse:
    row = _case(number)
    try:
        act(row)
    except CobranzaError as exc:
        messages.error(request, f"{exc.message} {exc.remedy}")
    else:
        messages.success(request, done)
    address = reverse("legal:case", args=[row.number])
    return redirect(f"{address}?ver={show}" if show else address)


def _case(number: str) -> LegalCase:
    found: LegalCase = get_object_or_404(LegalCase.objects.select_related("creditor", "debtor"), number=number)
    return found


def _text(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\x00", "").strip()[:1000]


def _day(request: HttpRequest, name: str) -> date:
    try:
        return spanish.day(_text(request, name))
    except FormatError as exc:
        raise opening.BadDay(exc.message, remedy=_now("Elija un día en el calendario.")) from exc
