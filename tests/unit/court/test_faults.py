"""Each fault does what COURT.md says, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from cobranza.demo.court import access, receipt
from cobranza.demo.court.faults import CourtFaultError, Faults
from tests.unit.court.visitor import Visitor, sha256, writ

Enter = Callable[..., Visitor]


def filings(visitor: Visitor) -> list[Any]:
    return list(visitor.truth()["filings"])


def test_f1_registers_and_cuts_the_line(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.ready()
    visitor.admin("fallos", F1=1)
    with pytest.raises(ConnectionResetError):
        visitor.send(draft)
    assert len(filings(visitor)) == 1


def test_f2_registers_and_answers_500(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.ready()
    visitor.admin("fallos", F2=1)
    visitor.send(draft)
    assert (visitor.status, len(filings(visitor))) == (500, 1)


def test_f3_answers_500_and_has_done_nothing(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.ready()
    visitor.admin("fallos", F3=1)
    visitor.send(draft)
    assert (visitor.status, len(filings(visitor))) == (500, 0)
    visitor.get(f"borradores/{draft}/envio")
    visitor.send(draft)
    assert len(filings(visitor)) == 1, "the next one passes"


def test_f4_registers_later_and_twice_for_who_sends_again(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.ready()
    visitor.admin("fallos", F4={"count": 1, "hold": 0})
    visitor.send(draft)
    assert (visitor.status, len(filings(visitor))) == (504, 0)
    assert [one["draft"] for one in visitor.truth()["later"]] == [draft]
    visitor.get(f"borradores/{draft}/envio")
    visitor.send(draft)
    assert len(filings(visitor)) == 1
    visitor.admin("reloj", advance_seconds=29)
    assert len(filings(visitor)) == 1
    sent = visitor.court.clock.now()
    visitor.admin("reloj", advance_seconds=100)
    first, second = filings(visitor)
    assert first["draft"] == second["draft"] == draft
    assert (datetime.fromisoformat(second["filed_at"]) - sent).total_seconds() == 1, "when it was due, not when seen"


@pytest.mark.parametrize(
    ("mode", "status", "same"), [("fail", 500, False), ("truncated", 200, False), ("other", 200, False)]
)
def test_f5_spoils_the_receipt(visit: Enter, mode: str, status: int, same: bool) -> None:
    visitor = visit()
    filing = visitor.file()
    address = f"/es_lexnet/presentaciones/{filing['id']}/acuse.xml"
    good = visitor.client.get(address).content
    visitor.admin("fallos", F5={"count": 1, "mode": mode})
    answer = visitor.client.get(address)
    assert (answer.status_code, answer.content == good) == (status, same)
    assert visitor.client.get(address).content == good


def test_f6_refuses_or_stores_something_else(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.draft()
    visitor.fill(draft)
    for mode, status in (("500", 500), ("413", 413)):
        visitor.admin("fallos", F6={"count": 1, "mode": mode})
        visitor.upload(draft, writ(), "escrito.pdf", "MON")
        assert visitor.status == status
        visitor.get(f"borradores/{draft}/documentos")
        assert visitor.truth()["uploads"] == []
    visitor.admin("fallos", F6={"count": 1, "mode": "other_hash"})
    visitor.upload(draft, writ(), "escrito.pdf", "MON")
    (upload,) = visitor.truth()["uploads"]
    assert upload["sha256"] != sha256(writ())
    assert upload["sha256"] in visitor.page
    assert sha256(visitor.court.store.content(upload["sha256"])) == upload["sha256"], "what it shows is what it keeps"


@pytest.mark.parametrize(
    ("mode", "after", "then"),
    [
        ("slow", "pendiente", "limpio"),
        ("stuck", "pendiente", "pendiente"),
        ("false_positive", "infectado", "infectado"),
    ],
)
def test_f7_keeps_the_antivirus_busy_or_wrong(visit: Enter, mode: str, after: str, then: str) -> None:
    visitor = visit()
    draft = visitor.draft()
    visitor.fill(draft)
    visitor.admin("fallos", F7={"count": 1, "mode": mode})
    visitor.upload(draft, writ(), "escrito.pdf", "MON")
    address = f"/es_lexnet/borradores/{draft}/documentos/estado"
    for seconds, expected in ((60, after), (600, then)):
        visitor.admin("reloj", advance_seconds=seconds)
        assert visitor.client.get(address).json()["documents"][0]["state"] == expected


@pytest.mark.parametrize("step", ["organo", "procedimiento", "intervinientes", "subida", "firma", "envio", "enviados"])
def test_f8_ends_the_session_at_any_step(visit: Enter, step: str) -> None:
    visitor = visit()
    draft = visitor.draft()
    paths = {"subida": f"borradores/{draft}/documentos/subir", "enviados": "enviados"}
    path = paths.get(step, f"borradores/{draft}/{step}")
    act = visitor.get if step == "enviados" else visitor.post
    visitor.admin("fallos", F8={"count": 1, "step": step, "mode": "redirect"})
    act(path)
    assert (visitor.title, visitor.path) == ("Acceso", "/es_lexnet/acceso")
    assert "ha caducado" in visitor.page
    visitor.log_in()
    visitor.admin("fallos", F8={"count": 1, "step": step, "mode": "page"})
    act(path)
    assert (visitor.title, visitor.status) == ("Acceso", 200)
    assert visitor.path.endswith(path), "the address does not say that this is the login"


def test_f9_changes_what_the_fields_are_called(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.draft()
    base = f"borradores/{draft}"
    visitor.admin("fallos", F9={"mode": "labels"})
    visitor.get(f"{base}/organo")
    assert ">Destino del escrito</label>" in visitor.page
    assert ">Órgano destinatario</label>" not in visitor.page
    visitor.admin("fallos", F9={"mode": "ids"})
    visitor.get(f"{base}/organo")
    visitor.post(f"{base}/organo", organo="2807942001")
    assert visitor.reasons == ["ORG-01"], "the old name says nothing to the form"
    visitor.admin("fallos", F9={"mode": "extra_field"})
    visitor.get(f"{base}/organo")
    visitor.post(f"{base}/organo", organo="2807942001")
    assert visitor.reasons == ["EXT-01"]
    visitor.admin("fallos", F9={"mode": "order"})
    visitor.get(f"{base}/procedimiento")
    assert visitor.page.index("Referencia interna") < visitor.page.index("Cuantía")
    visitor.admin("fallos", F9={"mode": "catalogue"})
    visitor.get(f"{base}/documentos")
    assert '<option value="MON">' not in visitor.page
    visitor.upload(draft, writ(), "escrito.pdf", "MON")
    assert visitor.reasons == ["DOC-30"]


def test_f10_makes_two_drafts_of_one_click(visit: Enter) -> None:
    visitor = visit()
    visitor.admin("fallos", F10=1)
    visitor.draft()
    assert len(visitor.truth()["drafts"]) == 2


def test_f11_hides_the_lists(visit: Enter) -> None:
    visitor = visit()
    visitor.file()
    visitor.admin("reloj", advance_seconds=61)
    visitor.admin(
        "fallos", F11=[{"count": 1, "mode": "error"}, {"count": 1, "mode": "empty"}, {"count": 1, "mode": "lag"}]
    )
    visitor.get("enviados")
    assert visitor.status == 500
    for _ in range(2):
        visitor.get("enviados")
        assert "0 presentaciones" in visitor.page
    visitor.get("enviados")
    assert "Mostrando 1-1 de 1" in visitor.page


@pytest.mark.parametrize(
    ("mode", "stamp"), [("wrong_clock", "2026-11-23T13:09:00+01:00"), ("after_15", "2026-11-23T15:04:31+01:00")]
)
def test_f12_stamps_another_time(visit: Enter, mode: str, stamp: str) -> None:
    visitor = visit()
    draft = visitor.ready()
    visitor.admin("fallos", F12={"count": 1, "mode": mode})
    visitor.send(draft)
    (filing,) = filings(visitor)
    assert filing["filed_at"].startswith("2026-11-23T10:02:00")
    assert filing["stamped_at"] == stamp
    assert stamp.encode() in receipt.xml(visitor.court.portals["es_lexnet"], filing)


@pytest.mark.parametrize("commit", [False, True])
def test_f13_says_error_with_status_200(visit: Enter, commit: bool) -> None:
    visitor = visit()
    draft = visitor.ready()
    visitor.admin("fallos", F13={"count": 1, "commit": commit})
    visitor.send(draft)
    assert (visitor.status, visitor.title) == (200, "Se ha producido un error")
    assert len(filings(visitor)) == int(commit)


def test_f14_warns_of_a_duplicate_that_is_none(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.ready()
    visitor.admin("fallos", F14=1)
    visitor.send(draft)
    assert "Posible presentación duplicada" in visitor.page
    assert filings(visitor) == []
    visitor.send(draft, confirmado="1")
    assert len(filings(visitor)) == 1


@pytest.mark.parametrize(("slug", "mode"), [("es_lexnet", "expired"), ("mx", "revoked")])
def test_f15_takes_no_signature(visit: Enter, slug: str, mode: str) -> None:
    visitor = visit(slug)
    draft = visitor.draft()
    visitor.fill(draft)
    visitor.attach(draft)
    visitor.admin("fallos", F15={"count": 1, "mode": mode})
    with pytest.raises(AssertionError, match="FIR-03"):
        visitor.sign(draft)


def test_f16_finds_the_organ_closed_at_either_end(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.ready()
    visitor.admin("fallos", F16=1)
    visitor.send(draft)
    assert (visitor.reasons, filings(visitor)) == (["ENV-09"], [])
    visitor.admin("fallos", F16={"count": 1, "step": "organo"})
    visitor.post(f"borradores/{draft}/organo", organo="2807942001")
    assert visitor.reasons == ["ORG-03"]


def test_f17_changes_the_number_and_not_the_receipt(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.ready()
    visitor.admin("fallos", F17={"count": 1, "seconds": 90})
    visitor.send(draft)
    (before,) = filings(visitor)
    address = f"/es_lexnet/presentaciones/{before['id']}/acuse.xml"
    issued = visitor.client.get(address).content
    visitor.admin("reloj", advance_seconds=91)
    (after,) = filings(visitor)
    assert after["registry"] != before["registry"] == after["former_registry"] == after["receipt_registry"]
    assert visitor.client.get(address).content == issued
    visitor.get("enviados")
    assert f"antes {before['registry']}" in visitor.page
    visitor.get("csv", codigo=after["csv"])
    assert before["registry"] in visitor.page
    assert after["registry"] in visitor.page


def test_f18_lets_nobody_on_who_cannot_read_the_picture(visit: Enter) -> None:
    visitor = visit()
    visitor.admin("fallos", F18={"count": 1, "step": "enviados"})
    for page in ("enviados", "inicio"):
        visitor.get(page)
        assert visitor.title == "Comprobación de seguridad"
    visitor.post("comprobacion", captcha="AAAAAA")
    assert visitor.reasons == ["CAP-01"]
    (answer,) = visitor.truth()["captchas"]["es_lexnet"]
    assert answer not in visitor.page
    visitor.post("comprobacion", captcha=answer)
    visitor.get("enviados")
    assert visitor.title == "Enviados"


@pytest.mark.parametrize(("mode", "status"), [("503", 503), ("200", 200)])
def test_maintenance_closes_every_page(visit: Enter, mode: str, status: int) -> None:
    visitor = visit()
    visitor.admin("fallos", maintenance=mode)
    for page in ("acceso", "enviados"):
        visitor.get(page)
        assert (visitor.status, visitor.title) == (status, "Servicio no disponible por mantenimiento")


def test_cookies_and_survey_stand_before_the_page_until_answered(visit: Enter) -> None:
    visitor = visit(inside=False)
    visitor.admin("fallos", cookies=True, survey=True, banner="Cortes el sábado.")
    visitor.log_in()
    assert "Aviso de cookies" in visitor.page
    assert "Cortes el sábado." in visitor.page
    visitor.post("cookies", respuesta="rechazar")
    visitor.get("inicio")
    assert "Aviso de cookies" not in visitor.page
    assert "Encuesta de satisfacción" in visitor.page
    visitor.post("encuesta", respuesta="no")
    visitor.get("inicio")
    assert "Encuesta" not in visitor.page


def test_a_wrong_order_changes_nothing() -> None:
    faults = Faults()
    faults.set({"F3": 2})
    for orders in ({"F3": 0, "F99": 1}, {"F3": {"mode": "loud"}}, {"F8": {"step": "luna"}}, {"maintenance": "404"}):
        with pytest.raises(CourtFaultError):
            faults.set(orders)
    assert faults.take("F3", "envio", "co") is not None


def test_the_same_seed_draws_the_same_faults() -> None:
    def drawn(seed: int) -> list[bool]:
        faults = Faults()
        faults.set({"F1": {"probability": 0.5}, "seed": seed})
        return [faults.take("F1", "envio", "mx") is not None for _ in range(40)]

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)
    assert 5 < sum(drawn(7)) < 35


def test_an_order_keeps_to_its_step_its_portal_and_its_count() -> None:
    faults = Faults()
    faults.set({"F3": {"count": 1, "step": "firma", "profile": "co"}})
    assert faults.take("F3", "envio", "co") is None
    assert faults.take("F3", "firma", "mx") is None
    assert faults.take("F3", "firma", "co") is not None
    assert faults.take("F3", "firma", "co") is None
    assert faults.fired["F3"] == 1


def test_the_admin_needs_its_token(visit: Enter) -> None:
    visitor = visit(inside=False)
    for path in ("/__verdad", "/__fallos", "/__reloj"):
        assert visitor.client.get(path).status_code == 404
    assert visitor.client.post("/__reiniciar", headers={"X-Demo-Token": access.PASSWORD}).status_code == 404
