"""Which model is in use, and how a new one comes to be."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifiers.disputes import (
    benchmark,
    card,
    category_files,
    example,
    labelled,
    opinion,
    store,
    training,
    versions,
)
from classifiers.disputes.judging import Bench
from classifiers.disputes.opinion import PLAIN, VECTORS, Encoder, Model
from classifiers.encoders import adapter, building, settings
from cobranza.disputes.ports import ReadMail

SHIPPED = Path(__file__).parent / "model"
_ADAPTER, _ENCODER, _TUNING = "adapter.npz", "encoder", "tuning.pt"
_HELD = 3  # one part of so many is kept from tuning, to measure


def own_folder() -> Path:
    """Where the instance keeps the models that it trained itself; the one in use goes before the shipped one."""
    return settings.models_folder() / "disputes"


def adapters() -> list[Path]:
    """Files that may hold what tuning changed in the encoder, that of the model in use first."""
    return [folder() / _ADAPTER, SHIPPED / _ADAPTER]


def folder() -> Path:
    """Of the model in use: the instance's own, unless this version of the program has other rules; else the shipped."""
    own = versions.current(own_folder())
    return own if own is not None and store.fits(own) else SHIPPED


def encoder_for(model: Model, where: Path | None = None) -> Encoder | None:
    """The built encoder that `model` learned with: of its own folder `where`, or the one of disputes; None if none."""
    if not model.encoder:
        return None
    built = [building.load_from(where / _ENCODER)] if where is not None else []
    for found in (*built, building.load(building.ADAPTED)):
        if found is not None and found.identity == model.encoder:
            return found
    return None


def bench() -> Bench:
    """The model in use, ready to judge.

    Raises:
        ModelError: there is none.
    """
    where = folder()
    model = store.load(where)
    return Bench(model, encoder_for(model, where))


def state() -> dict[str, Any]:
    """See `Disputes.state`."""
    where = folder()
    model = store.load(where)
    fits = encoder_for(model, where) is not None
    lost = remedy = ""
    if not fits and model.encoder:
        figures: Any = model.about.get("cross_validation", {})
        if VECTORS in figures:
            plain, full = (100 * figures[way]["accuracy"] for way in (PLAIN, VECTORS))
            lost = f"sin su codificador de frases acierta el {plain:.0f} % en lugar del {full:.0f} %"
        else:
            lost = "sin su codificador de frases acierta menos"
        remedy = "Constrúyalo con «cobranza models build»."
        if building.load(building.ADAPTED) is not None:
            remedy = "El codificador construido es otro: repita «cobranza models build» o «cobranza disputes train»."
    elif not fits:
        lost = "se entrenó sin codificador de frases"
        remedy = "Lance «cobranza models build» y «cobranza disputes train»."
    own = versions.current(own_folder())
    if own is not None and own != where:
        lost = "el modelo que esta instalación entrenó no sirve con las reglas de esta versión; juzga el de serie"
        remedy = "Repita «cobranza disputes train --decided»."
    return {
        "model": model.version,
        "folder": str(where),
        "encoder": model.encoder,
        "fits": fits,
        "lost": lost,
        "remedy": remedy,
    }


def lesson_of(
    lines: Sequence[labelled.Line], labels: Sequence[str], read: Callable[[Mapping[str, Any]], ReadMail]
) -> training.Lesson:
    """What can be learned from labelled messages, read as the mailbox's reader reads them."""
    place = {label: number for number, label in enumerate(labels)}
    examples = [example.of_mail(read(line.model_dump(by_alias=True))) for line in lines]
    return training.Lesson(
        examples=examples,
        answers=np.array([place[line.label] for line in lines]),
        seconds=np.array([place[line.secondary] if line.secondary else -1 for line in lines]),
        groups=labelled.groups(lines),
        untouched=np.ones(len(lines), dtype=bool),
        check=np.ones(len(lines), dtype=bool),
        weights=np.ones(len(lines)),
    )


def with_seeds(lines: Sequence[labelled.Line]) -> list[labelled.Line]:
    """Labelled messages and the seed examples of the categories, which teach even a category without messages."""
    seeds = [
        labelled.Line.model_validate(
            {"id": f"seed-{slug}-{number}", "lang": "es", "body": text, "own_text": text, "label": slug}
        )
        for slug, file in category_files.read().items()
        for number, text in enumerate(file.ejemplos)
    ]
    return [*lines, *seeds]


def train(
    read: Callable[[Mapping[str, Any]], ReadMail],
    *,
    corpus: Path | None,
    finetune: bool,
    tell: Callable[[str], None],
    to: Path | None = None,
) -> dict[str, Any]:
    """Learn a model and put it into use, unless it is worse than the one in use.

    Args:
        read: Reads a row of labelled messages.
        corpus: Folder of a company's own labelled messages, learned besides those that ship.
        finetune: Tune the encoder on them first (PyTorch, the extra ``cobranza[train]``).
        tell: Told what goes on, in Spanish.
        to: Folder of the new model, which is then only written; the instance's own when None.

    Returns:
        Keys model, folder, mails, encoder, figures (of cross-validation, by way), refused (why it is not in use).
    """
    labels = tuple(category_files.shipped())
    lines = with_seeds(labelled.read(labelled.FOLDER, labels))
    known = {line.id for line in lines}
    if corpus is not None:
        lines += [line for line in labelled.read(corpus, labels) if line.id not in known]
    tell(f"Leyendo {len(lines)} correos etiquetados")
    lesson = lesson_of(lines, labels, read)
    own, former = own_folder(), folder()
    target = to or versions.staging(own)
    if finetune:
        _tune(lines, lesson, target, (to or own) / _TUNING, tell)
    elif to is None:
        _carry(former, target)
    encoder = building.load_from(target / _ENCODER) or building.load(building.ADAPTED)
    untouched = _untouched(lines, encoder, target)
    lesson = replace(lesson, untouched=untouched, check=untouched & np.array([line.id in known for line in lines]))
    about: dict[str, Any] = {"mails": len(lines), "corpus": labelled.digest(lines)[:12]}
    if not untouched.all():
        about["held_out"] = int(untouched.sum())
    model = training.train(lesson, labels, encoder=encoder, about=about, tell=tell)
    saved = store.save(model, target)
    refused: tuple[str, ...] = ()
    if to is None:
        refused = versions.admit(own, target, saved, store.load(former)).refused
        target = versions.folder_of(own, saved.version)
    return {
        "model": saved.version,
        "folder": str(target),
        "mails": len(lines),
        "encoder": saved.encoder,
        "figures": saved.about["cross_validation"],
        "refused": list(refused),
    }


def _tune(
    lines: Sequence[labelled.Line],
    lesson: training.Lesson,
    target: Path,
    checkpoint: Path,
    tell: Callable[[str], None],
) -> None:
    """Tune the encoder on two thirds of the messages, and build it; the rest tells how good it is."""
    from classifiers.disputes import tuning

    held = training.folds(lesson.groups, 0, _HELD)[0]
    rows = np.setdiff1d(np.arange(len(lines)), held)
    base = building.chosen_base()
    tuner = tuning.Tuner(
        base,
        [opinion.encoded_text(one) for one in lesson.examples],
        tuning.Plan(threads=max(1, os.cpu_count() or 1)),
        tell,
    )
    known = tuning.Known(rows, lesson.answers, [line.pair for line in lines], [line.id for line in lines])
    change = tuner.tune(known, checkpoint=checkpoint)
    change.save(target / _ADAPTER)
    building.adapted(base, change, where=target / _ENCODER)
    checkpoint.unlink(missing_ok=True)


def _carry(former: Path, target: Path) -> None:
    """A model that tunes nothing keeps the encoder of the one before it."""
    if former != SHIPPED and (former / _ADAPTER).is_file():
        shutil.copy(former / _ADAPTER, target / _ADAPTER)
        shutil.copytree(former / _ENCODER, target / _ENCODER, copy_function=os.link)


def roll_back() -> dict[str, Any]:
    """Put the model before the one in use back; keys model and folder."""
    versions.roll_back(own_folder())
    where = folder()
    return {"model": store.load(where).version, "folder": str(where)}


def kept() -> list[dict[str, Any]]:
    """The models of this instance and the shipped one; keys model, in_use, trained, mails, figures, refused."""
    register = versions.read(own_folder())
    in_use = register.in_use if folder() != SHIPPED else versions.SHIPPED
    shipped = store.load(SHIPPED)
    told = [
        {
            "model": shipped.version,
            "shipped": True,
            "in_use": in_use == versions.SHIPPED,
            "trained": "",
            "mails": shipped.about.get("mails", 0),
            "figures": versions.check_figures(shipped),
            "refused": [],
        }
    ]
    for entry in register.kept:
        told.append(
            {
                "model": entry.version,
                "shipped": False,
                "in_use": in_use == entry.version,
                "trained": entry.trained,
                "mails": entry.mails,
                "figures": entry.figures,
                "refused": list(entry.refused),
            }
        )
    return told


def _untouched(lines: Sequence[labelled.Line], encoder: Encoder | None, target: Path) -> NDArray[np.bool_]:
    """Messages that the encoder in use was not tuned on."""
    for file in (target / _ADAPTER, *adapters()):
        change = adapter.load(file)
        if encoder is not None and change is not None and f"+{change.digest()[:12]}-" in encoder.identity:
            seen = set(change.seen)
            return np.array([line.id not in seen for line in lines])
    return np.ones(len(lines), dtype=bool)


def card_text() -> tuple[Path, str]:
    """Where the model card stands, and its text for the shipped model."""
    lines = labelled.read(labelled.FOLDER, tuple(category_files.shipped()))
    return card.FILE, card.render(store.load(SHIPPED), lines)


def benchmark_of(
    train: Path, test: Path, *, shots: int, seeds: int, encoders: Sequence[str], tell: Callable[[str], None]
) -> dict[str, Any]:
    """Run `benchmark.run` on two files with the encoders of those names, building the ones that are not there."""
    missing = [name for name in encoders if building.load(name) is None]
    if missing:
        building.build(missing, adapters=adapters(), offline=None, tell=tell)
    tables = benchmark.read(train), benchmark.read(test)
    made: dict[str, Encoder] = {}
    for name in encoders:
        found = building.load(name, tokens=64)
        if found is not None:
            made[name] = found
    return benchmark.run(*tables, made, shots=shots, seeds=seeds, tell=tell)
