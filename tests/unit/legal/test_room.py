"""From the threshold to the signed package, and everything that may end a signature."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from cobranza.kernel.money import Money
from cobranza.ledger import agreements, holds
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Agreement, Event
from cobranza.ledger.verification import verify
from cobranza.legal import building, dossier, opening, papers, preparing, settings, signing, stages, workflow
from cobranza.legal.case import DocumentKind
from cobranza.legal.models import CaseDocument, LegalCase, SignOff
from cobranza.legal.package import PackageError
from cobranza.legal.signing import FourEyes, NotReady, OtherPackage
from cobranza.legal.stages import NeedsReason, WrongStage
from cobranza.runs.models import Alert
from tests.unit.legal import room as rooms
from tests.unit.legal.room import TODAY, Room


def ready(room: Room) -> LegalCase:
    """A case under review whose papers are accepted."""
    row = room.accepted()
    room.paper(row, "f1.pdf", proves=("F-1",))
    room.paper(row, "poder.pdf", DocumentKind.POWER, key="poder")
    dossier.accept_all(row, person="letrada")
    workflow.prepare(room.shift, row, on=TODAY)
    return stages.find(row.number)


def sign(room: Room, row: LegalCase, person: str, package: str = "") -> SignOff:
    wanted = package or building.last_preparation(row).package_hash  # type: ignore[union-attr]
    return signing.sign(row, wanted, room.settings, settings.rate_book(), on=TODAY, person=person)


def test_a_debtor_past_the_threshold_gives_one_alert_for_ever(room: Room) -> None:
    row = room.alerted()
    assert (row.number, row.stage, row.assigned_to) == ("EXP-2026-000001", "aviso", "letrada")
    assert row.debtor.name == "Ferretería Pepa, S.L."
    assert row.claimable == Decimal("1710")
    assert any("hace 95 días" in reason for reason in row.reasons)
    assert Alert.objects.get().message.startswith("EXP-2026-000001: Ferretería Pepa")

    assert workflow.alert(room.shift, on=TODAY) == []
    assert Alert.objects.count() == 1


def test_a_discarded_case_is_not_told_again(room: Room) -> None:
    opening.discard(room.alerted(), why="Cliente estratégico", person="letrada")
    assert workflow.alert(room.shift, on=date(2026, 6, 1)) != []  # the others are late by then
    assert LegalCase.objects.filter(debtor__name="Ferretería Pepa, S.L.").count() == 1
    assert Alert.objects.get(key="legal:EXP-2026-000001").acknowledged_by == "letrada"


def test_what_is_held_is_not_claimed(room: Room) -> None:
    holds.put(room.invoice("F-1"), source="disputa:1", reason="Discutida", actor=Actor.robot("x"))
    assert workflow.alert(room.shift, on=TODAY) == []


def test_of_an_invoice_held_in_part_only_the_rest_is_claimed(room: Room) -> None:
    dispute = holds.put(
        room.invoice("F-1"), source="disputa:1", reason="Discuten 200", actor=Actor.robot("x"), amount=Decimal(200)
    )
    row = ready(room)

    case = building.case_of(row, room.settings, settings.rate_book(), until=TODAY)
    part = next(each for each in case.sheet.invoices if each.invoice.reference == "F-1")
    assert [(each.concept, each.money.amount) for each in part.rows[:2]] == [
        ("principal", Decimal("1210")), ("principal_held", Decimal("-200")),
    ]  # fmt: skip
    assert part.principal == Money("EUR", Decimal(1010))
    assert part.statement is not None
    assert {line.principal.amount for line in part.statement.lines} == {Decimal(1010)}, "no interest on what is held"
    assert case.sheet.principal == Money("EUR", Decimal(1510))
    assert any("F-1" in fact and "200,00 EUR" in fact and "reserva" in fact for fact in case.facts)
    assert not any("F-2" in fact for fact in case.facts)
    assert row.items.get(reference="F-1").held == Decimal(200)
    assert Event.objects.get(kind="legal.frozen").payload["held"] == {"F-1": "200"}
    assert building.situation(row, case, TODAY).held == ()

    # What is disputed changes after signing: the signature was about another amount.
    sign(room, row, "letrada")
    holds.release(dispute, reason="Resuelta", actor=Actor.robot("x"))
    review = signing.void_if_stale(
        stages.find(row.number), room.settings, settings.rate_book(), on=TODAY, actor=Actor.robot("x")
    )
    assert review.signatures == ()
    assert any("se retenían 200" in line for line in review.stale)


def test_an_invoice_that_is_held_whole_by_now_stops_the_case(room: Room) -> None:
    row = ready(room)
    for source, amount in (("disputa:1", Decimal(1000)), ("disputa:2", Decimal(210))):
        holds.put(room.invoice("F-1"), source=source, reason="Discutida", actor=Actor.robot("x"), amount=amount)
    case = building.case_of(row, room.settings, settings.rate_book(), until=TODAY)

    assert building.situation(row, case, TODAY).held == ("F-1",)
    assert case.sheet.principal == Money("EUR", Decimal(1710)), "a person decides what becomes of it"


def agree(room: Room) -> Agreement:
    invoice = room.invoice("F-1")
    month = agreements.Payment(due=date(2026, 4, 20), amount=Decimal(1210), principal=Decimal(1210))
    terms = agreements.Terms(
        key="acuerdo-1", currency="EUR", kind="instalments", payments=(month,), covers={invoice.pk: Decimal(1210)},
        channel="portal", proof="Lo aceptó en el portal", accepted_at=rooms.at(date(2026, 3, 10)), approved_by="ana",
    )  # fmt: skip
    return agreements.conclude(invoice.debtor, terms, actor=Actor.person("ana"))


def test_who_keeps_an_agreement_is_not_taken_to_court(room: Room) -> None:
    agreed = agree(room)
    assert workflow.alert(room.shift, on=TODAY) == []
    ((debtor, why),) = workflow.kept_out(room.shift, on=TODAY)
    assert (debtor, "acuerdo de pago en curso desde el 10/03/2026" in why) == ("Ferretería Pepa, S.L.", True)

    agreements.stand(agreed, "incumplido", reason="No pagó", actor=Actor.robot("x"))
    assert workflow.kept_out(room.shift, on=TODAY) == []
    assert len(workflow.alert(room.shift, on=TODAY)) == 1


def test_an_agreement_after_the_alert_stops_the_case_wherever_it_stands(room: Room) -> None:
    row = room.alerted()
    agreed = agree(room)
    with pytest.raises(opening.NothingToClaim, match="acuerdo de pago en curso"):
        opening.accept(row, room.settings, on=TODAY, person="letrada")
    agreements.stand(agreed, "anulado", reason="Error", actor=Actor.person("ana"))
    opening.accept(row, room.settings, on=TODAY, person="letrada")
    Agreement.objects.filter(pk=agreed.pk).update(standing="al_corriente", ended_at=None)
    found = stages.find(row.number)
    case = building.case_of(found, room.settings, settings.rate_book(), until=TODAY)
    assert any("acuerdo de pago en curso" in each for each in building.situation(found, case, TODAY).held)


def test_put_off_comes_back_on_its_day(room: Room) -> None:
    row = room.alerted()
    with pytest.raises(NeedsReason):
        opening.put_off(row, until=date(2026, 5, 1), why=" ", today=TODAY, person="letrada")
    opening.put_off(row, until=date(2026, 5, 1), why="Ha prometido pagar", today=TODAY, person="letrada")
    workflow.alert(room.shift, on=date(2026, 4, 30))
    assert stages.find(row.number).stage == "aplazado"
    workflow.alert(room.shift, on=date(2026, 5, 1))
    assert stages.find(row.number).stage == "aviso"
    assert Alert.objects.filter(key__contains=row.number).count() == 1


def test_the_account_is_the_ledgers_to_the_cent(room: Room) -> None:
    row = room.accepted()
    case = building.case_of(row, room.settings, settings.rate_book(), until=TODAY)
    assert case.sheet.principal == Money("EUR", Decimal("1710"))
    assert case.sheet.recovery == Money("EUR", Decimal(80))
    assert case.total == case.sheet.principal + case.sheet.interest + case.sheet.recovery
    assert case.sheet.interest.amount > 0


def test_preparing_freezes_and_lays_it_before_the_lawyer(room: Room) -> None:
    row = ready(room)
    made = building.last_preparation(row)
    assert made is not None
    assert row.stage == "en_revision"
    assert made.until == TODAY
    assert made.preflight == [{"code": "texto", "text": "El burofax no tiene texto.", "file": "", "blocking": False}]
    assert (papers.folder(row.number) / made.folder / made.bundle).is_file()
    frozen = {item.reference: item.open for item in building.items(row)}
    assert frozen == {"F-1": Decimal("1210.000"), "F-2": Decimal("500.000")}


def test_one_signature_is_enough_below_the_limit(room: Room) -> None:
    row = ready(room)
    signature = sign(room, row, "letrada")
    assert stages.find(row.number).stage == "firmado"
    assert signature.package_hash == building.last_preparation(row).package_hash  # type: ignore[union-attr]
    assert not verify().problems


def test_above_the_limit_two_people_sign(room: Room) -> None:
    room.settings.revision.cuatro_ojos["EUR"] = Decimal(1000)
    row = ready(room)
    sign(room, row, "letrada")
    assert stages.find(row.number).stage == "en_revision"
    with pytest.raises(FourEyes):
        sign(room, row, "letrada")
    sign(room, row, "letrado")
    assert stages.find(row.number).stage == "firmado"


def test_one_changed_byte_voids_the_signature_and_says_so(room: Room) -> None:
    row = ready(room)
    sign(room, row, "letrada")
    made = building.last_preparation(row)
    assert made is not None
    file = next(signing.folder(row, made).glob("01-*.pdf"))
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)

    review = signing.void_if_stale(row, room.settings, settings.rate_book(), on=TODAY, actor=Actor.robot("x"))
    assert review.signatures == ()
    ended = SignOff.objects.get()
    assert (ended.ended, ended.ended_by) == ("anulada", "x")
    assert "ha cambiado desde que se preparó" in ended.ended_reason
    assert stages.find(row.number).stage == "en_revision"
    with pytest.raises(PackageError):
        sign(room, row, "letrada")
    assert Event.objects.filter(kind="legal.voided").count() == 1


def test_a_payment_after_preparing_voids_it_too(room: Room) -> None:
    from tests.unit.legal.room import document, owe

    row = ready(room)
    owe(room.creditor, [document("1", "F-1", "1210.00", date(2025, 12, 15), opens="200.00")])
    with pytest.raises(NotReady, match="Ha cambiado el saldo de F-1"):
        sign(room, row, "letrada")


def test_a_rejected_paper_has_to_be_put_right_before_signing(room: Room) -> None:
    row = ready(room)
    dossier.review_paper(row, "f1pdf", accept=False, comment="Está cortada", person="letrada")
    with pytest.raises(NotReady, match="han cambiado"):
        sign(room, row, "letrada")
    signing.send_back(row, why="Falta la factura entera", person="letrada")
    new = room.paper(row, "f1-entera.pdf", proves=("F-1",), replaces="f1pdf")
    dossier.review_paper(row, new.key, accept=True, comment="", person="letrada")
    workflow.prepare(room.shift, stages.find(row.number), on=TODAY)
    sign(room, stages.find(row.number), "letrada")
    assert stages.find(row.number).stage == "firmado"
    assert CaseDocument.objects.get(key="f1pdf").replaced_by == new


def test_a_signature_is_for_the_package_that_was_read(room: Room) -> None:
    row = ready(room)
    first = building.last_preparation(row)
    assert first is not None
    signing.send_back(row, why="Otro hecho", person="letrada")
    dossier.save_words(
        row,
        dossier.Words(
            court="es_lexnet", proceeding="monitorio", organ=row.organ, organ_code="", organ_province="Madrid",
            organ_locality="Madrid", title="Otra", facts=("Uno.",), grounds=("Dos.",), petition=("Tres.",),
        ),
        person="letrada",
    )  # fmt: skip
    workflow.prepare(room.shift, stages.find(row.number), on=TODAY)
    with pytest.raises(OtherPackage):
        sign(room, stages.find(row.number), "letrada", first.package_hash)


def test_revoked_it_goes_back_under_review(room: Room) -> None:
    row = ready(room)
    sign(room, row, "letrada")
    signing.revoke(row, why="Hay que añadir el albarán", person="letrada")
    assert stages.find(row.number).stage == "en_revision"
    assert SignOff.objects.get().ended == "revocada"


def test_signed_it_cannot_be_edited(room: Room) -> None:
    row = ready(room)
    sign(room, row, "letrada")
    with pytest.raises(WrongStage):
        room.paper(row, "otro.pdf")


def test_an_expired_rate_stops_by_name(room: Room) -> None:
    row = room.accepted()
    with pytest.raises(Exception, match="2031") as caught:
        workflow.prepare(room.shift, row, on=date(2031, 6, 1))
    assert stages.find(row.number).problem["code"] == caught.value.code  # type: ignore[attr-defined]
    assert stages.find(row.number).stage == "en_preparacion"


def test_all_paid_there_is_nothing_to_claim(room: Room) -> None:
    from tests.unit.legal.room import OWED, document, owe

    row = room.accepted()
    owe(room.creditor, [document(*("9", "F-9", "10.00"), date(2026, 1, 1)), *OWED[2:]])
    with pytest.raises(opening.NothingToClaim):
        preparing.freeze(row, actor=Actor.robot("x"))
