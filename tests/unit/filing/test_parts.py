"""Receipts, proofs, outages, reasons, time stamps: the small parts, each shown to refuse what it must."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from cobranza.legal.filing import matching, outage, proofs, receipts, rejections
from cobranza.legal.filing.matching import Likeness
from cobranza.legal.filing.records import Claim
from cobranza.legal.filing.stamping import Stamper, StampRefused
from cobranza.legal.ports import Draft, Receipt, ReceiptRow, Scan, SentEntry, Uploaded

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
Make = Callable[..., Claim]
_REFUSAL = bytes.fromhex("3005300302010" + "2")  # TimeStampResp with status 2, rejection


def _receipt(claim: Claim) -> Receipt:
    rows = tuple(ReceiptRow(order=f.order, name=f.name, sha256=f.sha256.upper()) for f in claim.package.files)
    return Receipt(
        registry="R1", filed_at=NOW, court="Decanato", rows=rows, csv="C1", reference=claim.package.reference,
        pdf=b"%PDF", xml=b"<acuse/>", signer="Sello", signature_valid=True,
    )  # fmt: skip


def test_a_receipt_proves_its_package_and_no_other(a_claim: Make) -> None:
    claim = a_claim()
    good = _receipt(claim)
    assert not receipts.problems(good, claim.package, claim.package.reference)
    wrong = {
        "registro": replace(good, registry=""),
        "firma": replace(good, signature_valid=False),
        "fichero": replace(good, pdf=b"", xml=b""),
        "EXP-AJENO": replace(good, reference="EXP-AJENO"),
        "anexo_2": replace(good, rows=good.rows[:2]),
        "no es nuestro": replace(good, rows=(*good.rows, ReceiptRow(order=4, name="otro.pdf", sha256="0" * 64))),
        "orden": replace(good, rows=tuple(replace(row, order=4 - row.order) for row in good.rows)),
    }
    for word, receipt in wrong.items():
        told = " ".join(receipts.problems(receipt, claim.package, claim.package.reference))
        assert word in told, told
        with pytest.raises(receipts.ReceiptWrong):
            receipts.verify(receipt, claim.package, claim.package.reference)


def test_a_kept_receipt_is_never_written_over(a_claim: Make, tmp_path: Path) -> None:
    first = _receipt(a_claim())
    one = receipts.keep(first, tmp_path / "acuse", at=NOW, stamp=b"sello")
    again = receipts.keep(first, tmp_path / "acuse", at=NOW)
    other = receipts.keep(replace(first, xml=b"<acuse>2</acuse>"), tmp_path / "acuse", at=NOW)
    assert one.folder == again.folder != other.folder
    assert (one.folder / "acuse.xml").read_bytes() == b"<acuse/>"
    assert (one.folder / "acuse.tsr").is_file()


def test_likeness_trusts_hashes_then_references_and_never_a_name(a_claim: Make) -> None:
    claim = a_claim()
    package, ours = claim.package, claim.package.reference
    hashes = tuple(file.sha256 for file in reversed(package.files))
    who = {"TALLERES ENCINA, S.A."}
    row = SentEntry(registry="R1", filed_at=NOW, defendant="Talleres Encina, S.A. (A58818501)", amount="1.938,24")
    for entry, wanted in (
        (replace(row, sha256=hashes, reference="otra"), Likeness.SAME),
        (replace(row, sha256=("0" * 64,), reference=ours), Likeness.OTHER_CONTENT),
        (replace(row, sha256=("0" * 64,)), Likeness.NO),
        (replace(row, reference=ours), Likeness.SAME),
        (replace(row, reference="otra"), Likeness.NO),
        (row, Likeness.MAYBE),
        (replace(row, amount="1.938,25"), Likeness.NO),
        (replace(row, defendant="Otra, S.L."), Likeness.NO),
    ):
        assert matching.likeness(entry, package, ours, who) is wanted, entry
    found = matching.search(
        [replace(row, sha256=hashes), replace(row, sha256=hashes, registry="R0")], package, ours, names=(), known={"R0"}
    )
    assert found.one is not None
    assert found.one.registry == "R1"


def test_a_draft_is_put_right_from_the_first_gap_on(a_claim: Make) -> None:
    package = a_claim().package
    held = [Uploaded(id=f.name, name=f.name, size=f.size, sha256=f.sha256, scan=Scan.CLEAN) for f in package.files]
    draft = Draft(id="D1", reference="", step="")
    assert matching.compare(replace(draft, files=tuple(held)), package).none
    gap = matching.compare(replace(draft, files=(held[0], held[2])), package)
    assert [each.name for each in gap.remove] == ["anexo_2.pdf"]
    assert [each.name for each in gap.upload] == ["anexo_1.pdf", "anexo_2.pdf"]
    swapped = matching.compare(replace(draft, files=(held[0], held[2], held[1])), package)
    assert len(swapped.remove) == len(swapped.upload) == 2
    assert not matching.compare(replace(draft, files=(*held, replace(held[0], name="x"))), package).none


def test_an_outage_cannot_be_taken_out_or_changed(tmp_path: Path) -> None:
    for number in (1, 2):
        outage.record(tmp_path, court="es_lexnet", at=NOW, what=f"Caída {number}", seen={"p.html": b"503"})
    assert [each.what for each in outage.read(tmp_path)] == ["Caída 1", "Caída 2"]
    assert "Caída 2" in outage.certificate(tmp_path, case="EXP-1", deadline=NOW, zone="Europe/Madrid")
    log = tmp_path / outage.LOG
    lines = log.read_text(encoding="utf-8").splitlines()
    log.write_text(lines[1] + "\n", encoding="utf-8")
    with pytest.raises(outage.OutageLogBroken):
        outage.read(tmp_path)
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    evidence = next((tmp_path / "caidas").glob("*/p.html"))
    evidence.write_bytes(b"200")
    with pytest.raises(outage.OutageLogBroken):
        outage.read(tmp_path)
    assert outage.read(tmp_path / "nada") == ()


def test_proofs_of_the_same_second_do_not_meet(tmp_path: Path) -> None:
    one, two = (proofs.save(tmp_path, "Incierto", {"../x": b"1"}, at=NOW, facts={}) for _ in range(2))
    assert one.folder != two.folder
    assert (one.folder / ".._x").is_file()


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("CAT-01: El tipo de documento del catálogo no corresponde al escrito.", "catalogo"),
        ("REP-02: No se acredita la representación procesal.", "representacion"),
        ("MASC-03: No se acredita el intento de negociación previa (MASC).", "masc"),
        ("DOM-04: El domicilio del deudor no pertenece al partido judicial.", "domicilio"),
        ("TAS-05: No se aporta el justificante de la tasa.", "tasa"),
        ("LEG-06: Hay documentos ilegibles.", "ilegible"),
        ("Aporte poder que acredite su personería.", "representacion"),
        ("Acredite el pago del arancel judicial.", "tasa"),
        ("Visto, pase a la mesa.", "otro"),
    ],
)
def test_reasons_of_a_court_lead_to_what_has_to_be_fixed(reason: str, code: str) -> None:
    (found,) = rejections.read([reason, "  "])
    assert (found.code, found.text) == (code, reason)
    assert found.remedy


def test_a_time_stamp_is_of_what_was_asked() -> None:
    answers = iter([httpx.Response(503), httpx.Response(200, content=b"nada"), httpx.Response(200, content=_REFUSAL)])
    line = httpx.Client(transport=httpx.MockTransport(lambda request: next(answers)))
    for _ in range(3):
        with pytest.raises(StampRefused):
            Stamper("https://tsa.example", line)(b"acuse")
