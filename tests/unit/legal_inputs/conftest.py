"""One converter for the whole folder: its worker starts once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cobranza.legal.inputs import Converter, Tools


@pytest.fixture(scope="session")
def converter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Converter]:
    tools = Tools.found()
    if not tools.ghostscript or not tools.tesseract:
        pytest.skip("ghostscript or tesseract is not installed")
    with Converter(tmp_path_factory.mktemp("conversions"), tools=tools) as made:
        yield made
