"""The tray's answers without a browser: who may do what, that a mail is text, and that it works without scripts."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from cobranza.console import context
from cobranza.disputes import history, views
from cobranza.disputes.models import Decision, Dispute, Mail, Suppression, Turn
from cobranza.screens.access import Role
from tests.unit.disputes import fakes
from tests.unit.disputes.conftest import Office

TRAY = reverse("disputes:tray")
UNSURE = "Quizá la F2026-00381 esté incorrecta"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (views, history):
        monkeypatch.setattr(module, "known_categories", lambda: fakes.CATEGORIES)
    context.instance.cache_clear()


@pytest.fixture
def enter(db: None) -> Callable[..., Client]:
    def go(*roles: Role, name: str = "ana") -> Client:
        user = User.objects.create_user(name)
        user.groups.set([Group.objects.get_or_create(name=role.value)[0] for role in roles])
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return go


def test_a_decision_opens_the_next_case(office: Office, enter: Callable[..., Client]) -> None:
    office.receive(UNSURE, message_id="<1@pepa.example>")
    office.receive("Quizá la F2026-00400 esté incorrecta", message_id="<2@pepa.example>")
    first, second = Dispute.objects.order_by("pk")
    client = enter(Role.ADMINISTRATION)
    page = client.get(TRAY).content.decode()
    assert page.count('name="category"') == 3
    assert Turn.objects.get().dispute_id == first.pk

    answer = client.post(
        reverse("disputes:decide", args=[first.pk]),
        {
            "category": "factura_incorrecta",
            "debtor": str(first.debtor_id),
            "doc": str(office.invoice("F2026-00381").pk),
            f"held-{office.invoice('F2026-00381').pk}": "on",
            f"amount-{office.invoice('F2026-00381').pk}": "1.100,50",
        },
    )
    assert answer.headers["Location"] == f"{TRAY}?item={second.pk}"
    said = Decision.objects.get()
    assert (said.kind, said.person, said.links[0]["amount"]) == ("confirmada", "ana", "1100.500")


def test_any_other_category_by_part_of_its_name(office: Office, enter: Callable[..., Client]) -> None:
    office.receive(UNSURE, message_id="<1@pepa.example>")
    case = Dispute.objects.get()
    url = reverse("disputes:decide", args=[case.pk])
    client = enter(Role.OPERATION)
    client.post(url, {"category": "factura_incorrecta", "other": "no existe", "debtor": str(case.debtor_id)})
    assert Decision.objects.count() == 0
    client.post(url, {"category": "factura_incorrecta", "other": "desconoce", "debtor": str(case.debtor_id)})
    assert Decision.objects.get().after == "desconoce_deuda"


def test_a_mail_is_text_and_never_html(office: Office, enter: Callable[..., Client]) -> None:
    office.receive(
        "<script>alert(1)</script><img src=x onerror=alert(1)> quizá la F2026-00381",
        message_id="<1@pepa.example>",
        subject="<b>hola</b>",
        sender='"<i>x</i>" <pagos@pepa.example>',
    )
    client = enter(Role.AUDIT)
    for url in (TRAY, reverse("disputes:mail", args=[Mail.objects.get().pk]), reverse("disputes:history")):
        page = client.get(url).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<b>hola" not in page
        assert "<i>x" not in page


@pytest.mark.parametrize("role", [Role.AUDIT, Role.SUPERVISION, Role.LEGAL])
def test_those_who_look_take_nothing_and_decide_nothing(
    office: Office, enter: Callable[..., Client], role: Role
) -> None:
    office.receive(UNSURE, message_id="<1@pepa.example>")
    case = Dispute.objects.get()
    client = enter(role)
    page = client.get(TRAY).content.decode()
    assert 'id="sheet"' not in page
    assert not Turn.objects.exists()
    for name in ("decide", "merge", "close", "reopen", "note", "turn"):
        assert client.post(reverse(f"disputes:{name}", args=[case.pk])).status_code == 403
    assert client.post(reverse("disputes:retry", args=[1])).status_code == 403


def test_somebody_elses_case_is_shown_and_not_decided(office: Office, enter: Callable[..., Client]) -> None:
    office.receive(UNSURE, message_id="<1@pepa.example>")
    case = Dispute.objects.get()
    enter(Role.ADMINISTRATION).get(TRAY)
    luis = enter(Role.OPERATION, name="luis")
    page = luis.get(f"{TRAY}?item={case.pk}").content.decode()
    assert "Lo tiene ana" in page
    assert 'id="sheet"' not in page
    luis.post(reverse("disputes:decide", args=[case.pk]), {"category": "consulta_general", "debtor": ""})
    assert Decision.objects.count() == 0
    sara = enter(Role.SUPERVISION, name="sara")
    sara.post(reverse("disputes:take_over", args=[case.pk]))
    assert not Turn.objects.exists()


def test_the_search_ties_a_stranger_to_a_debtor(office: Office, enter: Callable[..., Client]) -> None:
    office.receive("La F2026-00381 es incorrecta", sender="pepa@gmail.com", message_id="<1@x>")
    case = Dispute.objects.get()
    client = enter(Role.ADMINISTRATION)
    page = client.get(f"{TRAY}?item={case.pk}").content.decode()
    assert "lo sugiere el correo" in page
    pepa = office.invoice("F2026-00381").debtor_id
    page = client.get(f"{TRAY}?item={case.pk}&debtor={pepa}").content.decode()
    assert "F2026-00381" in page
    assert 'name="learn"' in page
    page = client.get(f"{TRAY}?item={case.pk}&find=Ebro").content.decode()
    assert "Aceites del Ebro" in page


def test_lists_mails_and_figures(office: Office, enter: Callable[..., Client], monkeypatch: pytest.MonkeyPatch) -> None:
    office.receive(UNSURE, message_id="<1@pepa.example>")
    office.inbox.deliver(fakes.raw("ILEGIBLE", message_id="<0@x>"))
    office.receive("no existe", sender="MAILER-DAEMON@mx.example", X_Bounced="x@pepa.example")
    client = enter(Role.ADMINISTRATION)
    assert "Una factura" in client.get(reverse("disputes:history") + "?q=factura").content.decode()
    bad = Mail.objects.get(state="cuarentena")
    page = client.get(reverse("disputes:mail", args=[bad.pk])).content.decode()
    assert "No es un mensaje." in page
    assert "ILEGIBLE" in page
    client.post(reverse("disputes:retry", args=[bad.pk]))
    assert Mail.objects.get(pk=bad.pk).state == "recibido"
    assert "x@pepa.example" in client.get(reverse("disputes:silenced")).content.decode()
    client.post(reverse("disputes:lift", args=[Suppression.objects.get().pk]))
    assert Suppression.objects.get().lifted_by == "ana"
    monkeypatch.setattr("cobranza.disputes.figures._state", dict)
    page = client.get(reverse("disputes:figures")).content.decode()
    assert "Factura incorrecta" in page
    assert "prueba-1" in page
    assert client.get(reverse("disputes:mails")).status_code == 200


def test_the_desks_call_is_believed_only_when_signed(
    office: Office, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cobranza.disputes import desk_news
    from cobranza.disputes.ports import DeskRefused

    office.receive("La F2026-00381 es incorrecta", message_id="<1@pepa.example>")
    solved = office.desk.set("1000", "solved")

    class Signed(fakes.FakeDesk):
        def event(self, headers: object, content: bytes) -> object:  # type: ignore[override]
            if json.loads(content) != {"firma": "buena"}:
                raise DeskRefused("La firma no es buena.")
            return solved

    monkeypatch.setattr(desk_news, "open_desk", lambda name: Signed())
    monkeypatch.setattr(desk_news, "classifier", lambda slug: (office.judge, fakes.CATEGORIES))
    url = reverse("disputes:webhook", args=["mesa"])
    assert client.post(url, data="{}", content_type="application/json").status_code == 403
    assert Dispute.objects.get().state == "abierta"
    assert client.post(url, data='{"firma": "buena"}', content_type="application/json").status_code == 204
    assert Dispute.objects.get().state == "cerrada"
    assert client.get(url).status_code == 405
