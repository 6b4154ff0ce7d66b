"""What changed between two versions of a strategy, in Spanish sentences that a supervisor reads. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from cobranza.dunning.settings import StepEntry, StrategyFile

WORDS = {
    "nombre": "nombre",
    "sin_respuesta": "contactos sin respuesta",
    "dias_habito": "días de historia",
    "documentos_habito": "documentos que hacen falta",
    "tarde_desde": "días con los que se paga tarde",
    "bueno_desde": "% a tiempo de un buen pagador",
    "cronico_desde": "% tarde de un pagador crónico",
    "desde": "primer día",
    "hasta": "último día",
    "hace": "qué hace",
    "canales": "canales",
    "plantillas": "plantillas",
    "veces": "veces",
    "cada": "días entre dos veces",
    "habitos": "hábitos de pago",
    "segmentos": "segmentos",
    "paises": "países",
    "idiomas": "idiomas",
    "productos": "productos",
    "minimo": "importe mínimo",
    "adelanta": "se adelanta si no es día permitido",
}


def between(before: StrategyFile, after: StrategyFile) -> tuple[str, ...]:
    """Each change as a sentence; none when both do the same.

    >>> step = {"id": "previo", "desde": -3, "hace": "persona"}
    >>> one = StrategyFile(version="1", nombre="A", pasos=(step,))
    >>> between(one, StrategyFile(version="2", nombre="A", pasos=(step | {"desde": -5, "hasta": -1},)))
    ('Paso «previo»: primer día, de -3 a -5.', 'Paso «previo»: último día, de sin fin a -1.')
    """
    told = [
        f"General: {WORDS[name]}, de {_said(name, was)} a {_said(name, now)}."
        for name, was, now in _changed(before, after, skip=("version", "pasos"))
    ]
    old, new = {each.id: each for each in before.pasos}, {each.id: each for each in after.pasos}
    told += [f"Paso «{name}»: se quita." for name in old if name not in new]
    stay = [name for name in old if name in new]
    moved = _moved(stay, [name for name in new if name in old])
    for place, (name, step) in enumerate(new.items(), start=1):
        if name not in old:
            told.append(f"Paso «{name}»: nuevo, en el lugar {place}: {summary(step)}.")
            continue
        if name in moved:
            told.append(f"Paso «{name}»: pasa al lugar {place}.")
        told += [
            f"Paso «{name}»: {WORDS[key]}, de {_said(key, was)} a {_said(key, now)}."
            for key, was, now in _changed(old[name], step, skip=("id",))
        ]
    return tuple(told)


def of_texts(before: str, after: str) -> tuple[str, ...]:
    """`between` for two texts; one that is no strategy any more is said."""
    try:
        old, new = (StrategyFile.model_validate(tomllib.loads(text)) for text in (before, after))
    except (tomllib.TOMLDecodeError, ValidationError):
        return ("Uno de los dos textos no se lee como estrategia: compárelos en su texto.",)
    return between(old, new)


def summary(step: StepEntry) -> str:
    """A step in one line.

    >>> summary(StepEntry(id="x", desde=3, hasta=9, hace="mensaje", canales=("email",), plantillas=("a",)))
    'días 3 a 9, mensaje por email'
    """
    days = f"desde el día {step.desde}" if step.hasta is None else f"días {step.desde} a {step.hasta}"
    by = f" por {', '.join(step.canales)}" if step.canales else ""
    return f"{days}, {step.hace}{by}"


def _changed(one: Any, other: Any, *, skip: Iterable[str]) -> Iterator[tuple[str, Any, Any]]:
    for name in type(one).model_fields:
        was, now = getattr(one, name), getattr(other, name)
        if name not in skip and was != now:
            yield name, was, now


def _moved(old: list[str], new: list[str]) -> set[str]:
    """The fewest names whose moving turns one order into the other: all but a longest run that kept its order."""
    place = {name: number for number, name in enumerate(old)}
    runs: list[list[str]] = [[]]
    for name in new:
        fits = [run for run in runs if not run or place[run[-1]] < place[name]]
        runs.append([*_longest(fits), name])
    return set(new) - set(_longest(runs))


def _longest(runs: list[list[str]]) -> list[str]:
    return max(runs, key=lambda run: len(run))


def _said(name: str, value: Any) -> str:
    if value is None:
        return "sin fin"
    if isinstance(value, bool):
        return "sí" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{each} {key}" for key, each in value.items()) or "ninguno"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or ("ninguno" if name in ("canales", "plantillas") else "todos")
    return f"«{value}»" if isinstance(value, str) else str(value)
