"""Sentence encoders: built on this machine from packages pinned by hash, run with ONNX Runtime.

Light to import: nothing is loaded before it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


class Encoders:
    """What `cobranza models` needs of this package."""

    slug = "encoders"

    def build(
        self,
        names: Sequence[str],
        *,
        offline: Path | None = None,
        missing: bool = False,
        tell: Callable[[str], None],
    ) -> list[dict[str, Any]]:
        """See `building.build`; the adapters are those of disputes."""
        from classifiers.disputes import operating
        from classifiers.encoders import building

        return building.build(names, adapters=operating.adapters(), offline=offline, missing=missing, tell=tell)

    def show(self) -> list[dict[str, Any]]:
        """See `building.show`."""
        from classifiers.encoders import building

        return building.show()


ADAPTER = Encoders()
