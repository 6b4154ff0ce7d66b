"""What people do in the console changes what it should, is in the ledger under their name, and leaks nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from cobranza.cli.users import group as users_command
from cobranza.console import users
from cobranza.kernel.errors import CobranzaError
from cobranza.ledger.models import Event
from cobranza.runs import catalogue
from cobranza.runs.models import Alert, CredentialBlock, Run, RunState, WorkItem
from cobranza.runs.start_form import StartForm
from cobranza.screens.access import Role
from tests.unit.console.conftest import PASSWORD


def events(kind: str) -> list[Event]:
    return list(Event.objects.filter(kind=kind))


def test_starting_a_robot_queues_a_run_with_what_was_changed_only(enter: Callable[..., Client]) -> None:
    client = enter(Role.ADMINISTRATION)

    answer = client.post(
        reverse("runs:start", args=["contar"]),
        {"v_CUENTA": "operativa", "v_UMBRAL": "0,9", "v_CLAVE": "env:OTRA_CLAVE", "rehearse": "on"},
    )

    run = Run.objects.get()
    assert answer.headers["Location"] == reverse("runs:run", args=[run.pk])
    assert run.state == RunState.QUEUED
    assert run.variables == {"UMBRAL": "0.9", "CLAVE": "env:OTRA_CLAVE"}
    assert (run.rehearse, run.started_by) == (True, "consola:ana")
    [event] = events("run.started")
    assert (event.actor_kind, event.actor_name, event.payload["robot"]) == ("person", "ana", "contar")


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("v_UMBRAL", "mucho", "no vale como Decimal"),
        ("v_CLAVE", "la-clave-en-claro", "nunca el secreto mismo"),
    ],
)
def test_a_wrong_value_stays_on_the_form_with_its_reason(
    field: str, text: str, says: str, enter: Callable[..., Client]
) -> None:
    answer = enter(Role.ADMINISTRATION).post(reverse("runs:start", args=["contar"]), {field: text})

    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not Run.objects.exists()
    assert not Event.objects.exists()


def test_a_broken_robot_is_shown_with_its_reason_and_not_started(enter: Callable[..., Client]) -> None:
    client = enter(Role.ADMINISTRATION)

    assert "keywords/no.resource" in client.get(reverse("runs:robots")).content.decode()
    assert client.post(reverse("runs:start", args=["roto"])).status_code == 422
    assert not Run.objects.exists()


def test_the_form_shows_defaults_the_spanish_way_and_sends_nothing_for_them(suite_root: Path) -> None:
    robot = catalogue.find("contar")
    shown = {name: field.initial for name, field in StartForm(robot).fields.items()}
    assert shown["v_UMBRAL"] == "0,95"
    assert shown["v_CUENTA"] == "operativa"

    form = StartForm(robot, {"v_UMBRAL": "0,95", "v_CUENTA": "operativa", "v_CLAVE": ""})
    assert form.is_valid()
    assert form.values() == {}


def test_stopping_a_queued_run_cancels_it_and_is_recorded(enter: Callable[..., Client]) -> None:
    client = enter(Role.OPERATION)
    client.post(reverse("runs:start", args=["contar"]), {})
    run = Run.objects.get()

    client.post(reverse("runs:stop", args=[run.pk]))

    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert [event.actor_name for event in events("run.stop_asked")] == ["ana"]
    client.post(reverse("runs:stop", args=[run.pk]))
    assert len(events("run.stop_asked")) == 1


def test_an_answer_reaches_the_item_and_never_the_ledger(enter: Callable[..., Client]) -> None:
    run = Run.objects.create(robot="contar", state="hecho", started_by="cli:ana")
    item = WorkItem.objects.create(queue="q", reference="M-1", state="necesita_persona", question="¿Código?", run=run)
    client = enter(Role.ADMINISTRATION)

    client.post(reverse("runs:answer", args=[item.pk]), {"answer": " 448812 "})

    item.refresh_from_db()
    assert (item.state, item.answer, item.answered_by) == ("nuevo", "448812", "consola:ana")
    [event] = events("item.answered")
    assert "448812" not in str(event.payload)
    client.post(reverse("runs:answer", args=[item.pk]), {"answer": "999999"})
    item.refresh_from_db()
    assert item.answer == "448812"


def test_an_empty_answer_changes_nothing(enter: Callable[..., Client]) -> None:
    item = WorkItem.objects.create(queue="q", reference="M-1", state="necesita_persona", question="¿Código?")

    enter(Role.ADMINISTRATION).post(reverse("runs:answer", args=[item.pk]), {"answer": "   "})

    item.refresh_from_db()
    assert item.state == "necesita_persona"


def test_text_from_outside_is_never_html(enter: Callable[..., Client]) -> None:
    evil = "<img src=x onerror=alert(1)>"
    run = Run.objects.create(
        robot="contar", title=evil, state="error_negocio", started_by=evil, error_code="X", error_message=evil
    )
    item = WorkItem.objects.create(
        queue=evil, reference=evil, state="necesita_persona", question=evil, payload={evil: evil}, run=run
    )
    client = enter(Role.AUDIT)

    for url in (
        reverse("console:home"),
        reverse("runs:list") + "?q=<img src=x onerror=alert(1)>",
        reverse("runs:run", args=[run.pk]),
        reverse("runs:items"),
        reverse("runs:item", args=[item.pk]),
        reverse("runs:pending"),
    ):
        assert "<img src=x" not in client.get(url).content.decode(), url


def test_alerts_and_credentials_are_cleared_under_a_name(enter: Callable[..., Client]) -> None:
    alert = Alert.objects.create(key="k", kind="fallo", message="Falló.")
    block = CredentialBlock.objects.create(name="caja", reason="Clave mala.")
    client = enter(Role.OPERATION)

    client.post(reverse("runs:acknowledge", args=[alert.pk]))
    client.post(reverse("runs:clear", args=[block.pk]))

    alert.refresh_from_db()
    block.refresh_from_db()
    assert alert.acknowledged_by == block.cleared_by == "consola:ana"
    assert len(events("alert.acknowledged")) == len(events("credential.cleared")) == 1


def test_home_counts_what_waits_for_this_person(enter: Callable[..., Client]) -> None:
    WorkItem.objects.create(queue="q", reference="M-1", state="necesita_persona", question="¿Cuál es el código?")

    page = enter(Role.ADMINISTRATION).get(reverse("console:home")).content.decode()
    assert "¿Cuál es el código?" in page
    assert "¿Cuál es el código?" not in enter(Role.AUDIT, name="eva").get(reverse("console:home")).content.decode()


def test_accounts_are_made_with_good_passwords_and_known_roles(db: None) -> None:
    invented = users.create("ana", [Role.AUDIT])
    assert len(invented) >= 12
    assert User.objects.get().check_password(invented)

    for bad in ("ana", "ANA"):
        with pytest.raises(users.UserError):
            users.create(bad, [Role.AUDIT])
    with pytest.raises(users.WeakPassword):
        users.create("eva", [Role.AUDIT], "password12")
    assert users.roles_named(["Auditoria", "operación"]) == {Role.AUDIT, Role.OPERATION}
    with pytest.raises(users.UserError, match="jefe"):
        users.roles_named(["jefe"])


def test_the_first_user_is_made_once_and_may_do_everything(db: None) -> None:
    assert users.create_first_user("admin", PASSWORD) == PASSWORD
    assert User.objects.get().is_superuser
    assert users.create_first_user("otro") is None
    assert users.exist()


def test_demo_users_are_one_per_role_and_stay_as_they_are(db: None) -> None:
    made = users.create_demo_users()
    assert len(made) == len(Role)
    assert users.create_demo_users() == {}


def test_the_command_line_makes_lists_and_changes_accounts(db: None) -> None:
    runner = CliRunner()
    done = runner.invoke(
        users_command.commands["add"], ["eva", "--role", "auditoria", "--password-stdin"], input=f"{PASSWORD}\n"
    )
    assert done.exit_code == 0, done.output
    assert PASSWORD not in done.output
    assert "auditoría" in runner.invoke(users_command.commands["list"]).output
    assert runner.invoke(users_command.commands["roles"], ["eva", "--role", "legal"]).exit_code == 0
    assert users.listing()[0]["roles"] == ["legal"]
    wrong = runner.invoke(users_command.commands["passwd"], ["nadie"])
    assert isinstance(wrong.exception, CobranzaError)
    assert runner.invoke(users_command.commands["add"], ["sin-perfil"]).exit_code == 2
