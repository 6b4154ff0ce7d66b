"""`config/companies.toml`: the companies that are owed, with their ERP and their banks."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from cobranza import suite
from cobranza.kernel.config import ConfigError, Strict, load


class Company(Strict):
    """A company that is owed.

    Attributes:
        nombre: Legal name.
        nif: Tax id.
        pais: ISO 3166 alpha-2.
        erp: Entry of ``config/erps.toml``.
        bancos: Entries of ``config/banks.toml``.
    """

    nombre: str
    nif: str = ""
    pais: str = Field(default="ES", pattern="^[A-Z]{2}$")
    erp: str
    bancos: tuple[str, ...] = Field(min_length=1)


class Companies(Strict):
    """The whole file."""

    FILE: ClassVar[str] = "companies.toml"

    empresas: dict[str, Company] = Field(default_factory=dict)


def company(key: str) -> Company:
    """The company called `key`.

    Raises:
        ConfigError: the file is wrong, or has no such company.
    """
    file = suite.root() / "config" / Companies.FILE
    found = load(file, Companies).empresas
    if key not in found:
        raise ConfigError(f"{file}: no hay ninguna empresa «{key}» (hay: {', '.join(sorted(found)) or 'ninguna'}).")
    return found[key]
