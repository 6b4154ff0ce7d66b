"""The screens of advices: read by those who look, tied by those who decide, every word in the record."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from cobranza.ledger.models import Event
from cobranza.ledger.verification import verify
from cobranza.reconciliation.advice import workflow
from cobranza.reconciliation.advice.models import Advice, AdviceLine, Tie
from cobranza.reconciliation.models import Proposal
from cobranza.screens.access import Role
from tests.journeys.ledger.conftest import line

pytestmark = pytest.mark.django_db


@pytest.fixture
def enter() -> Callable[[Role], Client]:
    def go(role: Role) -> Client:
        user = User.objects.create_user(f"persona-{role.name.lower()}", password="correcaballo-bateria")
        user.groups.set(Group.objects.filter(name=role.value))
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return go


def _text(client: Client, name: str, *arguments: object, **query: str) -> str:
    answer = client.get(reverse(f"reconciliation:{name}", args=arguments), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_person_ties_what_was_asked_and_can_take_it_back(dozen, night, paid, creditor, enter) -> None:
    [twin] = paid(line(str(dozen.movement.amount), "TRANSFERENCIA 2"))
    [taken] = workflow.take(dozen.advice(), "pago.csv", "correo 1", creditor=creditor)
    assert taken.tie is None
    assert {pair.movement for pair in taken.candidates} == {dozen.movement.pk, twin.pk}

    client = enter(Role.ADMINISTRATION)
    assert "Ferretería Pepa" in _text(client, "advices", state="waiting", q="F-2026-03381")
    assert "Ningún aviso coincide" in _text(client, "advices", state="tied")
    page = _text(client, "advice", taken.advice.pk)
    assert page.count("Atar a este cobro") == 2
    assert "«Factura» es el documento" in page

    client.post(reverse("reconciliation:advice_tie", args=[taken.advice.pk, twin.pk]))

    assert Tie.objects.get(undone_at=None).movement_id == twin.pk
    night()
    assert Proposal.objects.exclude(state="superseded").get(movement=twin).state == "automatic"
    assert "Ver el reparto" in _text(client, "advice", taken.advice.pk)

    client.post(reverse("reconciliation:advice_untie", args=[taken.advice.pk]), {"reason": "era el otro"})
    client.post(reverse("reconciliation:advice_tie", args=[taken.advice.pk, dozen.movement.pk]))
    night("r2")

    assert Proposal.objects.exclude(state="superseded").get(movement=twin).state == "review"
    assert Proposal.objects.exclude(state="superseded").get(movement=dozen.movement).state == "automatic"
    assert "era el otro" in _text(client, "advice", taken.advice.pk)
    kinds = list(Event.objects.filter(kind__startswith="advice.").order_by("pk").values_list("kind", "actor_kind"))
    assert kinds == [
        ("advice.received", "robot"),
        ("advice.tied", "person"),
        ("advice.untied", "person"),
        ("advice.tied", "person"),
    ]
    assert verify().ok


def test_who_only_looks_decides_nothing(dozen, creditor, enter) -> None:
    [taken] = workflow.take(dozen.advice(total="9,99"), "pago.csv", "correo 1", creditor=creditor)
    client = enter(Role.AUDIT)

    page = _text(client, "advice", taken.advice.pk)
    answer = client.post(reverse("reconciliation:advice_dismiss", args=[taken.advice.pk]))

    assert "el aviso declara" in page
    assert "Descartar" not in page
    assert answer.status_code == 403
    assert Advice.objects.get().state == "objected"


def test_an_advice_with_objections_waits_for_a_person_and_can_be_dropped(dozen, night, creditor, enter) -> None:
    [taken] = workflow.take(dozen.advice(total="9,99"), "pago.csv", "correo 1", creditor=creditor)
    night()
    assert taken.advice.state == "objected"
    assert Proposal.objects.exclude(state="superseded").get(movement=dozen.movement).state == "review"

    client = enter(Role.ADMINISTRATION)
    assert "Avisos de pago con objeciones" in client.get(reverse("console:home")).content.decode()
    client.post(reverse("reconciliation:advice_dismiss", args=[taken.advice.pk]), {"reason": "<b>no cuadra</b>"})

    assert Advice.objects.get().state == "dismissed"
    assert "Nadie usará este aviso" in _text(client, "advice", taken.advice.pk)


def test_what_is_not_the_same_money_is_not_tied_by_hand(dozen, paid, creditor, enter) -> None:
    [other] = paid(line("12.00", "OTRA COSA"))
    [taken] = workflow.take(dozen.advice(total="9,99"), "pago.csv", "correo 1", creditor=creditor)

    answer = enter(Role.ADMINISTRATION).post(
        reverse("reconciliation:advice_tie", args=[taken.advice.pk, other.pk]), follow=True
    )

    assert "Reparta el cobro a mano" in answer.content.decode()
    assert not Tie.objects.exists()


def test_the_database_refuses_to_rewrite_what_came_in(dozen, creditor) -> None:
    [taken] = workflow.take(dozen.advice(), "pago.csv", "correo 1", creditor=creditor)

    for rows, change in (
        (Advice.objects.all(), {"total": 1}),
        (AdviceLine.objects.all(), {"paid": 1}),
        (Tie.objects.all(), {"evidence": "otra"}),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)
    for model in (Tie, AdviceLine, Advice):
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.all().delete()
    assert taken.tie is not None
