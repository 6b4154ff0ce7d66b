"""The legal room takes a sign-off back: honoured while nothing has left, refused while the court may have it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone

from cobranza.legal import building, signing, stages
from cobranza.legal.filing.machine import State
from cobranza.legal.filing.models import CourtFiling
from cobranza.legal.filing.recall import OnItsWay
from cobranza.legal.models import LegalCase, Preparation, SignOff
from cobranza.legal.stages import Stages
from tests.unit.legal import room as rooms

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LegalCase:
    """A case with its sign-off, as `signing.sign` leaves it."""
    row = rooms.make(monkeypatch, tmp_path / "output").accepted()
    made = Preparation.objects.create(
        case=row, ordinal=1, folder="preparaciones/001", package="paquete", bundle="b.pdf", package_hash="a" * 64,
        content_hash="b" * 64, bundle_sha256="c" * 64, total=1710, currency="EUR", until=rooms.TODAY, by="prueba",
        made_at=timezone.now(),
    )  # fmt: skip
    SignOff.objects.create(preparation=made, package_hash=made.package_hash, person="letrada", at=timezone.now())
    for stage in (Stages.REVIEW, Stages.SIGNED):
        LegalCase.objects.filter(pk=row.pk).update(stage=stage)
    return stages.find(row.number)


def filing(row: LegalCase, state: State, sends: int) -> None:
    CourtFiling.objects.create(
        case=row.number, court="es_lexnet", credential="x", package_hash="a" * 64, fingerprint="f", reference="r",
        folder="/", state=state.value, sends=sends, created_at=timezone.now(),
    )  # fmt: skip


@pytest.mark.parametrize("how", ["revoke", "send_back"])
@pytest.mark.parametrize(
    ("state", "sends"), [(State.SENDING, 1), (State.UNCERTAIN, 1), (State.REVIEW, 1)], ids=lambda each: str(each)
)
def test_what_the_court_may_have_cannot_be_taken_back(signed: LegalCase, state: State, sends: int, how: str) -> None:
    filing(signed, state, sends)

    with pytest.raises(OnItsWay, match="puede estar en el juzgado"):
        getattr(signing, how)(signed, why="Falta un documento.", person="letrada")

    preparation = building.last_preparation(signed)
    assert preparation is not None and len(signing.valid(preparation)) == 1
    assert stages.find(signed.number).stage == Stages.SIGNED


@pytest.mark.parametrize(
    ("how", "stage"), [("revoke", Stages.REVIEW), ("send_back", Stages.PREPARING)], ids=["revoke", "send_back"]
)
@pytest.mark.parametrize(("state", "sends"), [(State.DRAFT, 0), (State.READY, 0), (State.NOT_FILED, 1)], ids=str)
def test_before_anything_has_left_it_is_honoured(
    signed: LegalCase, state: State, sends: int, how: str, stage: Stages
) -> None:
    filing(signed, state, sends)

    getattr(signing, how)(signed, why="Falta un documento.", person="letrada")

    preparation = building.last_preparation(signed)
    assert preparation is not None and not signing.valid(preparation)
    assert stages.find(signed.number).stage == stage
