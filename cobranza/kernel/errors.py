"""The tree of errors: what happened, what to do, and who acts.

The class tells the engine how to go on:

- `BusinessError`: the data or the order is wrong. A person acts; never retried. Exit code 3.
- `ApplicationError`: the outside failed. The engine may retry. Exit code 4.
- `NeedsPerson`: work waits for somebody's answer (one-time code, sign-off). Exit code 5.
"""

from __future__ import annotations

import re

EXIT_DONE = 0
EXIT_UNEXPECTED = 1
EXIT_USAGE = 2
EXIT_BUSINESS = 3
EXIT_OUTSIDE = 4
EXIT_PERSON = 5


class CobranzaError(Exception):
    """Base of every error that we raise on purpose.

    Subclasses set `code` (stable, `COB-<ROOM>-<number>`) and `remedy` (Spanish, an imperative sentence).
    An instance may bring a remedy of its own when it can be more exact.

    >>> str(BusinessError("Falta la factura 7.", remedy="Impórtela."))
    'COB-GEN-003: Falta la factura 7. → Impórtela.'
    """

    code = "COB-GEN-001"
    remedy = "Consulte el registro de la ejecución y avise a soporte."
    exit_code = EXIT_UNEXPECTED
    blocks_credential = False
    """True when no robot may use the credential again until a person has looked at it."""

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if remedy is not None:
            self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.code}: {self.message} → {self.remedy}"

    def as_dict(self) -> dict[str, str]:
        """The error as the CLI prints it with ``--json``: keys code, message, remedy."""
        return {"code": self.code, "message": self.message, "remedy": self.remedy}


class UsageError(CobranzaError):
    """The command or its options make no sense."""

    code = "COB-GEN-002"
    remedy = "Revise la orden con --help."
    exit_code = EXIT_USAGE


class BusinessError(CobranzaError):
    """The data is wrong: a person has to act, retrying is useless."""

    code = "COB-GEN-003"
    remedy = "Corrija el dato y vuelva a intentarlo."
    exit_code = EXIT_BUSINESS


class ApplicationError(CobranzaError):
    """Something outside failed: the engine may try again."""

    code = "COB-GEN-004"
    remedy = "Vuelva a intentarlo más tarde; si se repite, revise la conexión."
    exit_code = EXIT_OUTSIDE


class NeedsPerson(CobranzaError):
    """The work is sound and waits for a person's answer."""

    code = "COB-GEN-005"
    remedy = "Conteste la pregunta en la consola; el trabajo seguirá donde estaba."
    exit_code = EXIT_PERSON


_PRINTED = re.compile(r"(COB-[A-Z]+-\d+): (.*?) → (.*)", re.DOTALL)


def parse_printed(text: str) -> dict[str, str] | None:
    """Find a printed error in `text` (a log line, a Robot Framework message).

    Returns:
        Keys code, message, remedy; None when there is none.
    """
    found = _PRINTED.search(text)
    if found is None:
        return None
    return {"code": found[1], "message": found[2].strip(), "remedy": found[3].strip()}
