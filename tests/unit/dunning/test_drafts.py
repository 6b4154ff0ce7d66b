"""The strategy's form: what an expert wrote survives, what is wrong is told beside its box, changes are sentences."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cobranza.dunning import differences, drafts, settings
from cobranza.dunning.settings import StrategyFile

GENERAL = (settings.folder() / "general.toml").read_text(encoding="utf-8")
FILE = settings.written_file("general", GENERAL)
DRAFT = drafts.read(GENERAL, "general")


def sent(draft: drafts.Draft) -> dict[str, list[str]]:
    """A draft as a browser sends it."""
    data: dict[str, list[str]] = {name: [value] for name, value in draft.general.items()}
    for number, step in enumerate(draft.steps):
        box = f"p{number}-"
        for name in ("id", "desde", "hasta", "hace", "veces", "cada", "nota"):
            data[box + name] = [getattr(step, name)]
        for name in ("plantillas", "habitos", "segmentos", "paises", "idiomas"):
            if getattr(step, name):
                data[box + name] = list(getattr(step, name))
        for place, channel in enumerate(step.canales):
            data[f"{box}canales-{place}"] = [channel]
        for currency, text in step.minimo.items():
            data[f"{box}minimo-{currency}"] = [text]
        if step.adelanta:
            data[box + "adelanta"] = ["1"]
    return data


def judged(**changes: Any) -> drafts.Judged:
    """The shipped strategy with its second step changed."""
    steps = list(DRAFT.steps)
    steps[1] = replace(steps[1], **changes)
    return drafts.judge(replace(DRAFT, steps=tuple(steps)), "general", "x")


def test_the_form_changes_nothing_by_itself() -> None:
    assert drafts.posted(sent(DRAFT)) == DRAFT
    found = drafts.judge(DRAFT, "general", FILE.version)
    assert found.errors == {}
    assert found.file is not None
    assert drafts.same(found.file, FILE)
    text = drafts.write(found.file, DRAFT, GENERAL)
    assert settings.written("general", text) == settings.strategy("general")
    assert [line for line in GENERAL.splitlines() if "#" in line] == [line for line in text.splitlines() if "#" in line]


def test_any_order_and_choice_of_steps_is_read_as_it_was_written() -> None:
    dice = random.Random(7)
    for _ in range(30):
        steps = tuple(dice.sample(DRAFT.steps, dice.randint(1, len(DRAFT.steps))))
        steps = (replace(steps[0], nota='«así» "no" # sí \\', desde=str(dice.randint(-9, -1)), hasta=""), *steps[1:])
        draft = replace(DRAFT, general=dict(DRAFT.general) | {"nombre": 'Otra "más" # \\'}, steps=steps)
        found = drafts.judge(draft, "general", "v")
        assert found.file is not None, found.errors
        text = drafts.write(found.file, draft, GENERAL)
        assert settings.written_file("general", text) == found.file
        again = drafts.read(text, "general")
        assert again.steps == steps
        assert drafts.write(found.file, again, text) == text


@pytest.mark.parametrize(
    ("changes", "box", "told"),
    [
        ({"desde": "tres"}, "p1-desde", "«tres» no es un número entero"),
        ({"desde": ""}, "p1-desde", "Hace falta un número"),
        ({"desde": "-90"}, "p1-desde", "Como poco -60"),
        ({"hasta": "1"}, "p1-hasta", "anterior"),
        ({"id": "Con espacio"}, "p1-id", "Solo letras minúsculas"),
        ({"id": "asesor"}, "p1-id", "asesor"),
        ({"canales": ()}, "p1-canales", "Hacen falta"),
        ({"canales": ("letter",)}, "p1-plantillas", "letter"),
        ({"plantillas": ("no_existe",)}, "p1-plantillas", "no_existe"),
        ({"plantillas": ("recordatorio_amable",), "veces": "2"}, "p1-plantillas", "dos plantillas"),
        ({"habitos": ("raro",)}, "p1-habitos", "opciones"),
        ({"hace": "gritar"}, "p1-hace", "«gritar» no está entre las opciones"),
        ({"minimo": {"EUR": "mucho"}}, "p1-minimo", "1.234,56"),
        ({"adelanta": True}, "p1-adelanta", "antes del vencimiento"),
        ({"productos": ("gas",)}, "p1-productos", "el libro no guarda"),
        ({"id": "previo"}, "", "dos veces"),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_beside_its_box(changes: dict[str, Any], box: str, told: str) -> None:
    found = judged(**changes)
    assert found.file is None
    assert told in found.errors[box], found.errors


def test_everything_that_is_wrong_is_told_at_once() -> None:
    general = dict(DRAFT.general) | {"sin_respuesta": "0", "nombre": ""}
    steps = (replace(DRAFT.steps[0], desde="x"), replace(DRAFT.steps[1], veces="0"))
    found = drafts.judge(drafts.Draft(general=general, steps=steps), "general", "x")
    assert set(found.errors) == {"nombre", "sin_respuesta", "p0-desde", "p1-veces"}


@pytest.mark.parametrize(
    ("action", "order", "row"),
    [
        ("subir-2", [0, 2, 1], 1),
        ("subir-0", [0, 1, 2], 0),
        ("bajar-0", [1, 0, 2], 1),
        ("bajar-2", [0, 1, 2], 2),
        ("quitar-1", [0, 2], 1),
        ("quitar-2", [0, 1], 1),
        ("quitar-9", [0, 1, 2], None),
        ("bailar-1", [0, 1, 2], None),
    ],
)
def test_rows_come_go_and_change_places(action: str, order: list[int], row: int | None) -> None:
    three = replace(DRAFT, steps=DRAFT.steps[:3])
    found, about = drafts.acted(three, action)
    assert [DRAFT.steps.index(step) for step in found.steps] == order
    assert about == row
    longer, new = drafts.acted(three, "anadir")
    assert (len(longer.steps), new) == (4, 3)


def test_a_version_is_never_two_texts() -> None:
    day = date(2026, 12, 1)
    assert drafts.fresh("2026-11-22", {"2026-11-22"}, day) == "2026-12-01"
    assert drafts.fresh("2026-12-01", {"2026-12-01.2"}, day) == "2026-12-01.3"


def changed(**changes: Any) -> tuple[str, ...]:
    return differences.between(FILE, FILE.model_copy(update=changes))


def test_changes_are_told_as_sentences() -> None:
    first, second, *rest = FILE.pasos
    assert changed() == ()
    assert changed(sin_respuesta=5) == ("General: contactos sin respuesta, de 4 a 5.",)
    assert changed(pasos=(first, *rest)) == (f"Paso «{second.id}»: se quita.",)
    assert changed(pasos=(second, first, *rest)) == ("Paso «recordatorio»: pasa al lugar 1.",) or changed(
        pasos=(second, first, *rest)
    ) == ("Paso «previo»: pasa al lugar 2.",)
    now = second.model_copy(update={"hasta": None, "canales": ("email",), "minimo": {"EUR": "60.00"}})
    assert changed(pasos=(first, now, *rest)) == (
        "Paso «recordatorio»: último día, de 9 a sin fin.",
        "Paso «recordatorio»: canales, de email, whatsapp, sms a email.",
        "Paso «recordatorio»: importe mínimo, de ninguno a 60.00 EUR.",
    )
    assert "no se lee" in differences.of_texts("x = ", GENERAL)[0]
    assert differences.of_texts(GENERAL, GENERAL) == ()
    assert isinstance(FILE, StrategyFile)
