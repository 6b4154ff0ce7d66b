"""Work items against a real database: once each, fenced, retried by class, parked for a person."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from unittest.mock import Mock
from uuid import uuid4

import pytest
from django.db import connection

from cobranza.kernel import clock
from cobranza.kernel.errors import ApplicationError, BusinessError, NeedsPerson
from cobranza.runs import engine, items, runner
from cobranza.runs.errors import ItemUnknown, LeaseLost
from cobranza.runs.models import Alert, CredentialBlock, ItemState, Run, RunState, WorkItem
from tests.journeys.runs.engine_room import EngineRoom, wait_until


def state_of(reference: str) -> str:
    return str(WorkItem.objects.get(reference=reference).state)


def ready(reference: str) -> None:
    """Skip a pause."""
    WorkItem.objects.filter(reference=reference).update(not_before=None)


def expire(reference: str) -> None:
    """What a frozen owner looks like to everybody else."""
    WorkItem.objects.filter(reference=reference).update(lease_until=clock.now() - timedelta(seconds=1))


def take(queue: str = "q") -> items.HeldItem:
    held = items.claim(queue)
    assert held is not None
    return held


def test_adding_a_reference_again_changes_nothing(room: EngineRoom) -> None:
    first = items.add("q", "F1", {"importe": "1.00"})
    again = items.add("q", "F1", {"importe": "9.00"})
    other = items.add("p", "F1")

    assert (again.pk, again.payload) == (first.pk, {"importe": "1.00"})
    assert other.pk != first.pk


def test_many_claimers_never_share_an_item(room: EngineRoom) -> None:
    for number in range(60):
        items.add("q", f"F{number}")
    taken: list[str] = []

    def drain() -> None:
        try:
            for item in items.work("q"):
                with item:
                    taken.append(item.reference)
        finally:
            connection.close()

    threads = [threading.Thread(target=drain) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == sorted(f"F{number}" for number in range(60))
    assert set(WorkItem.objects.values_list("state", flat=True)) == {ItemState.DONE}


def test_priority_then_age_decide_and_not_before_and_deadline_hold(room: EngineRoom) -> None:
    items.add("q", "vieja")
    items.add("q", "urgente", priority=5)
    items.add("q", "luego", not_before=clock.now() + timedelta(hours=1))
    items.add("q", "tarde", deadline=clock.now() - timedelta(seconds=1))

    order = []
    for item in items.work("q"):
        with item:
            order.append(item.reference)
    items.reclaim_lost()

    assert order == ["urgente", "vieja"]
    assert state_of("luego") == ItemState.NEW
    assert state_of("tarde") == ItemState.BUSINESS_ERROR


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (BusinessError("El dato está mal."), ItemState.BUSINESS_ERROR),
        (ApplicationError("No contesta."), ItemState.NEW),
        (ValueError("sorpresa"), ItemState.NEW),
        (NeedsPerson("¿Cuál de las dos?"), ItemState.NEEDS_PERSON),
    ],
)
def test_the_class_of_the_error_decides_what_becomes_of_the_item(
    room: EngineRoom, error: Exception, state: ItemState
) -> None:
    items.add("q", "F1")

    with take():
        raise error

    row = WorkItem.objects.get()
    assert (row.state, row.token, row.lease_until) == (state, None, None)
    assert row.error_message
    assert items.claim("q") is None  # nothing is retried at once


def test_application_errors_are_retried_with_growing_pauses_until_the_dead_letters(room: EngineRoom) -> None:
    room.settings(espera=100, espera_maxima=1000)
    items.add("q", "F1", max_attempts=3)
    pauses = []
    for _ in range(3):
        with take():
            raise ApplicationError("No contesta.")
        row = WorkItem.objects.get()
        if row.not_before:
            pauses.append(round((row.not_before - row.updated_at).total_seconds()))
        ready("F1")

    row = WorkItem.objects.get()
    assert pauses[:2] == [100, 200]
    assert (row.state, row.attempts) == (ItemState.TECHNICAL_ERROR, 3)
    assert items.claim("q") is None
    items.reopen(row.pk, by="consola:ana")
    assert take().attempts == 4


def test_a_poison_item_reaches_the_dead_letters(room: EngineRoom) -> None:
    """Its owner dies each time without a word; attempts are counted when it is taken."""
    items.add("q", "veneno", max_attempts=2)
    for _ in range(2):
        take()
        expire("veneno")
        items.reclaim_lost()

    assert state_of("veneno") == ItemState.TECHNICAL_ERROR
    assert WorkItem.objects.get().error_code == "COB-MOT-017"


def _complete(item: items.HeldItem) -> None:
    item.complete(effect=lambda: CredentialBlock.objects.create(name="efecto", reason="x"))


@pytest.mark.parametrize(
    "write",
    [
        _complete,
        lambda item: item.declare({"x": 1}),
        lambda item: item.save({"x": 1}),
        lambda item: item.defer(clock.now()),
        lambda item: item.ask("¿?"),
    ],
    ids=["complete", "declare", "save", "defer", "ask"],
)
def test_an_owner_that_lost_its_lease_can_write_nothing(
    room: EngineRoom, write: Callable[[items.HeldItem], None]
) -> None:
    items.add("q", "F1")
    zombie = take()
    expire("F1")
    items.reclaim_lost()
    owner = take()

    with pytest.raises(LeaseLost):
        write(zombie)

    row = WorkItem.objects.get()
    assert (row.state, row.token, row.intent, row.payload) == (ItemState.IN_PROGRESS, owner.token, None, {})
    assert not CredentialBlock.objects.exists()
    owner.complete()
    assert state_of("F1") == ItemState.DONE


def test_effect_and_state_are_one_transaction(room: EngineRoom) -> None:
    items.add("q", "F1")
    item = take()

    def effect() -> None:
        CredentialBlock.objects.create(name="efecto", reason="x")
        raise BusinessError("El apunte no cabe.")

    with pytest.raises(BusinessError):
        item.complete(effect=effect)

    assert state_of("F1") == ItemState.IN_PROGRESS
    assert not CredentialBlock.objects.exists()
    item.complete(result={"recibo": 7}, effect=lambda: CredentialBlock.objects.create(name="efecto", reason="x"))
    assert (state_of("F1"), CredentialBlock.objects.count()) == (ItemState.DONE, 1)
    assert WorkItem.objects.get().result == {"recibo": 7}


def test_the_lease_is_renewed_while_the_work_lasts(room: EngineRoom) -> None:
    room.settings(arriendo=2, latido=0.3)
    items.add("q", "F1")
    item = take()
    first = WorkItem.objects.get().lease_until
    assert first is not None

    def renewed() -> bool:
        until = WorkItem.objects.get().lease_until
        return until is not None and until > first + timedelta(seconds=1)

    wait_until(renewed, 30)
    items.reclaim_lost()
    item.guard()
    item.complete()


def test_guard_refuses_when_the_lease_could_not_be_renewed(room: EngineRoom) -> None:
    room.settings(arriendo=2, latido=0.3)
    items.add("q", "F1")
    item = take()
    WorkItem.objects.update(token=uuid4())  # another took it

    def lost() -> bool:
        try:
            item.guard()
        except LeaseLost:
            return True
        return False

    wait_until(lost, 30)
    acted = Mock()
    with pytest.raises(LeaseLost):
        item.once(look_up=lambda: None, act=acted)
    acted.assert_not_called()


def test_once_looks_outside_before_it_repeats(room: EngineRoom) -> None:
    outside: list[str] = []
    items.add("q", "F1")

    class Died(BaseException):
        """A kill -9 right after the act."""

    def act_and_die() -> str:
        outside.append("F1")
        raise Died

    first = take()
    with pytest.raises(Died):
        first.once(look_up=lambda: None, act=act_and_die)
    expire("F1")
    items.reclaim_lost()

    second = take()
    assert second.intent == {"reference": "F1"}
    again = Mock(return_value="otra vez")
    receipt = second.once(look_up=lambda: "F1" if "F1" in outside else None, act=again)
    assert (receipt, outside) == ("F1", ["F1"])
    again.assert_not_called()


def test_a_parked_item_goes_on_with_the_answer_and_its_robot_is_started(room: EngineRoom) -> None:
    room.simple(
        "pregunta",
        """
        from cobranza.kernel.errors import NeedsPerson
        from cobranza.runs import items

        def haz():
            for item in items.work():
                with item:
                    if not item.answer:
                        raise NeedsPerson("¿Cuál de las dos facturas?")
                    item.complete(result={"elegida": item.answer, "por": item.answered_by})
        """,
        metadata="Metadata    Cola    dudas",
    )
    item = items.add("dudas", "F1", max_attempts=1)
    first = runner.execute(engine.create("pregunta", started_by="prueba", foreground=True).pk)
    assert first.state == RunState.DONE
    item.refresh_from_db()
    assert (item.state, item.question, item.attempts) == (ItemState.NEEDS_PERSON, "¿Cuál de las dos facturas?", 0)
    assert Alert.objects.filter(kind="persona").count() == 1

    items.answer(item.pk, "la segunda", by="consola:ana")

    follow = Run.objects.get(state=RunState.QUEUED)
    assert (follow.robot, follow.continues_id) == ("pregunta", first.pk)
    assert follow.ticket is not None
    runner.execute(follow.pk)
    item.refresh_from_db()
    assert (item.state, item.result) == (ItemState.DONE, {"elegida": "la segunda", "por": "consola:ana"})
    with pytest.raises(ItemUnknown):
        items.answer(item.pk, "otra", by="consola:ana")
    assert engine.continue_work() == 0


RPA = """
*** Settings ***
Documentation    Un robot corriente de rpaframework.
Metadata         Cola    pedidos
Library          RPA.Robocorp.WorkItems

*** Tasks ***
Procesar pedidos
    For Each Input Work Item    Procesar pedido

*** Keywords ***
Procesar pedido
    ${cliente}    Get Work Item Variable    cliente
    IF    "${cliente}" == "malo"
        Release Input Work Item    FAILED    exception_type=BUSINESS    code=DATO    message=Cliente desconocido
        RETURN
    END
    IF    "${cliente}" == "flojo"
        Release Input Work Item    FAILED    exception_type=APPLICATION    message=No contesta
        RETURN
    END
    Create Output Work Item    variables=${{ {"saludo": "Hola " + $cliente} }}    save=True
    Add Work Item File    ${SUITE_SOURCE}    name=adjunto.txt
    Save Work Item
    Release Input Work Item    DONE
"""


def test_an_ordinary_rpaframework_robot_runs_unchanged(room: EngineRoom) -> None:
    room.settings(espera=600, espera_maxima=600)
    room.robot("pedidos", RPA)
    for name in ("ana", "malo", "flojo", "eva"):
        items.add("pedidos", name, {"cliente": name})

    run = runner.execute(engine.create("pedidos", started_by="prueba", foreground=True).pk)

    assert run.state == RunState.DONE, run.error_message
    rows = {row.reference: row for row in WorkItem.objects.filter(queue="pedidos")}
    assert {name: row.state for name, row in rows.items()} == {
        "ana": ItemState.DONE,
        "malo": ItemState.BUSINESS_ERROR,
        "flojo": ItemState.NEW,
        "eva": ItemState.DONE,
    }
    assert rows["malo"].error_message == "DATO: Cliente desconocido"
    assert rows["flojo"].not_before is not None
    outputs = WorkItem.objects.filter(queue="pedidos.salida").order_by("reference")
    assert [(row.reference, (row.payload or {})["saludo"]) for row in outputs] == [
        ("ana#1", "Hola ana"),
        ("eva#1", "Hola eva"),
    ]
    assert [row.name for row in outputs[0].files.all()] == ["adjunto.txt"]
    assert b"rpaframework" in bytes(outputs[0].files.get().content)
