"""A debtor on their own pages in real Chromium: at a desk, on a phone, and on a phone without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from cobranza.disputes.models import Dispute, Mail
from cobranza.ledger import holds
from cobranza.ledger.models import Agreement, Consent, Event, Invoice, OptOut
from cobranza.payments.models import Charge
from tests.journeys.portal.conftest import Owes, Reader
from tests.journeys.runs.engine_room import EngineRoom

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}


def come_in(reader: Reader, owes: Owes, button: str = "Entrar") -> None:
    reader.page.goto(f"/d/{owes.token}/")
    reader.page.locator("#prueba").fill("5674")
    reader.page.get_by_role("button", name=button, exact=True).click()
    reader.page.get_by_role("heading", level=1).filter(has_text="Ferretería Pepa").wait_for()


def test_link_proof_plan_and_its_first_payment(reader: Callable[..., Reader], owes: Owes, room: EngineRoom) -> None:
    desk = reader("escritorio", viewport={"width": 1280, "height": 900})
    page = desk.page
    page.goto(f"/d/{owes.token}/")
    desk.look("prueba")
    page.locator("#prueba").fill("0000")
    page.get_by_role("button", name="Entrar", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("No coincide")
    desk.look("prueba-mala")
    come_in(desk, owes)
    expect(page.locator(".sum")).to_have_text("1.915,50\xa0€")
    desk.look("cuenta")

    page.get_by_role("link", name="Plan de pagos", exact=True).click()
    desk.look("opciones")
    page.get_by_role("link", name=re.compile("Ver el acuerdo En 3 pagos")).click()
    desk.look("acuerdo")
    page.get_by_role("button", name="Aceptar el acuerdo").click()
    expect(page.get_by_role("alert")).to_contain_text("Marque que lo ha leído")
    page.get_by_label("He leído este acuerdo y lo acepto.").check()
    page.get_by_role("button", name="Aceptar el acuerdo").click()
    page.get_by_role("heading", name="Acuerdo aceptado").wait_for()
    desk.look("aceptado")
    agreement = Agreement.objects.get()
    assert (agreement.channel, agreement.total) == ("portal", Decimal("1815.500"))

    page.get_by_role("link", name="Pagar ahora").click()
    desk.look("pagar")
    page.get_by_role("button", name="Continuar").click()
    page.get_by_role("heading", name="Pago", exact=True).wait_for()
    expect(page.get_by_text("Pendiente de confirmar", exact=True)).to_be_visible()
    desk.look("a-la-pasarela")
    page.get_by_role("link", name="Ir a la página de pago").click()
    page.get_by_role("button", name=re.compile("Pagar", re.IGNORECASE)).click()
    page.get_by_role("heading", name="Pago pendiente de confirmar").wait_for()
    assert "/d/vuelta/" in page.url
    desk.look("vuelta")
    page.get_by_role("link", name="Ver cómo está").click()
    expect(page.get_by_text("Pagado: confirmado por la pasarela")).to_be_visible()
    desk.look("pagado")
    charge = Charge.objects.get()
    assert (charge.agreement_id, charge.state) == (agreement.pk, "pagado")
    page.get_by_role("link", name="Mi cuenta", exact=True).click()
    expect(page.get_by_text("Pagado en línea: falta verlo en el banco")).to_be_visible()
    desk.look("cuenta-con-plan")

    kinds = set(Event.objects.values_list("kind", flat=True))
    assert {"portal.entered", "portal.refused", "portal.sent", "portal.pays", "agreement.concluded"} <= kinds
    assert owes.token.partition("-")[2] not in (room.root / "portal.log").read_text()


def test_on_a_phone_in_portuguese_and_english(reader: Callable[..., Reader], owes: Owes) -> None:
    phone = reader("telefono", **PHONE)
    come_in(phone, owes)
    phone.look("cuenta")
    for name, heading in (("pagar", "Pagar"), ("reclamar", "Reclamar"), ("contacto", "Cómo contactarme")):
        phone.page.goto(f"/d/{owes.token}/{name}/")
        phone.page.get_by_role("heading", level=1, name=heading).wait_for()
        phone.look(name)
    phone.page.get_by_role("button", name="Português").click()
    phone.page.get_by_role("heading", level=1, name="Como me contatar").wait_for()
    phone.look("contato")
    phone.page.goto(f"/d/{owes.token}/cuenta/")
    phone.page.get_by_role("button", name="English").click()
    phone.page.get_by_role("link", name="Payment plan", exact=True).wait_for()
    phone.look("account")
    phone.page.goto("/d/1-falso/")
    phone.page.get_by_role("heading", name="This link is no good").wait_for()
    phone.look("no-link")


def test_without_javascript_a_claim_a_payment_told_choices_and_stop(
    reader: Callable[..., Reader], owes: Owes, tmp_path: Path
) -> None:
    phone = reader("sin-js", java_script_enabled=False, **PHONE)
    page = phone.page
    come_in(phone, owes)
    page.get_by_role("link", name="Reclamar").click()
    page.get_by_label("La factura tiene un error: precio, cantidad, impuestos o datos").check()
    first = Invoice.objects.get(number="F2026-00381")
    page.locator(f'input[name="factura"][value="{first.pk}"]').check()
    page.locator(f"#importe-{first.pk}").fill("210,00")
    page.get_by_label("Cuéntelo con sus palabras").fill("Acordamos otro precio: mire el pedido adjunto.")
    paper = tmp_path / "pedido.pdf"
    paper.write_bytes(b"%PDF-1.4\n%%EOF\n")
    page.get_by_label("Documentos o fotos (si los tiene)").set_input_files(paper)
    phone.look("reclamar", check=False)
    page.get_by_role("button", name="Enviar la reclamación").click()
    page.get_by_role("heading", name="Recibido").wait_for()
    phone.look("recibido", check=False)
    case = Dispute.objects.get()
    assert (case.category, holds.held(first)) == ("factura_incorrecta", Decimal("210.000"))
    assert [one[0] for one in Mail.objects.get().reading["attachments"]] == ["pedido.pdf"]

    page.go_back()
    page.get_by_label("La factura tiene un error: precio, cantidad, impuestos o datos").check()
    page.locator(f'input[name="factura"][value="{first.pk}"]').check()
    page.locator(f"#importe-{first.pk}").fill("210,00")
    page.get_by_label("Cuéntelo con sus palabras").fill("Acordamos otro precio: mire el pedido adjunto.")
    page.get_by_label("Documentos o fotos (si los tiene)").set_input_files(paper)
    page.get_by_role("button", name="Enviar la reclamación").click()
    page.get_by_role("heading", name="Recibido").wait_for()
    assert Dispute.objects.count() == 1, "back and once more is the same claim"

    page.get_by_role("link", name="Volver a mi cuenta").click()
    expect(page.get_by_text("210,00\xa0€ en reclamación")).to_be_visible()
    phone.look("cuenta", check=False)
    page.get_by_role("link", name="Cómo contactarme").click()
    page.get_by_role("group", name=re.compile("SMS")).get_by_label("No lo usen").check()
    page.get_by_role("group", name=re.compile("Correo")).get_by_label("Sí, pueden usarlo").check()
    page.get_by_role("button", name="Guardar").click()
    expect(page.get_by_role("status")).to_contain_text("Guardado")
    phone.look("contacto", check=False)
    assert (Consent.objects.get().channel, OptOut.objects.get().channel) == ("email", "sms")

    page.get_by_role("link", name="No quiero recibir ningún mensaje").click()
    page.get_by_role("button", name="No quiero recibir más mensajes").click()
    expect(page.get_by_role("status")).to_contain_text("Hecho")
    phone.look("baja", check=False)
    assert OptOut.objects.filter(channel="").count() == 1
    page.goto(f"/d/{owes.token}/cuenta/")
    page.get_by_role("button", name="Salir").click()
    page.get_by_role("heading", name="Ha salido").wait_for()
    page.goto(f"/d/{owes.token}/cuenta/")
    page.get_by_role("heading", name="Compruebe que es usted").wait_for()


def test_the_statement_prints(reader: Callable[..., Reader], owes: Owes) -> None:
    desk = reader("extracto", viewport={"width": 1000, "height": 800}, color_scheme="dark")
    come_in(desk, owes)
    desk.look("cuenta-oscura")
    desk.page.get_by_role("link", name="Extracto de su cuenta, para leer o imprimir").click()
    desk.look("pantalla")
    desk.page.emulate_media(media="print")
    expect(desk.page.get_by_role("navigation")).to_be_hidden()
    expect(desk.page.get_by_text("Total pendiente")).to_be_visible()
    desk.look("impreso", check=False)


def test_eight_at_once_send_the_same_claim_and_it_is_one(site: str, owes: Owes) -> None:
    with httpx.Client(base_url=site, timeout=60) as client:
        client.get(f"/d/{owes.token}/")
        csrf = {"csrfmiddlewaretoken": client.cookies["portal_csrf"]}
        client.post(f"/d/{owes.token}/", data={**csrf, "prueba": "5674"})
        page = client.get(f"/d/{owes.token}/reclamar/").text
        number = re.search(r'name="numero" value="([^"]+)"', page)
        assert number is not None
        invoice = str(Invoice.objects.get(number="F2026-00400").pk)
        form = {**csrf, "numero": number[1], "motivo": "no_recibido", "factura": invoice, "texto": "No llegó nada."}
        cookies = dict(client.cookies)

        def send(_: int) -> str:
            answer = httpx.post(f"{site}/d/{owes.token}/reclamar/", data=form, cookies=cookies, timeout=60)
            return f"{answer.status_code} {answer.headers.get('location')}"

        with ThreadPoolExecutor(8) as pool:
            places = set(pool.map(send, range(8)))

    assert len(places) == 1
    assert next(iter(places)).startswith("302 ")
    assert (Dispute.objects.count(), Mail.objects.count()) == (1, 1)
    assert Event.objects.filter(kind="portal.sent").count() == 1
