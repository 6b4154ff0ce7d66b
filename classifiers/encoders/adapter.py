"""What tuning changed in an encoder, as small matrices: weight + right · left, for the linear layers of its blocks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifiers.encoders.bert import Bert
from classifiers.encoders.errors import EncoderError


@dataclass(frozen=True, slots=True)
class Adapter:
    """Low-rank changes of weights.

    Attributes:
        base: Identity of the encoder that was tuned.
        left: By weight, float32 (rank, in).
        right: By weight, float32 (out, rank).
        seen: Ids of the messages that it was tuned on; only others can tell how good it is.
    """

    base: str
    left: Mapping[str, NDArray[np.float32]]
    right: Mapping[str, NDArray[np.float32]]
    seen: tuple[str, ...] = ()

    def digest(self) -> str:
        """Equal for equal changes."""
        made = hashlib.sha256(self.base.encode())
        for name in sorted(self.left):
            made.update(name.encode())
            made.update(self.left[name].astype(np.float16).tobytes() + self.right[name].astype(np.float16).tobytes())
        return made.hexdigest()

    def merged(self, bert: Bert) -> Bert:
        """The tuned encoder.

        Raises:
            EncoderError: a matrix does not fit.
        """
        tensors = dict(bert.tensors)
        for name, left in self.left.items():
            right = self.right[name]
            if name not in tensors or tensors[name].shape != (right.shape[0], left.shape[1]):
                raise EncoderError(f"El ajuste no encaja en el codificador («{name}»).")
            tensors[name] = (tensors[name] + right @ left).astype(np.float32)
        return Bert(tensors, bert.layers, bert.heads, bert.epsilon)

    def save(self, file: Path) -> None:
        """Write it as half-precision arrays."""
        arrays = {f"left.{name}": value.astype(np.float16) for name, value in self.left.items()}
        arrays |= {f"right.{name}": value.astype(np.float16) for name, value in self.right.items()}
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as target:
            seen = np.frombuffer("\n".join(self.seen).encode(), dtype=np.uint8)
            np.savez_compressed(target, allow_pickle=False, base=np.array(self.base), seen=seen, **arrays)


def load(file: Path) -> Adapter | None:
    """Read an adapter; None when there is no such file.

    Raises:
        EncoderError: the file is damaged.
    """
    if not file.is_file():
        return None
    try:
        with np.load(file, allow_pickle=False) as found:
            names = [key.removeprefix("left.") for key in found.files if key.startswith("left.")]
            return Adapter(
                base=str(found["base"]),
                left={name: found[f"left.{name}"].astype(np.float32) for name in names},
                right={name: found[f"right.{name}"].astype(np.float32) for name in names},
                seen=tuple(found["seen"].tobytes().decode().split("\n")),
            )
    except (OSError, ValueError, KeyError) as exc:
        raise EncoderError(f"El ajuste «{file}» está dañado ({exc}).") from exc
