"""What the screens take by form, by command."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.contrib.auth.models import Group, User

from cobranza.cli import legal_evidence
from cobranza.legal import dossier, handing, stages
from cobranza.legal.dossier import BadPrior
from cobranza.legal.workflow import NotLegal
from cobranza.screens.access import Role
from tests.unit.legal.room import TODAY, Room


@pytest.fixture
def number(room: Room, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(handing, "today", lambda rules, country: TODAY)
    lawyer = User.objects.create(username="letrada")
    lawyer.groups.add(Group.objects.get_or_create(name=Role.LEGAL.value)[0])
    return str(room.accepted().number)


def run(*words: str, code: int = 0) -> Any:
    name, *rest = words
    command = next(each for each in legal_evidence.commands if each.name == name)
    done = CliRunner().invoke(command, [*rest, "--json"], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if code == 0 else done.output


def test_a_prior_claim_comes_with_its_proof_and_goes_with_a_reason(number: str, tmp_path: Path) -> None:
    proof = tmp_path / "burofax.pdf"
    proof.write_bytes(b"%PDF-1.7 burofax")
    sent, reached = TODAY - timedelta(days=40), TODAY - timedelta(days=38)

    (told,) = run(
        "prior", number, "--sent", sent.isoformat(), "--reached", reached.isoformat(), "--offers",
        "--file", str(proof), "--person", "ana",
    )["priors"]  # fmt: skip

    row = stages.find(number)
    paper = row.documents.get(key=told["document"])
    assert (paper.kind, paper.state, paper.added_by) == ("reclamacion_previa", "pendiente", "ana")
    assert (told["kind"], told["channel"], told["reached_on"]) == ("masc", "burofax", reached.isoformat())
    assert row.deadlines.filter(key=f"masc:{told['id']}", done_at=None).exists(), "a year after it is worth nothing"
    assert run("priors", number)["priors"] == [told]

    left = run("prior-remove", number, str(told["id"]), "--why", "Era de otro cliente", "--person", "ana")
    assert left["priors"] == []
    assert not row.deadlines.filter(done_at=None, key__startswith="masc:").exists()


def test_what_does_not_fit_is_refused(number: str) -> None:
    later = (TODAY + timedelta(days=1)).isoformat()
    with pytest.raises(BadPrior):
        run("prior", number, "--sent", later, "--person", "ana")
    day = TODAY.isoformat()
    assert "paloma" in run("prior", number, "--sent", day, "--channel", "paloma", "--person", "ana", code=2)
    assert "Justificante" in run("prior", number, "--sent", day, "--document", "nada", "--person", "ana", code=2)
    assert stages.find(number).priors.count() == 0


def test_the_defendants_domicile_is_corrected_and_the_court_follows(number: str) -> None:
    before = run("defendant", number)["defendant"]
    assert before["name"] == "Ferretería Pepa, S.L."

    told = run(
        "defendant", number, "--address", "Calle Real, 3", "--postal-code", "28013", "--locality", "Getafe",
        "--province", "Madrid", "--tax-id", "B12345674", "--person", "letrada",
    )  # fmt: skip

    assert told["defendant"] == before | {
        "address": "Calle Real, 3", "postal_code": "28013", "locality": "Getafe", "province": "Madrid",
    }  # fmt: skip
    assert told["organ"] == "Al Tribunal de Getafe"
    assert "--person" in run("defendant", number, "--locality", "Madrid", code=2)
    with pytest.raises(NotLegal):
        run("defendant", number, "--locality", "Madrid", "--person", "ana")


def test_interest_is_waived_for_one_invoice_or_for_all(number: str) -> None:
    one = run("claim", number, "--concept", "interes", "--waive", "--invoice", "F-1", "--why", "Acuerdo",
              "--person", "letrada")  # fmt: skip
    assert [(each["invoice"], each["waived"]) for each in one["decisions"]] == [("F-1", True)]
    every = run("claim", number, "--concept", "interes", "--keep", "--person", "letrada")
    assert [(each["invoice"], each["waived"]) for each in every["decisions"]] == [("F-1", False), ("F-2", False)]
    with pytest.raises(stages.NeedsReason):
        run("claim", number, "--concept", "interes", "--waive", "--person", "letrada")
    with pytest.raises(dossier.BadPaper):
        run("claim", number, "--concept", "interes", "--keep", "--invoice", "F-9", "--person", "letrada")
