"""Categories are files: the sixteen load, and a wrong file is told by name and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from classifiers.disputes import ADAPTER, category_files
from cobranza.disputes.ports import Hold, Priority
from cobranza.kernel.config import ConfigError

GOOD = (category_files.FOLDER / "cargo_duplicado.toml").read_text(encoding="utf-8")


def test_the_sixteen_are_there_with_everything_that_the_office_needs() -> None:
    found = ADAPTER.categories()

    assert len(found) == 16
    for slug, category in found.items():
        assert category.slug == slug
        assert category.name and category.description and category.department and category.form
        assert set(category.acknowledgements) == (set() if slug == "no_accionable" else {"es", "pt", "en"})


def test_what_must_never_close_by_itself_says_so() -> None:
    found = ADAPTER.categories()

    assert {slug for slug, category in found.items() if category.never_automatic} == {
        "cambio_datos_bancarios",
        "concurso_o_insolvencia",
        "desconoce_deuda",
        "queja_por_trato",
        "datos_personales_o_baja",
    }
    bank = found["cambio_datos_bancarios"]
    assert bank.needs_callback and bank.priority is Priority.URGENT and bank.hold is Hold.NONE


def test_a_new_category_is_one_more_file(tmp_path: Path) -> None:
    (tmp_path / "cargo_duplicado.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "garantia.toml").write_text(GOOD.replace("Cargo duplicado", "Garantía"), encoding="utf-8")

    assert category_files.read(tmp_path)["garantia"].category("garantia").name == "Garantía"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace("plazo_horas", "plazo_oras"), "«plazo_horas»"),
        (lambda text: text.replace('prioridad = "alta"', 'prioridad = "altísima"'), "prioridad"),
        (lambda text: text.replace('prioridad = "alta"', 'prioridad = "alta"\nllamar = true'), "nunca_automatica"),
        (lambda text: text + "\n[", "TOML"),
    ],
)
def test_a_wrong_file_is_refused_by_name_and_key(tmp_path: Path, change: object, told: str) -> None:
    (tmp_path / "mala.toml").write_text(change(GOOD), encoding="utf-8")  # type: ignore[operator]

    with pytest.raises(ConfigError, match=r"mala\.toml") as caught:
        category_files.read(tmp_path)
    assert told in caught.value.message


def test_a_folder_without_categories_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        category_files.read(tmp_path)
