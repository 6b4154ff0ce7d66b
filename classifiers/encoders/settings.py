"""``config/classifiers.toml``: which sentence encoder is used, and where its files are."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from cobranza import suite
from cobranza.kernel.config import Strict, load


class Encoding(Strict):
    """How sentences are turned into vectors."""

    TABLE: ClassVar[str] = "[codificador]"

    carpeta: str = Field(
        default="",
        description="Carpeta de Hugging Face (config.json, model.safetensors, tokenizer.json) que sustituye al modelo "
        "de serie; después hay que entrenar de nuevo",
    )
    tokens: int = Field(default=192, ge=16, le=512, description="Parte del correo que se lee, en trozos de palabra")
    hilos: int = Field(default=0, ge=0, le=64, description="Textos a la vez; 0, uno por núcleo")


class Classifiers(Strict):
    """The whole file."""

    FILE: ClassVar[str] = "classifiers.toml"

    modelos: str = Field(
        default="",
        description="Carpeta de los modelos construidos; vacía, «models» dentro de los datos de la instalación",
    )
    codificador: Encoding = Field(default=Encoding(), description="Codificador de frases")


def current() -> Classifiers:
    """What ``config/classifiers.toml`` says now.

    Raises:
        ConfigError: the file cannot be used.
    """
    return load(suite.root() / "config" / Classifiers.FILE, Classifiers)


def models_folder() -> Path:
    """Where built encoders and trained models of this instance are kept."""
    named = current().modelos
    return (suite.root() / Path(named).expanduser()).resolve() if named else suite.data_folder() / "models"
