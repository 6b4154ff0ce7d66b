"""The seam with the filing: what is handed over, what comes back, twice at will."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cobranza.kernel import clock
from cobranza.ledger.models import Hold
from cobranza.ledger.verification import verify
from cobranza.legal import agenda, building, dossier, papers, signing, stages, workflow
from cobranza.legal.filing import handover
from cobranza.legal.filing.handover import Outcome
from cobranza.legal.filing.machine import State
from cobranza.legal.handing import LegalRoom
from cobranza.legal.models import LegalCase, Prior, SignOff
from cobranza.legal.ports import CaseStatus, Notification, Objection, Stage
from tests.unit.legal.room import TODAY, Room
from tests.unit.legal.test_room import ready, sign

MADRID = ZoneInfo("Europe/Madrid")
NOON = datetime(2026, 3, 20, 12, tzinfo=MADRID)
SEAM = LegalRoom()


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def signed(room: Room) -> LegalCase:
    row = room.accepted()
    row = ready_with_masc(room, row)
    sign(room, row, "letrada")
    return stages.find(row.number)


def ready_with_masc(room: Room, row: LegalCase) -> LegalCase:
    from cobranza.legal.case import DocumentKind

    room.paper(row, "f1.pdf", proves=("F-1",))
    paper = room.paper(row, "burofax.pdf", DocumentKind.PRIOR_CLAIM)
    prior = Prior(kind="masc", channel="burofax", sent_on=date(2026, 1, 20), reached_on=date(2026, 1, 22))
    dossier.add_prior(row, prior, document=paper.key, today=TODAY, person="ana")
    dossier.accept_all(row, person="letrada")
    workflow.prepare(room.shift, row, on=TODAY)
    return stages.find(row.number)


def filed(row: LegalCase, **more: Any) -> Outcome:
    folder = papers.folder(row.number) / "acuse"
    folder.mkdir(exist_ok=True)
    (folder / "acuse.pdf").write_bytes(b"%PDF-1.7 acuse")
    plain = {"filing": 1, "state": State.FILED, "registry": "REG-1", "csv": "CSV-1", "filed_at": NOON}
    return Outcome(**(plain | {"receipt": folder, "receipt_sha256": "a" * 64} | more))  # type: ignore[arg-type]


def status(stage: Stage, **more: Any) -> CaseStatus:
    return CaseStatus(registry="REG-1", stage=stage, since=NOON, **more)


def test_what_is_signed_is_handed_over_with_its_first_deadline(signed: LegalCase) -> None:
    (found,) = SEAM.signed_off()
    made = building.last_preparation(signed)
    assert made is not None
    assert (found.case_id, found.package_hash, found.court) == (signed.number, made.package_hash, "es_lexnet")
    assert (found.package_folder / "manifest.json").is_file()
    assert found.deadline is not None
    assert SEAM.still_signed_off(signed.number, made.package_hash)
    assert not SEAM.still_signed_off(signed.number, "b" * 64)


def test_a_case_without_what_filing_needs_is_kept_back(room: Room) -> None:
    row = ready(room)  # without a MASC
    sign(room, row, "letrada")
    assert stages.find(row.number).stage == "firmado"
    assert SEAM.signed_off() == []


def test_a_changed_byte_is_found_right_before_sending(signed: LegalCase) -> None:
    made = building.last_preparation(signed)
    assert made is not None
    (signing.folder(signed, made) / "escrito.pdf").write_bytes(b"otro")
    assert not SEAM.still_signed_off(signed.number, made.package_hash)
    assert SignOff.objects.get().ended == "anulada"
    assert SEAM.signed_off() == []


def test_filed_twice_told_is_filed_once(signed: LegalCase) -> None:
    for _ in range(2):
        SEAM.settled(signed.number, filed(signed))
    row = stages.find(signed.number)
    assert (row.stage, row.registry) == ("presentado", "REG-1")
    (receipt,) = row.news.all()
    assert (receipt.kind, receipt.file) == ("acuse", "acuse")
    assert SEAM.signed_off() == []
    assert Hold.objects.filter(source=f"expediente:{row.number}", released_at=None).count() == 2
    assert not row.deadlines.filter(done_at=None, ours=True).exists()
    assert not verify().problems


def test_the_court_moves_it_on_and_sets_terms_going(signed: LegalCase) -> None:
    SEAM.settled(signed.number, filed(signed))
    SEAM.followed(signed.number, status(Stage.ADMITTED, court="Plaza 3", number="12/2026", general_id="NIG"))
    for _ in range(2):
        SEAM.followed(signed.number, status(Stage.CORRECTION, reasons=("Falta copia",)))
    row = stages.find(signed.number)
    assert (row.stage, row.court_name, row.court_number, row.general_id) == ("subsanacion", "Plaza 3", "12/2026", "NIG")
    assert row.deadlines.get(key__startswith="subsanacion").last_day == date(2026, 4, 7)
    SEAM.followed(signed.number, status(Stage.DEMANDED, answer_by=date(2026, 5, 4)))
    theirs = row.deadlines.get(key__startswith="pago_u_oposicion")
    assert (theirs.last_day, theirs.ours) == (date(2026, 5, 4), False)
    SEAM.followed(signed.number, status(Stage.PAID))
    assert not Hold.objects.filter(source=f"expediente:{row.number}", released_at=None).exists()


def test_fix_and_file_again_names_what_it_corrects(room: Room, signed: LegalCase) -> None:
    SEAM.settled(signed.number, filed(signed))
    SEAM.followed(signed.number, status(Stage.CORRECTION))
    signing.send_back(signed, why="Añadir la copia que piden", person="letrada")
    # The court still says the same; what people do here is not undone.
    SEAM.followed(signed.number, CaseStatus(registry="REG-1", stage=Stage.CORRECTION, since=NOON, number="9/2026"))
    row = stages.find(signed.number)
    assert (row.stage, row.corrects, row.court_number) == ("en_preparacion", "REG-1", "9/2026")
    workflow.prepare(room.shift, row, on=TODAY)
    sign(room, stages.find(row.number), "letrada")
    (found,) = SEAM.signed_off()
    assert found.corrects == "REG-1"
    SEAM.settled(row.number, filed(row, filing=2, registry="REG-2"))
    assert (stages.find(row.number).stage, stages.find(row.number).registry) == ("presentado", "REG-2")


def test_refused_goes_back_with_the_portals_words(signed: LegalCase) -> None:
    said = Objection(code="tamano", text="El fichero 02 pesa demasiado.")
    outcome = Outcome(filing=1, state=State.REFUSED, code="tamano", text="No admitido.", objections=(said,))
    for _ in range(2):
        SEAM.settled(signed.number, outcome)
    row = stages.find(signed.number)
    assert row.stage == "en_preparacion"
    assert "El fichero 02 pesa demasiado." in row.problem["message"]
    assert SignOff.objects.get().ended == "anulada"


def test_of_unknown_fate_a_person_is_told_and_the_truth_comes_later(signed: LegalCase) -> None:
    unknown = Outcome(filing=1, state=State.REVIEW, code="incierto", text="Hay dos parecidas.")
    SEAM.settled(signed.number, unknown)
    assert stages.find(signed.number).stage == "revision_humana"
    assert SEAM.signed_off() == []
    SEAM.settled(signed.number, filed(signed))
    assert stages.find(signed.number).stage == "presentado"


def test_freed_by_a_person_it_is_handed_over_again(signed: LegalCase) -> None:
    unknown = Outcome(filing=1, state=State.REVIEW, code="incierto", text="No consta.")
    SEAM.settled(signed.number, unknown)
    for _ in range(2):
        SEAM.freed(signed.number, 1, "letrada")
    row = stages.find(signed.number)
    assert (row.stage, row.problem) == ("firmado", {})
    assert [each.case_id for each in SEAM.signed_off()] == [signed.number]
    SEAM.settled(signed.number, unknown)
    assert stages.find(signed.number).stage == "revision_humana", "the same trouble again is a person's again"


def test_filed_while_somebody_took_it_back_is_filed(signed: LegalCase) -> None:
    signing.revoke(signed, why="Un momento", person="letrada")
    SEAM.settled(signed.number, filed(signed))
    assert stages.find(signed.number).stage == "presentado"


def test_a_notice_has_three_days_until_it_is_opened(signed: LegalCase) -> None:
    SEAM.settled(signed.number, filed(signed))
    seen = Notification(
        id="n1", registry="REG-1", title="Decreto", available_at=datetime(2026, 3, 18, 10, tzinfo=MADRID)
    )
    for _ in range(2):
        SEAM.noticed(signed.number, handover.Notice(notification=seen))
    row = stages.find(signed.number)
    waiting = row.deadlines.get(key="abrir:n1")
    assert waiting.last_day == date(2026, 3, 23)
    folder = papers.folder(row.number) / "notificaciones"
    folder.mkdir()
    (folder / "decreto.pdf").write_bytes(b"%PDF-1.7 decreto")
    opened = Notification(id="n1", registry="REG-1", title="Decreto", available_at=seen.available_at, opened_at=NOON)
    SEAM.noticed(row.number, handover.Notice(notification=opened, folder=folder, files={"decreto.pdf": "c" * 64}))
    waiting.refresh_from_db()
    assert waiting.done_at is not None
    kept = row.news.get(key="abierta:n1")
    assert kept.file == "notificaciones/decreto.pdf"
    assert "surte efecto el 23/03/2026" in kept.detail
    assert not agenda.open_deadlines().filter(ours=True).exists()


def test_the_registered_room_is_this_one(room: Room) -> None:
    assert list(handover.room().signed_off()) == []
    assert Path(papers.folder("EXP-1")).name == "EXP-1"
