"""The lawyer's own copy of the writ: taken out, edited in Word, brought back, filed; and what it does to a sign-off."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import docx
import pytest

from cobranza.ledger.events import Actor
from cobranza.legal import assembling, building, dossier, house, papers, preparing, settings, signing, stages
from cobranza.legal.bundle import preparation
from cobranza.legal.case import DocumentKind
from cobranza.legal.dossier import NewPaper
from cobranza.legal.inputs import Tools
from cobranza.legal.models import LegalCase, Preparation, SignOff
from cobranza.legal.package import PackageFile, read_package
from cobranza.legal.stages import Stages
from tests import bundle_reading
from tests.journeys.legal.papers_sample import pdf
from tests.unit.legal import room as rooms
from tests.unit.legal.room import ROBOT, TODAY, Room

pytestmark = pytest.mark.django_db
ADDED = "OTROSÍ DIGO que se solicita la averiguación del patrimonio del deudor."


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """Two people sign; the bundle is the real one."""
    tools = Tools.found()
    if not tools.ghostscript:
        pytest.skip("ghostscript is not installed")
    monkeypatch.setattr(preparation, "default_cache", lambda: tmp_path / "conversiones")
    made = rooms.make(monkeypatch, tmp_path / "output")
    rules = rooms.rules(revision={"cuatro_ojos": {"EUR": "1000.00"}})
    monkeypatch.setattr(house, "read", lambda: rules)
    return replace(made, settings=rules)


def prepared(row: LegalCase, room: Room) -> Preparation:
    return preparing.prepare(
        row, room.settings, settings.rate_book(), on=TODAY, actor=ROBOT, assemble=assembling.assemble
    )


def sign(row: LegalCase, room: Room, made: Preparation, person: str) -> SignOff:
    return signing.sign(row, made.package_hash, room.settings, settings.rate_book(), on=TODAY, person=person)


def bring(row: LegalCase, room: Room, content: bytes, name: str, kind: DocumentKind) -> None:
    dossier.add_paper(row, NewPaper(name=name, content=content, kind=kind), room.settings, actor=Actor.person("ana"))
    dossier.accept_all(stages.find(row.number), person="letrada")


def writ(row: LegalCase, made: Preparation) -> tuple[PackageFile, str]:
    """The main writ of a package: its entry, and what it says."""
    folder = signing.folder(row, made)
    first = read_package(folder, expected=made.package_hash).files[0]
    return first, " ".join(" ".join(bundle_reading.texts(folder / first.name)).split())


def test_an_edited_writ_is_what_the_next_package_files(room: Room) -> None:
    row = room.accepted()
    bring(row, room, pdf("Factura F-1"), "F-1.pdf", DocumentKind.INVOICE)
    first = prepared(row, room)
    ours = papers.folder(row.number) / first.folder / first.writ
    assert sign(row, room, first, "letrada").ended == ""
    assert stages.find(row.number).stage == Stages.REVIEW, "a second person has to sign"

    # Brought back as it was: no new writ, and the signature stands no more, for the case now holds another paper.
    bring(row, room, ours.read_bytes(), "escrito.docx", DocumentKind.WRIT)
    with pytest.raises(signing.NotReady):
        sign(row, room, first, "letrado")
    ended = SignOff.objects.get(preparation=first)
    assert (ended.ended, ended.person) == (SignOff.Ends.VOID, "letrada")
    signing.send_back(row, why="Vuelve el escrito.", person="letrada")
    same = prepared(stages.find(row.number), room)
    assert writ(row, same) == writ(row, first) and writ(row, same)[0].source_sha256 == ""

    # Edited: it is the writ of the next package, word for word, and everybody is told.
    edited = docx.Document(str(ours))
    edited.paragraphs[-3].insert_paragraph_before(ADDED)
    out = io.BytesIO()
    edited.save(out)
    bring(row, room, out.getvalue(), "escrito-corregido.docx", DocumentKind.WRIT)
    signing.send_back(stages.find(row.number), why="Escrito corregido.", person="letrada")
    third = prepared(stages.find(row.number), room)
    entry, told = writ(row, third)
    own = building.own_writ(row)
    assert own is not None and entry.source_sha256 == own.sha256
    assert ADDED in told and ADDED not in writ(row, first)[1]
    assert entry.sha256 != writ(row, first)[0].sha256 and third.package_hash != first.package_hash
    assert any("no el generado" in note for note in third.notes)
    review = papers.folder(row.number) / third.folder / third.bundle
    assert any(ADDED in " ".join(page.split()) for page in bundle_reading.texts(review))

    assert sign(row, room, third, "letrada").ended == ""
    sign(row, room, third, "letrado")
    assert stages.find(row.number).stage == Stages.SIGNED
    (signing.folder(row, third) / entry.name).write_bytes(b"%PDF-1.7 otro")
    review_now = signing.void_if_stale(
        stages.find(row.number), room.settings, settings.rate_book(), on=TODAY, actor=ROBOT
    )
    assert review_now.stale and not review_now.signatures
