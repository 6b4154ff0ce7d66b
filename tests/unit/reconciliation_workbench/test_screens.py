"""The desk's answers without a browser: who may do what, what comes back, and that it works without scripts."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from decimal import Decimal

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cobranza.ledger.models import Movement
from cobranza.reconciliation.models import Decision, Proposal
from cobranza.reconciliation.workbench import leases, uploads
from cobranza.reconciliation.workbench.models import Lease, Note, OnAccount, Upload
from cobranza.screens.access import Role
from tests.journeys.reconciliation_workbench import world
from tests.unit.reconciliation_workbench.conftest import Desk

D = Decimal
DESK = reverse("reconciliation:workbench")


def state(proposal: Proposal) -> str:
    return Proposal.objects.exclude(state="superseded").get(movement=proposal.movement_id).state


def typed(desk: Desk, proposal: Proposal, **boxes: str) -> dict[str, str]:
    """A form as a browser without scripts sends it."""
    named = {
        f"{name.split('_')[0]}-{desk.invoice(f'FV-26-{name[-4:]}').pk}" if name[-4:].isdigit() else name: value
        for name, value in boxes.items()
    }
    return {"proposal": str(proposal.pk), "filters": "q=PAGO&sort=amount", **named}


@pytest.mark.parametrize("role", [Role.ADMINISTRATION, Role.OPERATION])
def test_those_who_decide_get_the_next_one_with_their_filters(
    desk: Desk, enter: Callable[..., Client], role: Role
) -> None:
    small, large = desk.proposal("302.50", "FV-26-0102"), desk.proposal("1210.00", "FV-26-0101")
    client = enter(role)

    page = client.get(f"{DESK}?q=PAGO&sort=amount").content.decode()
    assert "FV-26-0101" in page
    assert Lease.objects.get().movement_id == large.movement_id
    answer = client.post(
        reverse("reconciliation:decide", args=[large.movement_id]), typed(desk, large, applied_0101="1.210,00")
    )

    assert answer.headers["Location"] == f"{DESK}?q=PAGO&sort=amount&item={small.movement_id}"
    assert state(large) == "accepted"
    assert Decision.objects.get().person == "ana"
    assert Lease.objects.get().movement_id == small.movement_id


@pytest.mark.parametrize("role", [Role.AUDIT, Role.SUPERVISION])
def test_those_who_look_take_nothing_and_find_no_form_to_decide(
    desk: Desk, enter: Callable[..., Client], role: Role
) -> None:
    proposal = desk.proposal("1210.00", "FV-26-0101")
    client = enter(role)

    page = client.get(f"{DESK}?item={proposal.movement_id}").content.decode()
    assert 'id="sheet"' not in page
    assert "Su perfil mira y no decide." in page
    assert not Lease.objects.exists()
    for name in ("decide", "sheet", "set_aside", "undo", "note", "lease"):
        assert client.post(reverse(f"reconciliation:{name}", args=[proposal.movement_id])).status_code == 403
    assert client.get(reverse("reconciliation:group")).status_code == 403
    assert client.get(reverse("reconciliation:statements")).status_code == 403
    assert client.get(reverse("reconciliation:export_csv")).status_code == 200
    assert state(proposal) == "review"


def test_only_supervision_takes_over(desk: Desk, enter: Callable[..., Client]) -> None:
    movement = desk.proposal("1210.00", "FV-26-0101").movement_id
    leases.take(movement, "luis")
    url = reverse("reconciliation:take_over", args=[movement])

    assert enter(Role.OPERATION).post(url).status_code == 403
    assert leases.holder(movement).person == "luis"  # type: ignore[union-attr]
    enter(Role.SUPERVISION, name="sara").post(url)
    assert leases.holder(movement) is None
    leases.take(movement, "luis")
    enter(Role.SUPERVISION, Role.OPERATION, name="eva").post(url)
    assert leases.holder(movement).person == "eva"  # type: ignore[union-attr]


def test_what_does_not_add_up_comes_back_with_its_field_and_nothing_is_lost(
    desk: Desk, enter: Callable[..., Client]
) -> None:
    proposal = desk.proposal("1000.00", "FV-26-0101")
    sent = typed(desk, proposal, applied_0101="1.210,00", note="Mirar esto")

    answer = enter(Role.OPERATION).post(reverse("reconciliation:decide", args=[proposal.movement_id]), sent)
    page = answer.content.decode()

    box = f"applied-{desk.invoice('FV-26-0101').pk}"
    assert answer.status_code == 422
    assert re.search(rf'name="{box}"[^>]*aria-invalid="true" aria-describedby="why-{box}"', page)
    assert f'id="why-{box}"' in page
    assert "sobran 210,00" in page
    assert 'value="Mirar esto"' in page
    assert (state(proposal), Decision.objects.count()) == ("review", 0)


def test_the_arithmetic_is_worked_out_while_typing(desk: Desk, enter: Callable[..., Client]) -> None:
    proposal = desk.proposal("1590.00", "FV-26-0113")
    sent = typed(desk, proposal, applied_0113="1815,00", withheld_0113="225,00")

    answer = enter(Role.OPERATION).post(
        reverse("reconciliation:sheet", args=[proposal.movement_id]),
        sent,
        headers={"HX-Request": "true", "HX-Target": "suma"},
    )
    page = answer.content.decode()

    assert "<html" not in page
    assert "1.815,00 − 225,00 retención = 1.590,00" in page.replace("\xa0", " ")
    assert "IRPF 15 %" in page
    assert "suma-right" in page


def test_a_row_is_added_and_taken_off_without_scripts(desk: Desk, enter: Callable[..., Client]) -> None:
    proposal = desk.proposal("1512.50", "FV-26-0101")
    client, url = enter(Role.OPERATION), reverse("reconciliation:sheet", args=[proposal.movement_id])
    other = desk.invoice("FV-26-0102")

    page = client.post(url, typed(desk, proposal, applied_0101="1210,00") | {"add": str(other.pk)}).content.decode()
    assert f'name="applied-{other.pk}" value="302,50"' in page
    assert "Cuadra" in page
    page = client.post(
        url, typed(desk, proposal, applied_0101="1210,00", applied_0102="302,50") | {"drop": str(other.pk)}
    ).content.decode()
    assert f'name="applied-{other.pk}"' not in page


def test_searching_finds_by_number_customer_tax_id_and_amount(desk: Desk, enter: Callable[..., Client]) -> None:
    movement = desk.proposal("5.00").movement_id
    client, url = enter(Role.OPERATION), reverse("reconciliation:search", args=[movement])

    for query, number in (("0118", "FV-26-0118"), ("Guadiana", "FV-26-0104"), ("B64717838", "FV-26-0113")):
        assert number in client.get(url, {"find": query}).content.decode()
    assert "FV-26-0117" in client.get(url, {"find": "256,67"}).content.decode()
    assert "Nada pendiente coincide." in client.get(url, {"find": "zzz\x00"}).content.decode()


def test_the_engines_silence_still_offers_the_customer_that_the_text_means(
    desk: Desk, enter: Callable[..., Client]
) -> None:
    proposal = desk.proposal("5000.00", text="TRANSF DE HOSTAL JUCAR SL ENTREGA A CUENTA")
    client = enter(Role.OPERATION)
    url = reverse("reconciliation:sheet", args=[proposal.movement_id])

    page = client.post(url, typed(desk, proposal) | {"fill": "on_account"}).content.decode()

    assert re.search(r"<option value=\"\d+\" selected>Hostal Júcar, S.L.", page)
    assert "FV-26-0116" in page


def test_setting_aside_noting_and_undoing(desk: Desk, enter: Callable[..., Client]) -> None:
    proposal = desk.proposal("412.09", text="DEVOLUCION IVA")
    client, movement = enter(Role.ADMINISTRATION), proposal.movement_id

    client.post(reverse("reconciliation:note", args=[movement]), {"text": "Preguntar a la gestoría"})
    assert Note.objects.get().text == "Preguntar a la gestoría"
    client.post(
        reverse("reconciliation:set_aside", args=[movement]),
        {"proposal": proposal.pk, "reason": "2", "note": "Modelo 303"},
    )
    assert Decision.objects.get().note == "Subvención, impuestos o Seguridad Social. Modelo 303"
    page = client.get(f"{DESK}?item={movement}&do=undo").content.decode()
    assert "vuelve a la bandeja sin más" in page
    refused = client.post(reverse("reconciliation:undo", args=[movement]), {"proposal": proposal.pk}, follow=True)
    assert "Falta el motivo." in refused.content.decode()
    client.post(reverse("reconciliation:undo", args=[movement]), {"proposal": proposal.pk, "reason": "Sí era"})
    assert state(proposal) == "review"
    history = client.get(f"{DESK}?item={movement}&do=history").content.decode()
    assert "Preguntar a la gestoría" in history
    assert "Sí era" in history


def test_an_old_page_decides_nothing(desk: Desk, enter: Callable[..., Client]) -> None:
    proposal = desk.proposal("1210.00", "FV-26-0101")
    client = enter(Role.OPERATION)
    Proposal.objects.filter(pk=proposal.pk).update(state="superseded")
    Proposal.objects.create(creditor=desk.creditor, movement=proposal.movement, state="review")

    answer = client.post(
        reverse("reconciliation:decide", args=[proposal.movement_id]),
        typed(desk, proposal, applied_0101="1210,00"),
        follow=True,
    )

    assert "Otra ejecución ha propuesto algo distinto" in answer.content.decode()
    assert not Decision.objects.exists()


def test_a_poll_renews_and_tells_when_the_turn_is_gone(desk: Desk, enter: Callable[..., Client]) -> None:
    movement = desk.proposal("1210.00", "FV-26-0101").movement_id
    client, url = enter(Role.OPERATION), reverse("reconciliation:lease", args=[movement])

    assert "Lo tiene usted hasta las" in client.post(url, {"mine": "1"}).content.decode()
    leases.take_over(movement, "sara", keep=True)
    assert client.post(url, {"mine": "1"}).headers["HX-Refresh"] == "true"
    assert "Lo tiene sara" in client.post(url, {"mine": "0"}).content.decode()
    leases.give_up(movement, "sara")
    assert client.post(url, {"mine": "0"}).headers["HX-Refresh"] == "true"


def test_exports_hold_the_filtered_list_and_no_formula(desk: Desk, enter: Callable[..., Client]) -> None:
    desk.proposal("1210.00", "FV-26-0101", name="=cmd|' /C calc'!A0", confidence="0.9")
    desk.proposal("88.88", text="@SUM(A1)")
    client = enter(Role.AUDIT)

    text = b"".join(client.get(reverse("reconciliation:export_csv") + "?sort=amount")).decode()  # type: ignore[arg-type]
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))
    assert [row[2] for row in rows] == ["Importe", "1210,00", "88,88"]
    assert rows[1][4] == "'=cmd|' /C calc'!A0"
    assert rows[1][9] == "0,9000"
    assert rows[2][5].startswith("'@SUM")

    book = client.get(reverse("reconciliation:export_xlsx") + "?q=FV-26-0101")
    [row] = openpyxl.load_workbook(io.BytesIO(book.content)).active.iter_rows(min_row=2, values_only=True)  # type: ignore[union-attr]
    assert (row[2], row[7], row[4]) == (1210, "FV-26-0101", "'=cmd|' /C calc'!A0")


def test_nothing_received_becomes_markup(desk: Desk, enter: Callable[..., Client]) -> None:
    proposal = desk.proposal("1210.00", "FV-26-0101", text="<script>alert(1)</script> FV-26-0101", name="<b>x</b>")

    page = enter(Role.OPERATION).get(f"{DESK}?item={proposal.movement_id}").content.decode()

    assert "<script>alert" not in page
    assert "<b>x</b>" not in page
    assert '<mark class="named named-document" title="FV-26-0101">FV-26-0101</mark>' in page


# ---- statements


def upload(client: Client, name: str, content: bytes):
    return client.post(reverse("reconciliation:statements"), {"file": SimpleUploadedFile(name, content)}, follow=True)


def test_a_statement_is_shown_before_and_imported_once(desk: Desk, enter: Callable[..., Client]) -> None:
    client = enter(Role.OPERATION)
    page = upload(client, "../noviembre.n43", world.statement()).content.decode()
    kept = Upload.objects.get()

    assert "De 27 movimientos, 27 son nuevos y 0 ya se conocían." in page
    assert (kept.name, Movement.objects.count()) == ("noviembre.n43", 0)
    done = client.post(reverse("reconciliation:statement_confirm", args=[kept.pk])).content.decode()
    assert "27 movimientos nuevos" in done
    assert reverse("reconciliation:match_company", args=["duero"]) in done
    kept.refresh_from_db()
    assert (kept.state, bytes(kept.content)) == ("imported", b"")

    again = upload(client, "otra-vez.n43", world.statement()).content.decode()
    assert "ya se importó" in again
    client.post(reverse("reconciliation:statement_confirm", args=[kept.pk]))
    assert Movement.objects.count() == 27


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "vacío"),
        (b"hola", "no es de ning"),
        (b"%PDF-1.7 nada", "no es de ning"),
        (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><Document/>', "COB-EXT-001"),
    ],
)
def test_a_file_that_is_no_statement_says_so(
    desk: Desk, enter: Callable[..., Client], content: bytes, says: str
) -> None:
    page = upload(enter(Role.OPERATION), "fichero.xml", content).content.decode()

    assert says in page
    assert "Qué hacer:" in page
    assert not Movement.objects.exists()


def test_a_statement_that_contradicts_itself_is_set_aside(desk: Desk, enter: Callable[..., Client]) -> None:
    from cobranza import suite

    page = upload(enter(Role.OPERATION), "roto.n43", world.cut_statement()).content.decode()

    assert "cuarentena" in page
    assert Upload.objects.get().state == "refused"
    assert len(list((suite.output_folder() / "cuarentena").glob("*.motivo.json"))) == 1


def test_too_large_a_file_is_not_read(
    desk: Desk, enter: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 100)

    answer = upload(enter(Role.OPERATION), "grande.n43", world.statement())

    assert answer.status_code == 422
    assert "pasa de" in answer.content.decode()
    assert not Upload.objects.exists()


def test_a_statement_of_another_house_changes_nothing(desk: Desk, enter: Callable[..., Client]) -> None:
    desk.account.iban = "ES7921000813610123456789"
    type(desk.account).objects.filter(pk=desk.account.pk).update(iban=desk.account.iban)

    page = upload(enter(Role.OPERATION), "ajeno.n43", world.statement()).content.decode()

    assert "no es de ninguna empresa de la casa" in page
    client = Client()
    assert client.post(reverse("reconciliation:statement_confirm", args=[Upload.objects.get().pk])).status_code == 302
    assert not Movement.objects.exists()


def test_files_that_nobody_confirmed_are_forgotten(desk: Desk) -> None:
    from cobranza.kernel import clock

    kept = uploads.receive("a.n43", [world.statement()], person="ana")
    Upload.objects.update(at=clock.now() - uploads.KEPT * 2)

    uploads.forget_old()

    assert not Upload.objects.filter(pk=kept.pk).exists()
    assert OnAccount.objects.count() == 0
