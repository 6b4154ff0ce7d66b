"""The corpus: what is refused, what belongs together, what is nearly the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifiers.disputes import category_files, labelled, training

LABELS = ("promesa_de_pago", "consulta_general")


def line(**more: Any) -> dict[str, Any]:
    made = {"id": "x-1", "lang": "es", "from": "Ana <ana@x.example>", "subject": "hola", "label": "promesa_de_pago"}
    return {**made, "body": "Pago el viernes.\n> ¿Cuándo paga?", "own_text": "Pago el viernes.", **more}


def written(folder: Path, *lines: dict[str, Any]) -> Path:
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"label": "otra_cosa"}, "otra_cosa"),
        ({"secondary": "otra_cosa"}, "otra_cosa"),
        ({"own_text": "Otra cosa."}, "own_text"),
        ({"lang": "fr"}, "lang"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_line_is_told_by_its_place(tmp_path: Path, wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(labelled.CorpusError, match="línea 2") as caught:
        labelled.read(written(tmp_path, line(), line(id="x-2", **wrong)), LABELS)
    assert told in caught.value.message


def test_an_id_occurs_once_and_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(labelled.CorpusError, match="no hay"):
        labelled.read(tmp_path, LABELS)
    with pytest.raises(labelled.CorpusError, match="ya está"):
        labelled.read(written(tmp_path, line(), line()), LABELS)


def test_what_is_of_one_thread_author_or_pair_never_tests_itself(tmp_path: Path) -> None:
    lines = labelled.read(
        written(
            tmp_path,
            line(id="1"),
            line(id="2", subject="otro"),
            line(id="3", **{"from": "b@x.example", "subject": "RE: la factura de mayo"}),
            line(id="4", **{"from": "c@x.example", "subject": "la factura de mayo"}),
            line(id="5", **{"from": "d@x.example", "subject": "q", "pair": "p"}),
            line(id="6", **{"from": "e@x.example", "subject": "r", "pair": "p"}),
        ),
        LABELS,
    )
    groups = labelled.groups(lines)

    assert groups[0] == groups[1] and groups[2] == groups[3] and groups[4] == groups[5]
    assert len(set(groups)) == 3
    for fold in training.folds(groups, seed=1, count=3):
        rest = np.setdiff1d(np.arange(len(lines)), fold)
        assert not set(groups[fold]) & set(groups[rest])


def test_near_duplicates_are_found(tmp_path: Path) -> None:
    text = "Les pago el viernes por la tarde, en cuanto cierre la caja y pase por el banco."
    other = text.replace("viernes", "jueves")
    far = "¿Cómo puedo entrar en el portal si he perdido la contraseña que me dieron?"
    lines = [line(id=str(n), body=said, own_text=said) for n, said in enumerate((text, far, other))]

    (near,) = labelled.near_duplicates(labelled.read(written(tmp_path, *lines), LABELS))

    assert (near.first, near.second) == ("0", "2")
    assert near.likeness > 0.7


def test_the_corpus_that_ships_is_valid_and_has_no_copies() -> None:
    lines = labelled.read(labelled.FOLDER, tuple(category_files.shipped()))

    assert len(lines) >= 1500
    assert {line.lang for line in lines} == {"es", "pt", "en"}
    assert {line.label for line in lines} == set(category_files.shipped())
    # the same few words of thanks or a bounce may be written twice; a message that says something may not
    copies = labelled.near_duplicates(lines, likeness=0.9)
    assert len(copies) <= len(lines) * 0.005, copies
