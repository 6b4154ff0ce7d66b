"""Built encoders: how they are put on disk, found again and run."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifiers.encoders.errors import EncoderError
from classifiers.encoders.recipes import Parts

_MODEL, _TOKENIZER, _CARD = "model.onnx", "tokenizer.json", "encoder.json"


@dataclass(frozen=True, slots=True)
class Card:
    """What a built encoder is.

    Attributes:
        identity: Changes whenever its vectors do.
        prefix: What stands before every text.
        width: Dimensions of the vectors.
        longest: Tokens of the longest text.
        size: Octets of its files.
    """

    identity: str
    prefix: str
    width: int
    longest: int
    size: int


def write(folder: Path, parts: Parts, *, identity: str, prefix: str) -> Card:
    """Put an encoder on disk, whole or not at all."""
    data = parts.model.onnx({"identity": identity})
    size = len(data) + len(parts.tokenizer)
    card = Card(identity, prefix, parts.model.width, parts.model.longest, size)
    waiting = folder.with_name(f".{folder.name}.{os.getpid()}")
    waiting.mkdir(parents=True, exist_ok=True)
    (waiting / _MODEL).write_bytes(data)
    (waiting / _TOKENIZER).write_bytes(parts.tokenizer)
    (waiting / _CARD).write_text(json.dumps(asdict(card), indent=1) + "\n", encoding="utf-8")
    old = folder.with_name(f".{folder.name}.old.{os.getpid()}")
    if folder.exists():
        folder.replace(old)
    waiting.replace(folder)
    shutil.rmtree(old, ignore_errors=True)
    return card


def card(folder: Path) -> Card | None:
    """Of a built encoder; None when there is none.

    Raises:
        EncoderError: its card is damaged.
    """
    try:
        return Card(**json.loads((folder / _CARD).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as exc:
        raise EncoderError(f"La ficha del codificador de «{folder}» está dañada ({exc}).") from exc


class Encoder:
    """A built encoder. Its libraries are loaded with the first text; safe to use from several threads."""

    def __init__(self, folder: Path, *, tokens: int = 192, threads: int = 0) -> None:
        found = card(folder)
        if found is None:
            raise EncoderError(f"En «{folder}» no hay ningún codificador construido.")
        self.card = found
        self.identity = f"{found.identity}-{tokens}"
        self._folder = folder
        self._tokens = min(tokens, found.longest)
        self._threads = threads or min(8, os.cpu_count() or 1)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of length 1, float32, shape (n_texts, width); each depends on its own text alone."""
        if not texts:
            return np.zeros((0, self.card.width), dtype=np.float32)
        cut = self._tokenizer([self.card.prefix + text for text in texts], truncation=True, max_length=self._tokens)[
            "input_ids"
        ]
        session = self._session

        def one(ids: list[int]) -> NDArray[np.float32]:
            return np.asarray(session.run(None, {"ids": np.array([ids], dtype=np.int64)})[0][0], dtype=np.float32)

        if self._threads == 1 or len(texts) == 1:
            return np.stack([one(ids) for ids in cut])
        with ThreadPoolExecutor(self._threads) as pool:
            return np.stack(list(pool.map(one, cut)))

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # texts run side by side instead
        options.inter_op_num_threads = 1
        return onnxruntime.InferenceSession(str(self._folder / _MODEL), options, providers=["CPUExecutionProvider"])

    @cached_property
    def _tokenizer(self) -> Any:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")  # it would tell that PyTorch is not there
        from transformers import PreTrainedTokenizerFast

        return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
            tokenizer_file=str(self._folder / _TOKENIZER), clean_up_tokenization_spaces=False
        )
