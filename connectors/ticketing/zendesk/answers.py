"""What Zendesk's refusals mean, in the port's errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from requests import RequestException
from zenpy.lib.exception import APIException, RecordNotFoundException, ZenpyException

from cobranza.disputes.ports import DeskError, DeskRefused, TicketClosed
from connectors.ticketing import words
from connectors.ticketing.errors import DeskLoginRefused
from connectors.ticketing.zendesk.session import LostAnswer

REQUESTER, SOURCE = "requester", "via_followup_source_id"


class Overtaken(DeskError):
    """The ticket changed after we looked; nothing was done."""


class BadField(DeskRefused):
    """The desk refuses something that a ticket can do without.

    Args:
        message: Its reason.
        field: `REQUESTER` (a strange address, a suspended user) or `SOURCE` (a ticket that is not closed or gone).
    """

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class OtherBody(DeskError):
    """The key was used before with another body."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn what zenpy raises into the port's errors."""
    try:
        yield
    except RecordNotFoundException as exc:
        raise DeskRefused("Zendesk no tiene ese ticket.") from exc
    except APIException as exc:
        raise _meant(exc) from exc
    except RequestException as exc:  # a status that zenpy could not read as JSON
        status = exc.response.status_code if exc.response is not None else 0
        if 400 <= status < 500:
            raise DeskRefused(f"Zendesk rechaza la petición ({status}).") from exc
        raise DeskError(f"Zendesk falla ({status or type(exc).__name__}).") from exc
    except (ZenpyException, ValueError, KeyError, AttributeError, TypeError) as exc:
        raise LostAnswer(f"Zendesk contesta algo que no se entiende ({type(exc).__name__}).") from exc


def _meant(exc: APIException) -> Exception:
    answer = exc.response
    status = answer.status_code if answer is not None else 0
    try:
        body = answer.json() if answer is not None else {}
    except ValueError:
        body = {}
    error = body.get("error", "") if isinstance(body, dict) else ""
    said = _details(body)
    if status in (401, 403):
        return DeskLoginRefused(f"Zendesk no acepta la clave ({status}).")
    if status == 409:
        return Overtaken(said) if error == "UpdateConflict" else DeskError(f"Zendesk está en ello: {said}")
    if error == "IdempotentRequestError":
        return OtherBody(said)
    if status == 422 and "closed prevents ticket update" in said:
        return TicketClosed("El ticket de Zendesk está cerrado.")
    fields = body.get("details") if isinstance(body, dict) else None
    for field in (REQUESTER, SOURCE):
        if status == 422 and isinstance(fields, dict) and field in fields:
            return BadField(f"Zendesk rechaza la petición ({status}): {said}", field)
    if 400 <= status < 500 and status != 408:
        return DeskRefused(f"Zendesk rechaza la petición ({status}): {said}")
    return DeskError(f"Zendesk falla ({status}).")


def _details(body: Any) -> str:
    """The vendor's reasons on one line, at most 500 characters."""
    if not isinstance(body, dict):
        return ""
    details = body.get("details")
    reasons = [
        str(one.get("description", ""))
        for group in (details.values() if isinstance(details, dict) else [])
        for one in (group if isinstance(group, list) else [])
        if isinstance(one, dict)
    ]
    text = "; ".join(reasons) or str(body.get("description") or body.get("error") or "")
    return words.line(text, 500)
