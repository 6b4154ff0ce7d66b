"""The reminders' room as staff use it: a real console in real Chromium, at a desk and on a phone."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.conf import settings as django_settings
from django.contrib import auth
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Browser, Page, expect

from cobranza.dunning import facts, settings, wording, workflow
from cobranza.dunning.models import Message, StrategyVersion
from cobranza.dunning.ports import Delivery
from cobranza.kernel import clock
from cobranza.ledger import agreements, consents, conversation, tasks
from cobranza.ledger.agreements import Payment, Terms
from cobranza.ledger.events import Actor
from cobranza.ledger.intake import import_ledger, import_statement, reading_sha256
from cobranza.ledger.models import Creditor, Debtor, Event, Invoice, Task
from cobranza.ledger.receivables import Customer, OpenDocument
from cobranza.ledger.registry import register_account, register_creditor
from cobranza.screens.access import Role
from tests.journeys.console.conftest import browser, clean, room, site
from tests.journeys.disputes.conftest import toml
from tests.journeys.ledger.conftest import IBAN, line, listed, statement
from tests.journeys.runs.engine_room import REPO, EngineRoom

__all__ = ["browser", "clean", "room", "site"]
pytestmark = pytest.mark.browser
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
ROBOT = Actor.robot("prueba")
# The house's own hours, opened wide: these tests are about screens, whatever day it is.
ANY_DAY = "".join(
    f"[reglas.{rule}]\n"
    + "".join(f'{day} = ["00:00", "23:59"]\n' for day in ("lunes_viernes", "sabado", "domingo", "festivo"))
    for rule in ("ES-PROPIA-HORARIO", "ES-PROPIA-HORARIO-EMPRESAS")
)
PHONE = {"width": 390, "height": 844}


def violations(page: Page) -> list[tuple[str, str]]:
    found: Any = Axe().run(page, options=RULES).response
    return [(entry["id"], entry["nodes"][0]["html"][:160]) for entry in found["violations"]]


def looked_at(page: Page, name: str) -> None:
    """Accessible at a desk and on a phone, nothing wider than the phone; kept as pictures where somebody wants them."""
    folder = os.environ.get("COBRANZA_SHOTS", "")
    for size, width in (("mesa", {"width": 1280, "height": 900}), ("movil", PHONE)):
        page.set_viewport_size(width)  # type: ignore[arg-type]
        assert violations(page) == [], (name, size)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width["width"], (name, size, wide)
        if folder:
            page.screenshot(path=f"{folder}/{name}-{size}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})


@pytest.fixture
def enter(site: str, browser: Browser, clean: None) -> Iterator[Callable[..., Page]]:
    opened, problems = [], []

    def go(*roles: Role, name: str = "ana") -> Page:
        user = User.objects.create_user(name)
        user.groups.set(Group.objects.filter(name__in=[role.value for role in roles]))
        store = SessionStore()
        store[auth.SESSION_KEY] = str(user.pk)
        store[auth.BACKEND_SESSION_KEY] = django_settings.AUTHENTICATION_BACKENDS[1]
        store[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
        store.create()
        tab = browser.new_context(locale="es-ES", base_url=site, reduced_motion="reduce")
        opened.append(tab)
        page = tab.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
        tab.add_cookies([{"name": "sessionid", "value": str(store.session_key), "url": site}])
        return page

    yield go
    for tab in opened:
        tab.close()
    assert problems == []


@pytest.fixture
def demo(room: EngineRoom, clean: None, smtpd: Any) -> Iterator[Creditor]:
    """Four debtors: late with consent, without consent, with a plan, and in middle arrears."""
    for name in ("strategies", "templates"):
        shutil.copytree(REPO / "config" / name, room.root / "config" / name, dirs_exist_ok=True)
    for name in ("dunning.toml", "channels.toml"):
        shutil.copyfile(REPO / "config" / name, room.root / "config" / name)
    for name in ("channels", "mail"):
        skip = shutil.ignore_patterns("__py*")
        folder = room.root / "connectors" / name
        shutil.copytree(REPO / "connectors" / name, folder, dirs_exist_ok=True, ignore=skip)
    (room.root / "config" / "gate.toml").write_text(ANY_DAY, encoding="utf-8")
    facts.law.cache_clear()
    workflow.is_open.cache_clear()
    box = {"direccion": "cobros@demo.example", "carpeta": "correo", "salida": "principal"}
    (room.root / "config" / "mail.toml").write_text(
        toml("buzones.demo", {"conector": "folder", **box}) + toml("salidas.principal", smtpd.way_out()),
        encoding="utf-8",
    )
    settings.written.cache_clear()
    wording.template.cache_clear()
    today = clock.now().astimezone(clock.MADRID).date()
    creditor = register_creditor("demo", "Talleres Demo, S.A.", actor=ROBOT, country="ES")
    names = ("Ferretería Pepa, S.L.", "Bar Sol", "Imprenta Luz, S.A.", "Muebles Río")
    people = [Customer(key=f"c{n}", name=each, country="ES", email=f"c{n}@x.example") for n, each in enumerate(names)]
    papers = [
        OpenDocument(
            key=f"{n}", number=f"F-{n}", customer=each.key, kind="invoice", issued_on=today - timedelta(days=60),
            due_on=today - timedelta(days=20 if n == 3 else 6), currency="EUR", net=Decimal(1000), tax=Decimal(210),
            gross=Decimal(1210), open=Decimal(1210),
        )
        for n, each in enumerate(people)
    ]  # fmt: skip
    import_ledger(creditor, "tryton", listed(*papers, customers=tuple(people)), actor=ROBOT)
    account = register_account(creditor, IBAN, "EUR", actor=ROBOT, name="Operativa")
    whole = statement(line("-1.00", "COMISION", today))
    import_statement(account, [whole], source="n43", sha256=reading_sha256(account.iban, whole), actor=ROBOT)
    debtors = list(Debtor.objects.order_by("erp_key"))
    for number in (0, 2, 3):
        consents.give(debtors[number], "email", proof="contrato marco, cláusula 9", actor=ROBOT)
    invoice = Invoice.objects.get(debtor=debtors[2])
    part = Payment(due=today + timedelta(days=20), amount=invoice.open, principal=invoice.open)
    agreements.conclude(
        debtors[2],
        Terms(
            key="a1", currency="EUR", kind="instalments", payments=(part,), covers={invoice.pk: invoice.open},
            channel="portal", proof="botón «Acepto»", accepted_at=clock.now(), approved_by="matriz",
        ),
        actor=ROBOT,
    )  # fmt: skip
    yield creditor
    facts.law.cache_clear()
    workflow.is_open.cache_clear()


def test_the_day_from_plan_to_outbox(demo: Creditor, enter: Callable[..., Page]) -> None:
    page = enter(Role.ADMINISTRATION)
    page.goto("/dunning/")
    expect(page.get_by_role("heading", name="Plan de hoy", level=1)).to_be_visible()
    goes = page.get_by_role("region", name="Mensajes que saldrían")
    expect(goes).to_contain_text("Ferretería Pepa, S.L.")
    expect(goes).not_to_contain_text("Bar Sol")
    expect(page.locator("body")).to_contain_text("sin canal consentido para este paso")
    expect(page.locator("body")).to_contain_text("Ningún abogado ha confirmado")
    looked_at(page, "plan")

    page.get_by_role("button", name="Poner en cola lo marcado").click()
    expect(page.locator("body")).to_contain_text("1 mensajes en la bandeja de salida y 1 tareas")
    message = Message.objects.get()
    assert message.state == Delivery.QUEUED.value
    assert Task.objects.get().kind == "llamar"
    assert Event.objects.get(kind="message.queued").actor_name == "ana"

    page.goto("/dunning/bandeja/")
    looked_at(page, "bandeja")
    page.get_by_role("link", name="Ferretería Pepa, S.L.").click()
    expect(page.locator("body")).to_contain_text("El texto se escribe en el segundo del envío")
    looked_at(page, "mensaje")
    page.get_by_label("Motivo").fill("hablamos ayer")
    page.get_by_role("button", name="Anular").click()
    expect(page.locator("body")).to_contain_text("ningún robot lo repite")
    message.refresh_from_db()
    assert (message.state, message.reason) == (Delivery.CANCELLED.value, "hablamos ayer")
    assert workflow.queue_all(demo, actor=ROBOT).queued == ()


def test_a_conversation_is_taken_answered_and_given_back(
    demo: Creditor, enter: Callable[..., Page], smtpd: Any
) -> None:
    pepa = Debtor.objects.get(erp_key="c0")
    at = clock.now() - timedelta(hours=2)
    for key, channel, direction, text in (
        ("w0", "email", "out", "Le recordamos la factura F-0, de 1.210,00 EUR."),
        ("w1", "whatsapp", "in", "Hola, ¿me mandan el albarán?"),
        ("w2", "email", "in", "<b>Lo necesito hoy</b>"),
    ):
        who = {"debtor": pepa, "actor": ROBOT, "address": "c0@x.example" if channel == "email" else "34600000000"}
        conversation.note(key, channel=channel, direction=direction, text=text, at=at, **who)  # type: ignore[arg-type]
        at += timedelta(minutes=20)
    page = enter(Role.ADMINISTRATION)
    page.goto("/")
    expect(page.locator("body")).to_contain_text("Mensajes de deudores sin atender")
    page.goto(f"/dunning/deudor/{pepa.pk}/")
    expect(page.locator("body")).to_contain_text("<b>Lo necesito hoy</b>")
    page.get_by_role("button", name="Llevarla yo").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("la lleva ana")
    looked_at(page, "conversacion")
    page.get_by_label("Contestar").fill("Se lo enviamos hoy mismo.")
    page.get_by_label("Por", exact=True).select_option("email")
    page.get_by_role("button", name="Enviar").click()
    expect(page.locator("body")).to_contain_text("Enviada.")
    [mail] = smtpd.accepted
    assert "Se lo enviamos hoy mismo." in mail.message.get_content()
    expect(page.locator(".talk")).to_contain_text("ana · email")
    assert not conversation.thread(pepa).filter(direction="in", handled_at=None).exists()
    page.get_by_role("button", name="Devolver a los robots").click()
    expect(page.get_by_role("button", name="Llevarla yo")).to_be_visible()
    assert conversation.leader(pepa) == ""

    luz = Debtor.objects.get(erp_key="c2")
    page.goto(f"/dunning/deudor/{luz.pk}/")
    expect(page.locator("body")).to_contain_text("Al corriente")
    expect(page.locator("body")).to_contain_text("no debe nada que se pueda reclamar")
    looked_at(page, "deudor")


def test_tasks_are_assigned_and_done_with_what_came_of_them(demo: Creditor, enter: Callable[..., Page]) -> None:
    rio = Debtor.objects.get(erp_key="c3")
    day = clock.now().date() - timedelta(days=2)
    tasks.open_task(rio, "t1", kind="llamar", due_on=day, why="20 días de atraso", source="x", actor=ROBOT)
    page = enter(Role.ADMINISTRATION)
    page.goto("/dunning/tareas/?when=hoy")
    expect(page.get_by_role("region", name="Tareas")).to_contain_text("Muebles Río")
    looked_at(page, "tareas")
    page.get_by_role("button", name="Asignar").click()
    assert Task.objects.get().assigned_to == "ana"
    page.get_by_label("Qué resultó").fill("paga el viernes")
    page.get_by_role("button", name="Hecha").press("Enter")
    expect(page.locator("body")).to_contain_text("Hecha.")
    task = Task.objects.get()
    assert (task.outcome, task.done_by) == ("paga el viernes", "ana")
    page.goto("/dunning/tareas/?when=hechas")
    expect(page.get_by_role("region", name="Tareas")).to_contain_text("paga el viernes")


def test_a_strategy_is_tried_on_todays_portfolio_put_in_force_and_taken_back(
    demo: Creditor, enter: Callable[..., Page], room: EngineRoom
) -> None:
    file = room.root / "config" / "strategies" / "general.toml"
    before = file.read_text(encoding="utf-8")
    page = enter(Role.SUPERVISION)
    page.goto("/dunning/estrategias/")
    looked_at(page, "estrategias")
    page.goto("/dunning/estrategias/general/?vista=texto")
    area = page.get_by_label("La estrategia, en TOML")
    late = re.sub(r'id = "recordatorio"\ndesde = 3', 'id = "recordatorio"\ndesde = 8', before)
    area.fill(late)
    page.get_by_role("button", name="Comprobar y ver qué cambia hoy").click()
    expect(page.get_by_role("region", name="Qué cambia hoy")).to_contain_text("1 de 4 cuentas")
    looked_at(page, "estrategia")
    page.get_by_label("Por qué cambia").fill("probar más tarde")
    page.get_by_role("button", name="Poner en vigor").click()
    expect(page.get_by_role("alert").first).to_contain_text("ya fue otro texto")
    assert file.read_text(encoding="utf-8") == before, "a version is never two texts"

    page.get_by_label("La estrategia, en TOML").fill(re.sub(r'version = "[^"]+"', 'version = "prueba-2"', late))
    page.get_by_label("Por qué cambia").fill("probar más tarde")
    page.get_by_role("button", name="Poner en vigor").click()
    expect(page.locator("body")).to_contain_text("En vigor: general@prueba-2.")
    assert "desde = 8" in file.read_text(encoding="utf-8")
    assert StrategyVersion.objects.count() == 2
    changed = Event.objects.get(kind="strategy.changed")
    assert (changed.actor_name, changed.payload["why"]) == ("ana", "probar más tarde")

    page.get_by_role("button", name="Volver a esta").click()
    expect(page.locator("body")).to_contain_text("Otra vez en vigor")
    assert file.read_text(encoding="utf-8") == before

    page.goto("/dunning/estrategias/general/?vista=texto")
    page.get_by_label("La estrategia, en TOML").fill("version = 3")
    page.get_by_role("button", name="Comprobar y ver qué cambia hoy").click()
    expect(page.get_by_role("alert").first).to_contain_text("version")

    page.goto("/dunning/estrategias/")
    page.get_by_text("Empezar un ensayo").click()
    page.get_by_label("Nombre (otro nombre sortea de nuevo)").fill("otoño")
    page.get_by_label("Grupo de control, %").fill("100")
    page.get_by_role("button", name="Guardar el ensayo").click()
    expect(page.locator("body")).to_contain_text("100 % es grupo de control")
    assert all(not each.goes for each in workflow.plan(demo))
    assert (room.root / "config" / "dunning.toml").read_text().startswith("# Recordatorios")


def test_a_strategy_is_changed_row_by_row_without_a_script(
    demo: Creditor, enter: Callable[..., Page], room: EngineRoom
) -> None:
    file = room.root / "config" / "strategies" / "general.toml"
    before = file.read_text(encoding="utf-8")
    page = enter(Role.SUPERVISION)
    page.goto("/dunning/estrategias/general/")
    looked_at(page, "formulario")

    page.get_by_role("button", name="Bajar recordatorio").click()
    rows = page.locator("li.step")
    expect(rows.nth(2)).to_contain_text("recordatorio")
    expect(rows.nth(1)).to_contain_text("segundo_aviso")
    page.get_by_role("button", name="Subir recordatorio").click()
    page.get_by_role("button", name="Quitar llamada_automatica").click()
    expect(rows).to_have_count(7)
    page.get_by_role("button", name="Añadir un paso al final").click()
    expect(rows).to_have_count(8)
    new = rows.nth(7)
    new.get_by_label("Nombre del paso").fill("Mal nombre")
    new.get_by_label("Primer día", exact=True).fill("veinte")
    new.get_by_label("Primer canal").select_option("sms")
    page.get_by_role("button", name="Comprobar y ver qué cambia hoy").click()
    expect(page.get_by_role("alert").first).to_contain_text("que corregir")
    expect(new.get_by_label("Primer día", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(new).to_contain_text("«veinte» no es un número entero")
    expect(new).to_contain_text("Solo letras minúsculas")
    looked_at(page, "formulario-errores")
    assert file.read_text(encoding="utf-8") == before

    new.get_by_label("Nombre del paso").fill("sms_breve")
    new.get_by_label("Primer día", exact=True).fill("20")
    new.get_by_label("Último día").fill("25")
    new.get_by_label("recordatorio_breve").check()
    if not new.get_by_label("Crónico").is_visible():
        new.get_by_text("Para quién").click()
    new.get_by_label("Crónico").check()
    new.get_by_label("EUR").fill("1.050,00")
    first = rows.nth(1)
    first.locator("summary").first.click()
    first.get_by_label("Primer día", exact=True).fill("8")
    page.get_by_role("button", name="Comprobar y ver qué cambia hoy").click()
    seen = page.get_by_role("region", name="Qué cambia hoy")
    expect(seen).to_contain_text("1 de 4 cuentas")
    expect(seen).to_contain_text("Paso «recordatorio»: primer día, de 3 a 8.")
    expect(seen).to_contain_text("Paso «llamada_automatica»: se quita.")
    expect(seen).to_contain_text("Paso «sms_breve»: nuevo, en el lugar 8")
    looked_at(page, "formulario-previa")
    page.get_by_role("button", name="Poner en vigor").click()
    expect(page.locator("#why_error")).to_contain_text("Diga por qué cambia")
    assert file.read_text(encoding="utf-8") == before
    page.get_by_label("Por qué cambia").fill("menos llamadas")
    page.get_by_role("button", name="Poner en vigor").click()
    expect(page.locator("body")).to_contain_text("En vigor: general@")
    expect(page.get_by_role("region", name="Versiones")).to_contain_text("3 cambios sobre la anterior")
    text = file.read_text(encoding="utf-8")
    assert 'minimo = { EUR = "1050.00" }' in text
    assert "# Estrategia general de contacto." in text, "what an expert noted stays"
    assert [step.id for step in settings.strategy("general").steps][-1] == "sms_breve"
