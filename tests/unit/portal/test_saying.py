"""What a debtor says becomes one case with its holds at once, one ticket later, however often it is sent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cobranza.disputes import workflow as triage
from cobranza.disputes.models import Dispute, Mail
from cobranza.disputes.settings import Triage, TriageMailbox
from cobranza.disputes.shift import Shift, known_categories, read_of
from cobranza.ledger import holds
from cobranza.ledger.models import Event, Hold, Word
from cobranza.ledger.verification import verify
from cobranza.portal.models import Submission
from tests.unit.disputes.fakes import FakeDesk, FakeJudge
from tests.unit.portal.conftest import TODAY, Browser

PDF = b"%PDF-1.4\n%%EOF\n"


def robot(browser: Browser, desk: FakeDesk) -> Shift:
    """The triage robot's shift, with its desk in memory and mailboxes of nobody."""
    return Shift(
        creditor=browser.creditor,
        signature="Prueba",
        settings=Triage(),
        boxes={"disputas": TriageMailbox(empresa="prueba", mesa="mesa")},
        judge=FakeJudge(),
        categories=known_categories(),
        read=lambda raw: read_of(browser.creditor, raw),
        desks={"mesa": desk},
    )


def claim(browser: Browser, **more: object) -> dict[str, object]:
    return {
        "numero": browser.number("reclamar/"),
        "motivo": "error",
        "factura": [str(browser.invoice("F-1").pk)],
        "texto": "El precio acordado era otro.",
        **more,
    }


def test_a_claim_is_one_case_one_ticket_and_a_hold_of_its_part(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("COBRANZA_EVIDENCE", str(tmp_path))
    browser.enter()
    invoice = browser.invoice("F-1")
    paper = SimpleUploadedFile("../pedido <1>.pdf", PDF, content_type="text/html")
    form = claim(browser, **{f"importe-{invoice.pk}": "210,00", "adjuntos": paper})

    first = browser.post("reclamar/", form)
    paper.seek(0)
    second = browser.post("reclamar/", form)

    assert (first.status_code, second["Location"]) == (302, first["Location"])
    case = Dispute.objects.get()
    assert (case.debtor, case.category, case.decided_by_name) == (browser.debtor, "factura_incorrecta", "portal")
    assert holds.held(invoice) == Decimal("210.000")
    assert f"caso es el {case.pk}" in browser.client.get(first["Location"]).content.decode()
    word = Word.objects.get()
    assert (word.channel, word.direction, word.reference) == ("portal", "in", f"caso:{case.pk}")
    assert word.handled_by == "portal", "its case attends to it, so the assistant does not answer as well"

    desk = FakeDesk()
    for _ in range(2):
        shift = robot(browser, desk)
        triage.work(shift)
    case.refresh_from_db()
    assert len(desk.tickets) == 1
    assert case.ticket
    mail = Mail.objects.get()
    assert mail.state == Mail.States.ACKNOWLEDGED
    [ticket] = desk.asked.values()
    assert any(file.name == "pedido 1.pdf" and file.content == PDF for file in ticket.files)
    assert "El precio acordado era otro." in ticket.text
    assert Hold.objects.filter(released_at=None).count() == 1
    assert Event.objects.filter(kind="portal.sent").count() == 1
    assert verify().ok


def test_the_same_claim_from_another_tab_is_the_same_case(browser: Browser) -> None:
    browser.enter()
    places = {browser.post("reclamar/", claim(browser))["Location"] for _ in range(2)}

    assert len(places) == 1
    assert Dispute.objects.count() == 1


def test_another_debtors_invoice_in_a_form_is_not_found(browser: Browser) -> None:
    browser.enter()
    theirs = browser.invoice("F-AJENA")

    answer = browser.post("reclamar/", claim(browser, factura=[str(theirs.pk)]))

    assert answer.status_code == 422
    assert (Dispute.objects.count(), holds.held(theirs)) == (0, Decimal(0))


def test_a_payment_told_holds_what_it_names_and_who_reads_it_reads_spanish(browser: Browser) -> None:
    browser.enter()
    on = TODAY - timedelta(days=3)
    form = {
        "numero": browser.number("pagado/"), "factura": [str(browser.invoice("F-2").pk)], "fecha": on.isoformat(),
        "importe": "605,50", "referencia": "TRF 88", "texto": "",
    }  # fmt: skip

    assert browser.post("pagado/", form).status_code == 302

    case = Dispute.objects.get()
    assert case.category == "pago_ya_realizado"
    assert holds.held(browser.invoice("F-2")) == Decimal("605.500")
    text = Mail.objects.get().own_text
    assert f"Fecha del pago: {on:%d/%m/%Y}" in text
    assert "605.50 EUR" in text
    assert "TRF 88" in text


def test_a_request_about_personal_data_is_never_closed_by_a_machine(browser: Browser) -> None:
    browser.enter()
    form = {"numero": browser.number("datos/"), "derecho": "acceso", "texto": ""}

    assert browser.post("datos/", form).status_code == 302

    case = Dispute.objects.get()
    assert known_categories()[case.category].never_automatic
    assert not Hold.objects.exists()


def test_another_reason_waits_for_a_person_and_holds_meanwhile(browser: Browser) -> None:
    browser.enter()
    assert browser.post("reclamar/", claim(browser, motivo="otro")).status_code == 302

    case = Dispute.objects.get()
    assert (case.review, holds.held(browser.invoice("F-1"))) == (Dispute.Reviews.WAITING, Decimal("1210.000"))


def test_who_owes_none_of_it_names_no_invoice_and_all_is_held(browser: Browser) -> None:
    browser.enter()
    assert browser.post("reclamar/", claim(browser, motivo="no_reconoce", factura=[])).status_code == 302

    assert holds.held(browser.invoice("F-1")) == Decimal("1210.000")
    assert holds.held(browser.invoice("F-3")) == Decimal("100.000")


def test_a_new_bank_account_is_a_possible_fraud_here_too(browser: Browser) -> None:
    browser.enter()
    text = "Hagan el abono en la cuenta ES9121000418450200051332, que es la nueva."
    assert browser.post("reclamar/", claim(browser, texto=text)).status_code == 302

    case = Dispute.objects.get()
    assert (case.category, case.alert) == ("cambio_datos_bancarios", True)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("virus.exe", b"MZ" * 10, "no es de una clase"),
        ("factura.pdf", b"<script>alert(1)</script>", "no es de una clase"),
        ("foto.svg", b"<svg onload=alert(1)>", "no es de una clase"),
        ("grande.pdf", PDF + b"0" * (8 * 1024 * 1024), "pasa de 8 MB"),
    ],
)
def test_files_of_other_kinds_or_too_large_are_told_and_nothing_is_sent(
    browser: Browser, name: str, content: bytes, told: str
) -> None:
    browser.enter()
    answer = browser.post("reclamar/", claim(browser, adjuntos=SimpleUploadedFile(name, content)))

    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert "El precio acordado era otro." in answer.content.decode(), "what was written is still there"
    assert (Mail.objects.count(), Submission.objects.count()) == (0, 0)


def test_the_whole_request_is_bounded_before_it_is_read(browser: Browser) -> None:
    form = {"prueba": "5674", "mas": "x" * 70_000}
    assert browser.post("", form).status_code == 413, "nobody brings that much before the second proof"

    browser.enter()
    heavy = [SimpleUploadedFile(f"{n}.pdf", PDF + b"0" * (6 * 1024 * 1024)) for n in range(3)]
    answer = browser.post("reclamar/", claim(browser, adjuntos=heavy))
    assert (answer.status_code, Mail.objects.count()) == (413, 0)


def test_too_much_in_an_hour_waits(browser: Browser, configured: object) -> None:
    configured("[limites]\nenvios_por_hora = 2\n")  # type: ignore[operator]
    browser.enter()

    answers = [browser.post("reclamar/", claim(browser, texto=f"Motivo {n} de verdad")).status_code for n in range(3)]

    assert answers == [302, 302, 422]
    assert Dispute.objects.count() == 2
