"""References to secrets. Settings hold where a secret is (`env:`, `file:`, `keyring:`), never the secret."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import keyring
from keyring.errors import KeyringError
from pydantic import AfterValidator

from cobranza.kernel.errors import BusinessError

SCHEMES = ("env", "file", "keyring")
_MAX_FILE_BYTES = 64 * 1024


class SecretError(BusinessError):
    """A secret that is not where its reference says."""

    code = "COB-SEC-001"
    remedy = "Guarde el secreto donde dice la referencia o corríjala en config/."


class Secret:
    """A secret value that prints, formats and pickles as nothing useful; read it with `reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value in clear, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret does not travel by pickle")


def check_reference(reference: str) -> str:
    """Accept only `env:NAME`, `file:PATH` and `keyring:SERVICE/USER`; used as a pydantic validator."""
    scheme, colon, rest = reference.partition(":")
    if not colon or scheme not in SCHEMES or not rest:
        raise ValueError("un secreto se indica como env:NOMBRE, file:RUTA o keyring:SERVICIO/USUARIO")
    if scheme == "keyring" and "/" not in rest:
        raise ValueError("un secreto del llavero se indica como keyring:SERVICIO/USUARIO")
    return reference


SecretRef = Annotated[str, AfterValidator(check_reference)]


def resolve(reference: str, *, base: Path | None = None) -> Secret:
    """Read the secret that `reference` names.

    Args:
        reference: `env:NAME`, `file:PATH` (relative to `base`) or `keyring:SERVICE/USER`.
        base: Folder that relative `file:` paths start from; the current one by default.

    Raises:
        SecretError: it is not there or is empty. The message names the reference, never a value.
    """
    try:
        check_reference(reference)
    except ValueError as exc:
        raise SecretError(f"Referencia de secreto mal escrita: {exc}.") from exc
    scheme, _, rest = reference.partition(":")
    if scheme == "env":
        value = os.environ.get(rest)
    elif scheme == "file":
        value = _from_file((base or Path.cwd()) / Path(rest).expanduser())
    else:
        service, _, user = rest.partition("/")
        try:
            value = keyring.get_password(service, user)
        except KeyringError as exc:
            raise SecretError(f"El llavero del sistema no responde para «{reference}».") from exc
    if not value:
        raise SecretError(f"No hay ningún secreto en «{reference}».")
    return Secret(value)


def _from_file(path: Path) -> str | None:
    if not path.is_file():
        return None
    if path.stat().st_size > _MAX_FILE_BYTES:
        raise SecretError(f"El fichero de secreto «{path.name}» es demasiado grande.")
    return path.read_text(encoding="utf-8").rstrip("\r\n")
