"""Evidence over HTTP: nothing outside a run's folder, nothing that can act, nothing altered unnoticed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from cobranza import suite
from cobranza.runs import served
from cobranza.runs.models import Evidence, Run
from cobranza.screens.access import Role


@pytest.fixture
def run(db: None, suite_root: Path) -> Run:
    """A finished run with files, and a secret beside its folder."""
    made = Run.objects.create(robot="contar", title="Contar", state="hecho", started_by="cli:ana", evidence="runs/1")
    folder = suite.output_folder() / "runs" / "1"
    (folder / "img").mkdir(parents=True)
    (suite.output_folder() / "secreto.txt").write_text("no para ti", encoding="utf-8")
    (suite.output_folder() / "secreto.html").write_text("no para ti", encoding="utf-8")
    (folder / "log.html").write_text("<script>1</script>", encoding="utf-8")
    (folder / "img" / "a.png").write_bytes(b"\x89PNG")
    (folder / "pagina.html").write_text("<script>alert(1)</script>", encoding="utf-8")
    (folder / "nota.txt").write_text("<b>hola</b>", encoding="utf-8")
    (folder / "fuera.html").symlink_to(suite.output_folder() / "secreto.html")
    for name, kind in (
        ("log.html", "log"),
        ("pagina.html", "other"),
        ("nota.txt", "other"),
        ("img/a.png", "screenshot"),
    ):
        data = (folder / name).read_bytes()
        Evidence.objects.create(
            run=made,
            attempt=1,
            path=f"runs/1/{name}",
            kind=kind,
            title=name,
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
        )
    return made


def entry(run: Run, name: str) -> Evidence:
    return run.evidence_files.get(title=name)


@pytest.mark.parametrize(
    "path",
    [
        "../../secreto.html",
        "..%2F..%2Fsecreto.html",
        "/etc/passwd",
        "fuera.html",
        "nota.txt",
        "img",
        "no.html",
        "a\x00.html",
    ],
)
def test_the_frame_serves_nothing_outside_the_run_and_no_other_kind(run: Run, path: str) -> None:
    token = served.frame_pass(run, 1)

    with pytest.raises(served.EvidenceGone):
        served.frame_response(token, path)
    answer = Client().get(f"/runs/frame/{token}/{path}")
    assert answer.status_code in (301, 404)
    assert b"no para ti" not in answer.content


def test_the_frame_serves_the_log_in_a_sandbox_of_its_own(run: Run) -> None:
    answer = Client().get(reverse("runs:frame", args=[served.frame_pass(run, 1), "log.html"]))
    policy = answer.headers["Content-Security-Policy"]

    assert answer.status_code == 200
    assert policy.startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in policy
    assert "connect-src" not in policy  # default-src 'none' covers it
    assert "default-src 'none'" in policy
    assert "form-action 'none'" in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert Client().get(reverse("runs:frame", args=[served.frame_pass(run, 1), "img/a.png"])).status_code == 200


def test_a_pass_is_for_one_run_unforged_and_short(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    token = served.frame_pass(run, 1)
    assert Client().get(f"/runs/frame/{token[:-2]}xx/log.html").status_code == 404

    monkeypatch.setattr(served, "PASS_SECONDS", -1)
    assert Client().get(f"/runs/frame/{token}/log.html").status_code == 404


def test_a_stored_path_that_leaves_the_output_is_not_followed(run: Run, enter: Callable[..., Client]) -> None:
    Evidence.objects.filter(title="nota.txt").update(path="../una suite/config/cobranza.toml")
    found = entry(run, "nota.txt")
    client = enter(Role.AUDIT)

    assert client.get(reverse("runs:evidence", args=[run.pk, found.pk])).status_code == 404
    assert client.get(reverse("runs:evidence_file", args=[run.pk, found.pk])).status_code == 404


def test_evidence_of_one_run_is_not_reached_through_another(run: Run, enter: Callable[..., Client]) -> None:
    other = Run.objects.create(robot="contar", state="hecho", started_by="cli:ana")

    answer = enter(Role.AUDIT).get(reverse("runs:evidence_file", args=[other.pk, entry(run, "nota.txt").pk]))

    assert answer.status_code == 404


def test_only_images_show_and_everything_else_is_a_download(run: Run, enter: Callable[..., Client]) -> None:
    client = enter(Role.AUDIT)
    page = client.get(reverse("runs:evidence_file", args=[run.pk, entry(run, "pagina.html").pk]))
    image = client.get(reverse("runs:evidence_file", args=[run.pk, entry(run, "img/a.png").pk]))

    assert page.headers["Content-Type"] == "application/octet-stream"
    assert page.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in page.headers["Content-Security-Policy"]
    assert image.headers["Content-Type"] == "image/png"
    assert "attachment" not in image.headers.get("Content-Disposition", "")


def test_text_is_shown_as_text(run: Run, enter: Callable[..., Client]) -> None:
    page = enter(Role.AUDIT).get(reverse("runs:evidence", args=[run.pk, entry(run, "nota.txt").pk])).content.decode()

    assert "&lt;b&gt;hola&lt;/b&gt;" in page
    assert "Sin cambios" in page


def test_an_altered_file_is_denounced(run: Run, enter: Callable[..., Client]) -> None:
    (suite.output_folder() / "runs/1/nota.txt").write_text("otra cosa", encoding="utf-8")

    page = enter(Role.AUDIT).get(reverse("runs:evidence", args=[run.pk, entry(run, "nota.txt").pk])).content.decode()

    assert "su huella no coincide" in page
    assert "Sin cambios" not in page
