"""The admin endpoints of a double that answers, for whoever started it (tests and the demo only)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from cobranza.demo.doubles.admin import HEADER
from cobranza.kernel.errors import ApplicationError

if TYPE_CHECKING:
    import httpx

_SECONDS = 30


def _line() -> httpx.Client:
    import httpx  # a double itself calls nobody through here: only who started it pays for the import

    return httpx.Client(timeout=_SECONDS, trust_env=False)


@dataclass(frozen=True, slots=True)
class Control:
    """A double's address and its admin endpoints; a double's own class names them as methods.

    Attributes:
        url: Where it answers, without a slash at its end.
        token: Of its admin endpoints.
        pid: Of its process; ours when it runs on a thread.
        error: Raised when it does not answer, or refuses.
        what: Spanish, with its article, for that error: "El banco de pruebas".
    """

    url: str
    token: str
    pid: int = 0
    line: httpx.Client = field(default_factory=_line, repr=False, compare=False)
    error: ClassVar[type[ApplicationError]]
    what: ClassVar[str]

    def ask(self, path: str, /, **orders: Any) -> Any:
        """POST orders to an endpoint; what it answered."""
        return self.answer("POST", path, orders).json()

    def look(self, path: str) -> Any:
        """GET an endpoint; what it answered."""
        return self.answer("GET", path).json()

    def answer(self, method: str, path: str, orders: dict[str, Any] | None = None) -> httpx.Response:
        """Call an endpoint.

        Raises:
            ApplicationError: `error`: it refused, or did not answer.
        """
        import httpx

        try:
            answer = self.line.request(method, self.url + path, json=orders, headers={HEADER: self.token})
            answer.raise_for_status()
        except httpx.HTTPStatusError as exc:
            raise self.error(f"{self.what}: se rechaza {path}: {exc.response.text[:300]}") from exc
        except httpx.HTTPError as exc:
            raise self.error(f"{self.what}: no hay respuesta en {self.url}: {exc}.") from exc
        return answer


@dataclass(frozen=True, slots=True)
class Steered(Control):
    """A double with a store, faults and webhooks; see `cobranza.demo.doubles.admin.Steered`."""

    def truth(self) -> Any:
        """What it holds, and the ``fired`` faults."""
        return self.look("/__truth")

    def faults(self, **orders: Any) -> Any:
        """Order what goes wrong; see the double's ``faults``."""
        return self.ask("/__faults", **orders)

    def reset(self) -> Any:
        """As it was at first, and no faults."""
        return self.ask("/__reset")

    def advance(self, seconds: float) -> Any:
        """Let its clock jump forward."""
        return self.ask("/__clock", advance_seconds=seconds)

    def deliver(self, **orders: Any) -> Any:
        """Make the webhook calls that are due; see `cobranza.demo.doubles.hooks.due`."""
        return self.ask("/__deliver", **orders)
