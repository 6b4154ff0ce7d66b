"""The wizard's own rules, and how the portals differ."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cobranza.demo.court import access
from tests.unit.court.visitor import PARTIES, Visitor, writ

Enter = Callable[..., Visitor]


def test_an_organ_that_takes_paper_only_is_refused(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.draft()
    visitor.get(f"borradores/{draft}/organo")
    visitor.post(f"borradores/{draft}/organo", organo="2807941999")
    assert visitor.reasons == ["ORG-02"]
    visitor.post(f"borradores/{draft}/organo", organo="2807942001", provincia="Barcelona")
    assert visitor.reasons == ["ORG-01"], "the organ is not there"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("cuantia", "mucho", "PRO-02"),
        ("cuantia", "0,00", "PRO-03"),
        ("cuantia", "12,345", "PRO-02"),
        ("procedimiento", "XXX", "PRO-01"),
        ("asunto", " ", "PRO-05"),
        ("referencia", "x" * 41, "PRO-07"),
    ],
)
def test_what_the_matter_needs(visit: Enter, field: str, value: str, code: str) -> None:
    visitor = visit()
    path = f"borradores/{visitor.draft()}/procedimiento"
    good = {"procedimiento": "MON", "cuantia": "10,00", "asunto": "Reclamación", "referencia": "R"}
    visitor.get(path)
    visitor.post(path, **(good | {field: value}))
    assert visitor.reasons == [code]


def test_a_procedure_with_a_limit_of_amount(visit: Enter) -> None:
    visitor = visit()
    path = f"borradores/{visitor.draft()}/procedimiento"
    for amount, reasons in (("15.000,01", ["PRO-04"]), ("15.000,00", [])):
        visitor.get(path)
        visitor.post(path, procedimiento="VRB", cuantia=amount, asunto="Reclamación", referencia="")
        assert visitor.reasons == reasons


@pytest.mark.parametrize("slug", sorted(PARTIES))
def test_identity_numbers_have_check_digits(visit: Enter, slug: str) -> None:
    visitor = visit(slug)
    path = f"borradores/{visitor.draft()}/intervinientes"
    kind, good, _ = PARTIES[slug]
    wrong = good[:-1] + ("1" if good[-1] != "1" else "2") if slug != "mx" else good[:-1] + "!"
    base = {"calidad": "demandado", "tipo_documento": kind, "nombre": "Invenciones SL", "domicilio": "Calle Mayor 1"}
    visitor.get(path)
    visitor.post(path, accion="anadir", numero_documento=wrong, correo="a@example.org", **base)
    assert visitor.reasons == ["INT-05"]
    visitor.post(path, accion="anadir", numero_documento=good, correo="a@example.org", **base)
    visitor.post(path, accion="anadir", numero_documento=good, correo="a@example.org", **base)
    assert visitor.reasons == ["INT-08"]
    visitor.post(path, accion="continuar")
    assert visitor.reasons == ["INT-09"], "nobody claims"


def test_nothing_goes_on_before_the_antivirus_has_finished(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.draft()
    visitor.fill(draft)
    visitor.upload(draft, writ(), "escrito.pdf", "MON")
    visitor.upload(draft, b"%PDF-1.4 X5O!P%@AP EICAR-STANDARD-ANTIVIRUS-TEST-FILE", "virus.pdf", "FAC")
    assert visitor.reasons == ["DOC-12"], "a virus that is no file is no file"
    infected = writ("anexo") + b"\n% EICAR-STANDARD-ANTIVIRUS-TEST-FILE\n"
    visitor.upload(draft, infected, "anexo.pdf", "FAC")
    assert 'id="continuar" disabled' in visitor.page
    visitor.post(f"borradores/{draft}/documentos")
    assert visitor.reasons == ["ENV-05", "ENV-05"]
    visitor.admin("reloj", advance_seconds=10)
    visitor.post(f"borradores/{draft}/documentos")
    assert visitor.reasons == ["ENV-06"]
    visitor.post(f"borradores/{draft}/documentos/2/quitar")
    visitor.post(f"borradores/{draft}/documentos")
    assert visitor.reasons == ["ENV-03"], "a claim brings annexes"


def test_documents_change_places_and_the_writ_stays_first(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.draft()
    visitor.fill(draft)
    for name, kind in (("a.pdf", "FAC"), ("b.pdf", "ALB"), ("escrito.pdf", "MON")):
        visitor.upload(draft, writ(name), name, kind)
    visitor.post(f"borradores/{draft}/documentos/2/mover", a="1")
    (row,) = visitor.truth()["drafts"]
    assert [(one["order"], one["name"]) for one in row["documents"]] == [(1, "escrito.pdf"), (2, "b.pdf"), (3, "a.pdf")]
    visitor.upload(draft, writ("otro"), "otro.pdf", "DEM")
    assert visitor.reasons == ["DOC-31"]


def test_the_catalogue_must_fit_the_procedure(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.draft()
    visitor.fill(draft)
    visitor.upload(draft, writ(), "escrito.pdf", "DEM")
    visitor.upload(draft, writ("a"), "a.pdf", "FAC")
    visitor.admin("reloj", advance_seconds=10)
    visitor.post(f"borradores/{draft}/documentos")
    assert visitor.reasons == ["ENV-04"]


def test_a_change_takes_the_signature_off(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.ready()
    visitor.post(f"borradores/{draft}/documentos/2/quitar")
    visitor.upload(draft, writ("otra"), "otra.pdf", "FAC")
    visitor.admin("reloj", advance_seconds=10)
    visitor.send(draft)
    assert (visitor.reasons, visitor.truth()["filings"]) == (["ENV-08"], [])


def test_a_draft_is_sent_once(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.ready()
    token_page = visitor.page
    visitor.send(draft)
    visitor.page = token_page
    visitor.send(draft)
    assert visitor.reasons == ["ENV-12"]
    assert len(visitor.truth()["filings"]) == 1


def test_a_draft_is_listed_until_its_filing_can_be_seen(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.file()["draft"]
    for seconds, listed in ((0, True), (59, True), (2, False)):
        visitor.admin("reloj", advance_seconds=seconds)
        assert (draft in visitor.get("borradores")) is listed
        assert ("Mostrando 1-1 de 1" in visitor.get("enviados")) is not listed


def test_drafts_expire_and_can_be_deleted(visit: Enter) -> None:
    visitor = visit()
    kept, gone = visitor.draft(), visitor.draft()
    visitor.get("borradores")
    visitor.post(f"borradores/{gone}/eliminar")
    assert "1 borradores" in visitor.page
    visitor.admin("fallos", idle_seconds=10**8, absolute_seconds=10**8)
    visitor.admin("reloj", advance_seconds=30 * 86400 - 1)
    assert kept in visitor.get("borradores")
    visitor.admin("reloj", advance_seconds=2)
    assert kept not in visitor.get("borradores")
    visitor.get(f"borradores/{kept}")
    assert visitor.status == 404


def test_other_mailboxes_see_nothing(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.draft()
    stranger = visit(inside=False)
    stranger.walk_in(access.SECOND, f"personal-{access.SECOND}")
    stranger.get(f"borradores/{draft}/organo")
    assert stranger.status == 404
    colleague = visit(inside=False)
    colleague.walk_in(access.SECOND)
    colleague.get(f"borradores/{draft}/organo")
    assert colleague.status == 200, "the collective mailbox is everybody's"


def test_exceso_de_cabida_is_declared_and_receipted(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.draft()
    visitor.fill(draft)
    visitor.attach(draft)
    visitor.get(f"borradores/{draft}/documentos")
    visitor.post(
        f"borradores/{draft}/documentos/exceso", tipo_exceso="CON", descripcion_exceso="Contrato de 400 páginas"
    )
    visitor.sign(draft)
    visitor.send(draft)
    assert "Acuse de exceso de cabida" in visitor.page
    documents = visitor.truth()["filings"][0]["documents"]
    assert [(one["overflow"], bool(one["sha256"])) for one in documents] == [
        (False, True),
        (False, True),
        (True, False),
    ]


def test_peru_takes_an_undetermined_amount_and_wants_the_casilla(visit: Enter) -> None:
    visitor = visit("pe_mpe")
    path = f"borradores/{visitor.draft()}/procedimiento"
    assert "Referencia interna" not in visitor.get(path)
    visitor.post(path, procedimiento="PUE", cuantia="", indeterminada="1", asunto="Obligación", casilla="")
    assert visitor.reasons == ["PRO-08"]
    visitor.post(path, procedimiento="PUE", cuantia="", indeterminada="1", asunto="Obligación", casilla="1234")
    assert visitor.title == "Intervinientes"


def test_chile_waits_for_every_signer(visit: Enter) -> None:
    visitor = visit("cl_ojv")
    draft = visitor.draft()
    visitor.fill(draft)
    visitor.attach(draft)
    base = f"borradores/{draft}"
    visitor.post(f"{base}/documentos")
    visitor.post(f"{base}/resumen")
    assert visitor.title == "Firmantes"
    visitor.post(f"{base}/firmantes", accion="anadir", rut="7.654.321-6")
    visitor.post(f"{base}/firmantes", accion="continuar")
    visitor.post(f"{base}/firma", pin=access.PIN)
    assert visitor.title == "Bandeja de firma"
    assert "Pendiente de firma" in visitor.page
    visitor.send(draft)
    assert visitor.reasons == ["ENV-08"]
    other = visit("cl_ojv", inside=False)
    other.walk_in(access.SECOND, f"personal-{access.SECOND}")
    assert draft in other.get("bandeja")
    other.get(f"{base}/firma")
    other.post(f"{base}/firma", pin=access.PIN)
    assert "Listo para enviar" in visitor.get("bandeja")
    visitor.send(draft)
    assert visitor.title == "Certificado de envío de causa"


def test_colombia_warns_of_a_duplicate_and_wants_the_copy_sent(visit: Enter) -> None:
    visitor = visit("co")
    draft = visitor.draft()
    visitor.fill(draft)
    visitor.attach(draft)
    visitor.post(f"borradores/{draft}/documentos")
    visitor.post(f"borradores/{draft}/resumen")
    assert visitor.reasons == ["ENV-07"]
    assert "copia_enviada" in visitor.page
    amendment = visitor.ready(kind="subsanacion", copy_sent=False)
    visitor.send(amendment)
    assert visitor.reasons == ["ENV-07"], "the amendment goes to the debtor too"
    visitor.file()
    again = visitor.ready()
    visitor.send(again)
    assert "Posible presentación duplicada" in visitor.page
    assert len(visitor.truth()["filings"]) == 1
    visitor.admin("fallos", idle_seconds=10**8, absolute_seconds=10**8)
    visitor.admin("reloj", advance_seconds=91 * 86400)
    visitor.get(f"borradores/{again}/envio")
    assert visitor.status == 404, "the draft is too old by then"
    assert visitor.file()["id"] != visitor.truth()["filings"][0]["id"], "and so is the first filing"


def test_mexico_refuses_a_duplicate_and_any_pfx_but_the_signers_own(visit: Enter) -> None:
    visitor = visit("mx")
    visitor.file()
    draft = visitor.ready()
    visitor.send(draft)
    assert visitor.reasons == ["ENV-10"]
    authority = visitor.court.authority
    own = authority.pfx("OERM8504127H1", "Marcela Ortega Ríos", "clave")
    for pfx, password, code in (
        (authority.pfx("XAXX010101000", "Otra Persona", "clave"), "clave", "FIR-03"),
        (authority.pfx("OERM8504127H1", "Marcela Ortega Ríos", "clave", "expired"), "clave", "FIR-03"),
        (authority.pfx("OERM8504127H1", "Marcela Ortega Ríos", "clave", "revoked"), "clave", "FIR-03"),
        (own, "otra", "FIR-06"),
        (b"nothing", "clave", "FIR-06"),
    ):
        visitor.post(f"borradores/{draft}/firma", files={"pfx": ("f.pfx", pfx)}, clave_firma=password)
        assert visitor.reasons == [code]
    visitor.post(f"borradores/{draft}/firma", files={"pfx": ("f.pfx", own)}, clave_firma="clave")
    assert visitor.title == "Envío"


def test_mendoza_wants_its_identifier_quoted_once(visit: Enter) -> None:
    visitor = visit("ar_meed")
    visitor.get("identificadores")
    visitor.post("identificadores")
    (identifier,) = visitor.truth()["identifiers"]
    first, second = visitor.draft(), visitor.draft()
    visitor.post(f"borradores/{first}/identificador", accion="continuar", identificador=identifier["id"])
    assert visitor.title == "Órgano destinatario"
    visitor.get(f"borradores/{second}/identificador")
    visitor.post(f"borradores/{second}/identificador", accion="continuar", identificador=identifier["id"])
    assert visitor.reasons == ["IDE-02"]
    visitor.get(f"borradores/{first}/documentos")
    visitor.upload(first, writ("Demanda sin cita"), "demanda.pdf", "DEM")
    assert visitor.reasons == ["DOC-34"]
    visitor.upload(first, writ(f"Demanda {identifier['id']}"), "demanda.pdf", "DEM")
    assert visitor.reasons == []
    visitor.get("borradores")
    visitor.post(f"borradores/{first}/eliminar")
    visitor.get(f"borradores/{second}/identificador")
    visitor.post(f"borradores/{second}/identificador", accion="continuar", identificador=identifier["id"])
    assert visitor.title == "Órgano destinatario", "a deleted draft gives its identifier back"


def test_a_filed_draft_can_be_looked_at_and_not_touched_until_its_filing_is_seen(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.file()["draft"]
    path = f"borradores/{draft}/documentos"
    assert "escrito.pdf" in visitor.get(path)
    visitor.post(f"{path}/1/quitar")
    assert visitor.status == 404
    visitor.admin("reloj", advance_seconds=61)
    visitor.get(path)
    assert visitor.status == 404


def test_a_later_writ_names_its_case(visit: Enter) -> None:
    visitor = visit()
    path = f"borradores/{visitor.draft('tramite')}/procedimiento"
    good = {"procedimiento": "MON", "cuantia": "10,00", "asunto": "Aporta domicilio", "referencia": ""}
    visitor.get(path)
    visitor.post(path, numero="", **good)
    assert visitor.reasons == ["PRO-09"]
    visitor.post(path, numero="0000001/2026", **good)
    assert visitor.title == "Intervinientes"
