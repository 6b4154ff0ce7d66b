"""The legal screens without a browser: who may do what, what is served how, and the whole way by forms alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from cobranza.console import context
from cobranza.kernel import clock
from cobranza.ledger.events import Actor
from cobranza.legal import agenda, building, handing, stages, workflow
from cobranza.legal.models import CalendarKey, CaseDocument, ClaimDecision, SignOff
from cobranza.screens.access import Role
from tests.unit.legal.room import TODAY, Room

NOON = datetime(2026, 3, 20, 11, tzinfo=UTC)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    context.instance.cache_clear()


@pytest.fixture
def enter(db: None) -> Callable[..., Client]:
    def go(*roles: Role, name: str = "letrada") -> Client:
        user = User.objects.create_user(name)
        user.groups.set([Group.objects.get_or_create(name=role.value)[0] for role in roles])
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return go


def url(name: str, *args: object) -> str:
    return reverse(f"legal:{name}", args=args)


def test_from_the_alert_to_the_signature_by_forms_alone(room: Room, enter: Callable[..., Client]) -> None:
    row = room.alerted()
    number = row.number
    lawyer, clerk = enter(Role.LEGAL), enter(Role.ADMINISTRATION, name="ana")
    assert "Ferretería Pepa" in lawyer.get(url("cases")).content.decode()
    assert "¿Se demanda?" in lawyer.get(url("case", number)).content.decode()
    lawyer.post(url("accept", number))
    assert stages.find(number).stage == "en_preparacion"

    paper = SimpleUploadedFile("F-1.pdf", b"%PDF-1.7 factura", content_type="application/pdf")
    clerk.post(url("upload", number), {"file": paper, "kind": "factura", "title": "Factura F-1", "proves": "F-1"})
    assert CaseDocument.objects.get().added_by == "ana"
    lawyer.post(url("review", number, "factura-f-1"), {"decision": "rechazar", "comment": ""})
    assert CaseDocument.objects.get().state == "pendiente"  # a rejection says why
    lawyer.post(url("review", number, "factura-f-1"), {"decision": "aceptar"})
    clerk.post(
        url("add_prior", number),
        {"kind": "masc", "channel": "burofax", "sent_on": "2026-01-20", "reached_on": "2026-01-22",
         "outcome": "sin_respuesta", "offers_masc": "on", "document_key": "factura-f-1"},
    )  # fmt: skip
    masc = stages.find(number).deadlines.get(key__startswith="masc:")
    assert masc.last_day == date(2027, 1, 22)
    defendant = stages.find(number).defendants.get()
    lawyer.post(
        url("save_defendant", number, defendant.pk),
        {"name": defendant.name, "person": "juridica", "tax_id": "B12345674", "country": "es",
         "address": "Calle Real, 3", "postal_code": "50001", "locality": "Zaragoza", "province": "Zaragoza"},
    )  # fmt: skip
    assert stages.find(number).organ == "Al Tribunal de Zaragoza"
    workflow.prepare(room.shift, stages.find(number), on=TODAY)

    page = lawyer.get(url("case", number)).content.decode()
    made = building.last_preparation(row)
    assert made is not None
    assert made.package_hash in page
    assert url("bundle", number) in page
    lawyer.post(url("sign", number), {"package": made.package_hash})
    assert not SignOff.objects.exists()  # without saying that it was read
    lawyer.post(url("sign", number), {"package": made.package_hash, "read": "on"})
    assert stages.find(number).stage == "firmado"
    assert "letrada" in lawyer.get(url("case", number)).content.decode()
    lawyer.post(url("revoke", number), {"why": "Falta el albarán"})
    assert stages.find(number).stage == "en_revision"


@pytest.mark.parametrize("role", [Role.ADMINISTRATION, Role.SUPERVISION, Role.AUDIT])
def test_only_the_legal_team_decides_and_signs(room: Room, enter: Callable[..., Client], role: Role) -> None:
    row = room.accepted()
    client = enter(role, name="otra")
    for name in ("accept", "put_off", "discard", "assign", "send_back", "sign", "revoke", "accept_all", "save_words",
                 "add_deadline", "close_deadline", "decide_claims"):  # fmt: skip
        assert client.post(url(name, row.number)).status_code == 403, name
    assert client.post(url("review", row.number, "x")).status_code == 403
    assert client.post(url("decide_claim", row.number, 1)).status_code == 403
    page = client.get(url("case", row.number)).content.decode()
    assert url("sign", row.number) not in page
    assert url("discard", row.number) not in page
    brings = role is Role.ADMINISTRATION
    assert (url("upload", row.number) in page) is brings
    assert (client.post(url("upload", row.number)).status_code == 422) is brings


def test_operators_and_strangers_see_nothing(room: Room, enter: Callable[..., Client]) -> None:
    row = room.accepted()
    assert enter(Role.OPERATION).get(url("case", row.number)).status_code == 403
    assert Client().get(url("case", row.number)).status_code == 302


def test_papers_are_served_so_that_nothing_of_them_runs(room: Room, enter: Callable[..., Client]) -> None:
    row = room.accepted()
    pdf = room.paper(row, "f1.pdf", title="Uno")
    client = enter(Role.LEGAL)
    answer = client.get(url("document", row.number, pdf.key))
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    upload = SimpleUploadedFile("x.pdf", b"<html><script>alert(1)</script>", content_type="application/pdf")
    client.post(url("upload", row.number), {"file": upload, "kind": "otro", "title": "Malo"})
    answer = client.get(url("document", row.number, "malo"))
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")


def test_a_paper_whose_bytes_changed_is_not_shown(room: Room, enter: Callable[..., Client]) -> None:
    from cobranza.legal import papers

    row = room.accepted()
    paper = room.paper(row, "f1.pdf")
    (papers.documents(row.number) / paper.file).write_bytes(b"%PDF-1.7 otra cosa")
    assert enter(Role.LEGAL).get(url("document", row.number, paper.key)).status_code == 404


def test_what_people_write_is_text(room: Room, enter: Callable[..., Client]) -> None:
    row = room.accepted()
    room.paper(row, "f1.pdf", title="<script>alert(1)</script>")
    page = enter(Role.LEGAL).get(url("case", row.number)).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_waive_with_a_reason_and_claim_again(room: Room, enter: Callable[..., Client]) -> None:
    row = room.accepted()
    client = enter(Role.LEGAL)
    item = building.items(row)[0]
    address = url("decide_claim", row.number, item.pk)
    client.post(address, {"concept": "indemnizacion", "how": "renunciar", "why": ""})
    assert not item.decisions.exists()
    client.post(address, {"concept": "indemnizacion", "how": "renunciar", "why": "Acuerdo comercial"})
    review = workflow.look(stages.find(row.number))
    assert review.case.sheet.recovery.amount == 40
    assert "Acuerdo comercial" in client.get(url("case", row.number)).content.decode()
    client.post(address, {"concept": "indemnizacion", "how": "reclamar", "why": ""})
    assert workflow.look(stages.find(row.number)).case.sheet.recovery.amount == 80


def test_where_a_rate_is_missing_interest_can_be_given_up(
    room: Room, enter: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = room.accepted()
    client = enter(Role.LEGAL)
    monkeypatch.setattr(handing, "today", lambda rules, country: date(2041, 1, 10))  # no rate is known so far ahead
    page = client.get(url("case", row.number)).content.decode()
    assert "COB-REG-004" in page
    assert url("decide_claims", row.number) in page, "no way out of a missing rate"
    assert "sin liquidar mientras falte un dato" in page

    client.post(url("decide_claims", row.number), {"concept": "otra cosa", "how": "renunciar", "why": "Sin tipo"})
    client.post(url("decide_claims", row.number), {"concept": "interes", "how": "renunciar", "why": ""})
    assert not ClaimDecision.objects.exists()
    client.post(url("decide_claims", row.number), {"concept": "interes", "how": "renunciar", "why": "Sin tipo"})

    page = client.get(url("case", row.number)).content.decode()
    assert "COB-REG-004" not in page
    assert "Intereses: se renuncia a ellos" in page
    assert workflow.look(stages.find(row.number)).case.sheet.interest.amount == 0


def test_the_calendar_and_its_secret_feed(room: Room, enter: Callable[..., Client]) -> None:
    row = room.accepted()
    client = enter(Role.LEGAL)
    client.post(url("add_deadline", row.number), {"term": "subsanacion", "day": "2026-03-20", "text": "Aportar poder"})
    deadline = row.deadlines.get(text="Aportar poder")
    assert deadline.last_day == date(2026, 4, 6)  # Good Friday does not count
    page = client.get(url("deadlines")).content.decode()
    assert "Aportar poder" in page
    answer = client.post(url("renew_key"), follow=True).content.decode()
    address = next(part for part in answer.split() if "/legal/plazos/" in part and ".ics" in part)
    address = "/legal/plazos/" + address.split("/legal/plazos/")[1].split(".ics")[0] + ".ics"
    assert address not in client.get(url("deadlines")).content.decode()  # shown once

    feed = Client().get(address)
    assert feed.headers["Content-Type"].startswith("text/calendar")
    event, limitation = Calendar.from_ical(feed.content).walk("VEVENT")
    assert event["SUMMARY"] == "EXP-2026-000001: Aportar poder"
    assert str(limitation["SUMMARY"]).endswith("prescriba lo más antiguo")
    assert b"Pepa" not in feed.content
    assert Client().get(url("feed", "otra-llave")).status_code == 404
    client.post(url("renew_key"), {"how": "quitar"})
    assert Client().get(address).status_code == 404
    assert not CalendarKey.objects.exists()
    agenda.close(row, deadline.key, actor=Actor.person("letrada"))
    assert "Aportar poder" not in client.get(url("deadlines")).content.decode()


def test_the_list_filters_and_hides_what_has_ended(room: Room, enter: Callable[..., Client]) -> None:
    row = room.alerted()
    client = enter(Role.LEGAL)
    assert row.number in client.get(url("cases") + "?group=decidir&q=Pepa").content.decode()
    assert row.number not in client.get(url("cases") + "?group=firmados").content.decode()
    client.post(url("discard", row.number), {"why": "Es un error"})
    assert row.number not in client.get(url("cases")).content.decode()
    assert row.number in client.get(url("cases") + "?group=terminados").content.decode()
    assert "EXP-2026-000001" in client.get(url("cases") + "?q=F-1").content.decode()
