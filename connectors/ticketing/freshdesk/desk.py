"""Freshdesk behind the `TicketDesk` port.

Its API has neither an idempotency key nor an external id of tickets, so "once" is made of what it has:

- our key lies in a text field of the ticket, and before any creation two lists are read: the search by that field,
  which lags by minutes, and the tickets that changed lately, which does not and covers the lag;
- a note carries a reference that is looked for among the conversations first; what changes with it is written before
  it, so the note is the sign that both were done, and what is written again meanwhile is the same;
- should two tickets of one key be there all the same (a creation that the desk finished after we had looked), the
  younger ones are merged into the oldest as soon as they are seen.

What this cannot give, unlike Zendesk: two processes that comment with one key at the same moment. The caller's lease
of the work item keeps them apart. Source: the vendor's "API reference v2".
"""

from __future__ import annotations

import hmac
import html
import json
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cobranza.disputes.ports import (
    Attachment,
    DeskError,
    DeskRefused,
    NewComment,
    NewTicket,
    Priority,
    Route,
    Ticket,
    TicketClosed,
)
from cobranza.kernel import clock
from cobranza.kernel.secrets import Secret
from connectors.ticketing import settings as common
from connectors.ticketing import words
from connectors.ticketing.errors import EventRefused
from connectors.ticketing.freshdesk.line import BadRequester, Files, Line, LostAnswer, Missing

_log = logging.getLogger(__name__)

_TEXT = 60_000
_SUBJECT = 200
_TAG = 32
_PAGE = 100
_MAX_EVENT = 1024 * 1024
_PRIORITY = {Priority.LOW: 1, Priority.NORMAL: 2, Priority.HIGH: 3, Priority.URGENT: 4}
_OPEN, _SOLVED, _CLOSED = 2, 4, 5
_STATUS = {2: "open", 3: "pending", 4: "solved", 5: "closed"}  # an account may add others: somebody works on them
_EMAIL = 1  # source of a ticket
_SOON = timedelta(minutes=2)  # the desk refuses a due date that has passed when it gets there


class FreshdeskDesk:
    """The `TicketDesk` port over one account of Freshdesk. One thread at a time.

    Args:
        entry: Settings of the account.
        base: Its address.
        key: API key.
        secret: That its automation rule sends along.
        line: None makes one.
    """

    slug = "freshdesk"

    def __init__(self, entry: Any, base: str, key: Secret, secret: Secret | None, line: Line | None = None) -> None:
        self._entry, self._base, self._secret = entry, base, secret
        limits: common.DeskLimits = entry.limites
        self._line = line or Line(
            base,
            key,
            seconds=limits.espera_segundos,
            patience=limits.paciencia_segundos,
            tries=limits.reintentos,
        )

    # --- tickets

    def open(self, ticket: NewTicket, *, follows: str = "") -> Ticket:
        """See `TicketDesk.open`. The internal note is a note of its own; it also names the ticket gone on from."""
        found, fresh = self._by_key(ticket.key), False
        if found is None:
            try:
                found, fresh = self._create(ticket)
            except BadRequester:
                _log.warning("Freshdesk no admite la dirección del solicitante de %s; va en el texto", ticket.key)
                found, fresh = self._create(ticket, refused=True)
        note = self._note(ticket, follows)
        if note and (fresh or found["status"] != _CLOSED):
            comment = NewComment(key=f"{ticket.key}:nota", ticket=str(found["id"]), text=note)
            self._say(comment, surely_new=fresh)
        return self._ticket(found, ticket.key)

    def find(self, key: str) -> Ticket | None:
        """See `TicketDesk.find`."""
        found = self._by_key(key)
        return self._ticket(found, key) if found else None

    def comment(self, comment: NewComment) -> None:
        """See `TicketDesk.comment`. What somebody else wrote is a note, so that it is not mailed to anybody."""
        ticket = self._show(comment.ticket)
        if self._said(comment):
            return
        if ticket["status"] == _CLOSED:
            raise TicketClosed(f"El ticket {comment.ticket} de Freshdesk está cerrado.")
        moves = self._moves(comment, ticket)
        if moves:
            self._line.send("PUT", f"tickets/{comment.ticket}", json=moves)
        self._say(comment, surely_new=True)

    def changed_since(self, cursor: str) -> tuple[Sequence[Ticket], str]:
        """See `TicketDesk.changed_since`. The cursor is the moment of the last change seen."""
        since, page = cursor or _stamp(clock.now() - timedelta(days=1)), 1
        tickets: dict[str, Ticket] = {}
        for _ in range(self._entry.limites.paginas):
            rows = self._list(since, "asc", page)
            for row in rows:
                key = self._key(row)
                if key is not None:
                    tickets[str(row["id"])] = self._ticket(row, key)
            if len(rows) < _PAGE:
                return tuple(tickets.values()), rows[-1]["updated_at"] if rows else since
            # Not the next page: a ticket that changes meanwhile would push another one off it unseen.
            last = rows[-1]["updated_at"]
            since, page = (last, 1) if last != since else (since, page + 1)
        return tuple(tickets.values()), since

    def event(self, headers: Mapping[str, str], raw: bytes) -> Ticket | None:
        """See `TicketDesk.event`. The call proves its sender, not its age or text: the ticket is read from the desk."""
        if self._secret is None:
            raise EventRefused(
                "Ha llegado un aviso de Freshdesk y no hay con qué comprobarlo.",
                remedy="Indique en config/ticketing.toml dónde está el secreto de sus avisos («firma»).",
            )
        wanted = self._entry.cabecera.lower()
        given = next((value for name, value in headers.items() if name.lower() == wanted), "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self._secret.reveal().encode()):
            raise EventRefused("Ha llegado un aviso de Freshdesk con un secreto que no vale.")
        try:
            if len(raw) > _MAX_EVENT:
                raise ValueError("too big")
            body = json.loads(raw)
            number = int((body.get("freshdesk_webhook") or body)["ticket_id"])
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise EventRefused("Ha llegado un aviso de Freshdesk que no se entiende.") from exc
        try:
            row = self._show(str(number))
        except Missing:
            return None
        key = self._key(row)
        return self._ticket(row, key) if key is not None else None

    def problems(self, groups: Collection[str], forms: Collection[str]) -> list[str]:
        """See `InspectedDesk.problems`; its forms are the types of tickets."""
        entry = self._entry
        found = common.unmapped(entry.grupos, groups, "grupo", "grupos")
        found += common.unmapped(entry.formularios, forms, "tipo", "formularios")
        there = {int(row["id"]) for row in self._line.get("groups", per_page=_PAGE)}
        found += common.unknown(entry.grupos, there, "grupo", "grupos")
        fields = {str(row["name"]): row for row in self._line.get("ticket_fields")}
        types = fields.get("ticket_type", {}).get("choices") or []
        found += common.unknown(entry.formularios, {str(one) for one in types}, "tipo", "formularios")
        named = {"": entry.campo_clave, **entry.campos}
        missing = {slug: name for slug, name in named.items() if name not in fields}
        return found + [
            f"La mesa no tiene ningún campo {name} ({f'campos.{slug}' if slug else 'campo_clave'})."
            for slug, name in missing.items()
        ]

    # --- reading

    def _by_key(self, key: str) -> dict[str, Any] | None:
        wanted = words.external_id(key)
        field = self._entry.campo_clave
        found = {row["id"]: row for row in self._lately() if row["custom_fields"].get(field) == wanted}
        answer = self._line.get("search/tickets", query=f"\"{field}:'{wanted}'\"")
        for row in answer["results"]:
            if row["custom_fields"].get(field) == wanted:
                found.setdefault(row["id"], row)
        if not found:
            return None
        oldest = found[min(found)]
        self._merge(oldest, [row for row in found.values() if row["id"] != oldest["id"]])
        return oldest

    def _merge(self, oldest: dict[str, Any], others: list[dict[str, Any]]) -> None:
        """Two creations of one key: keep the first; nothing that was said is lost by merging."""
        open_ = [row["id"] for row in others if row["status"] != _CLOSED]
        if not open_ or oldest["status"] == _CLOSED:
            return
        _log.warning("Freshdesk tenía %s tickets de una misma clave; se unen al %s", len(others) + 1, oldest["id"])
        note = {"body": "Ticket repetido por un corte de comunicación.", "private": True}
        body = {"primary_id": oldest["id"], "ticket_ids": open_, "note_in_primary": note, "note_in_secondary": note}
        self._line.send("PUT", "tickets/merge", json=body)

    def _lately(self) -> Iterator[dict[str, Any]]:
        """Tickets that changed within the search's lag, newest first.

        Raises:
            DeskError: more of them than we are ready to read, so that "none" could not be said.
        """
        since = _stamp(clock.now() - timedelta(minutes=self._entry.retraso_busqueda_minutos))
        for page in range(1, self._entry.limites.paginas + 1):
            rows = self._list(since, "desc", page)
            yield from rows
            if len(rows) < _PAGE:
                return
        raise DeskError("Freshdesk ha cambiado demasiados tickets en poco tiempo para comprobar si está el nuestro.")

    def _list(self, since: str, order: str, page: int) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._line.get(
            "tickets", updated_since=since, order_by="updated_at", order_type=order, per_page=_PAGE, page=page
        )
        return rows

    def _show(self, number: str) -> dict[str, Any]:
        if not number.isascii() or not number.isdigit():
            raise DeskRefused(f"«{words.line(number, 60)}» no es un ticket de Freshdesk.")
        row: dict[str, Any] = self._line.get(f"tickets/{number}")
        return row

    def _said(self, comment: NewComment) -> bool:
        """Whether a note with this key is in the ticket."""
        wanted = _reference(comment.key)
        for page in range(1, self._entry.limites.paginas + 1):
            rows = self._line.get(f"tickets/{comment.ticket}/conversations", per_page=_PAGE, page=page)
            if any(wanted in (row.get("body_text") or "") for row in rows):
                return True
            if len(rows) < _PAGE:
                return False
        raise DeskError(f"El ticket {comment.ticket} tiene demasiadas notas para comprobarlas todas.")

    def _key(self, row: Mapping[str, Any]) -> str | None:
        return words.key_of((row.get("custom_fields") or {}).get(self._entry.campo_clave))

    # --- writing

    def _create(self, ticket: NewTicket, *, refused: bool = False) -> tuple[dict[str, Any], bool]:
        """Open a ticket; of a contact without address when the desk has `refused` it, and the text names it then."""
        entry = self._entry
        taken, left = self._fitting(ticket.files)
        text = words.plain(ticket.text, _TEXT - 3000) or "(sin texto)"
        if refused:
            text = f"De: {words.line(f'{ticket.requester_name} <{ticket.requester}>', 300)}\n\n{text}"
        asked: dict[str, Any] = {
            "subject": words.line(ticket.subject, _SUBJECT) or "(sin asunto)",
            "description": _html(text + words.left_out(left)),
            "email": ticket.requester,
            "name": words.line(ticket.requester_name, 100) or ticket.requester,
            "priority": _PRIORITY[ticket.priority],
            "status": _OPEN,
            "source": _EMAIL,
            "tags": words.tags(ticket.tags, _TAG),
        }
        asked |= self._place(ticket.group, ticket.form, ticket.fields, ticket.due)
        asked["custom_fields"][entry.campo_clave] = words.external_id(ticket.key)
        if refused:
            asked["unique_external_id"] = words.mark(asked.pop("email").lower())
        try:
            row: dict[str, Any] = self._line.send("POST", "tickets", json=asked, form=_form(asked), files=_files(taken))
        except LostAnswer:
            found = self._by_key(ticket.key)
            if found is None:
                raise
            return found, False
        return row, True

    def _moves(self, comment: NewComment, ticket: Mapping[str, Any]) -> dict[str, Any]:
        """What of the ticket changes with a comment."""
        asked: dict[str, Any] = {"status": _SOLVED if comment.status == "solved" else _OPEN} if comment.status else {}
        route = comment.route
        if route is None:
            return asked
        asked |= self._place(route.group, route.form, route.fields, route.due)
        tags = words.retagged(ticket.get("tags") or [], on=route.tags, off=route.untags, limit=_TAG)
        asked |= {"priority": _PRIORITY[route.priority]} if route.priority is not None else {}
        return asked | {"tags": tags}

    def _place(self, group: str, form: str, fields: Mapping[str, str], due: datetime | None) -> dict[str, Any]:
        """Where a ticket belongs, as the account calls it."""
        entry = self._entry
        asked: dict[str, Any] = {
            "custom_fields": {entry.campos[s]: words.line(v, 255) for s, v in fields.items() if s in entry.campos},
        }
        if group:
            asked["group_id"] = common.look_up(entry.grupos, group, "grupo")
        if form:
            asked["type"] = common.look_up(entry.formularios, form, "formulario")
        now = clock.now()
        if due is not None and due > now + _SOON:
            asked |= {"due_by": _stamp(due), "fr_due_by": _stamp(now + (due - now) / 2)}
        return asked

    def _say(self, comment: NewComment, *, surely_new: bool) -> None:
        if not surely_new and self._said(comment):
            return
        taken, left = self._fitting(comment.files)
        before = f"De: {words.line(comment.author, 200)}\n\n" if comment.author else ""
        text = before + (words.plain(comment.text, _TEXT - 3000) or "(sin texto)") + self._homeless(comment.route)
        text += words.left_out(left)
        asked: dict[str, Any] = {"body": _html(f"{text}\n\n{_reference(comment.key)}")}
        reply = comment.public and not comment.author
        if not reply:
            asked |= {"private": not comment.public, "incoming": bool(comment.author)}
        path = f"tickets/{comment.ticket}/{'reply' if reply else 'notes'}"
        self._line.send("POST", path, json=asked, form=_form(asked), files=_files(taken))

    def _fitting(self, files: Sequence[Attachment]) -> tuple[list[Attachment], list[Attachment]]:
        """Freshdesk counts the files of one ticket or note together."""
        limits: common.DeskLimits = self._entry.limites
        size = int(limits.fichero_maximo_mb * 1024 * 1024)
        return words.fitting(files, each=size, together=size, most=limits.ficheros)

    def _homeless(self, route: Route | None) -> str:
        lines = words.homeless(route.fields, self._entry.campos) if route is not None else ""
        return f"\n\n{lines}" if lines else ""

    def _note(self, ticket: NewTicket, follows: str) -> str:
        lines = words.homeless(ticket.fields, self._entry.campos).splitlines()
        if follows:
            lines.insert(0, f"Sigue al ticket {follows}, que está cerrado.")
        if ticket.due is not None and ticket.due <= clock.now() + _SOON:
            lines.append(f"Venció: {_stamp(ticket.due)}.")
        return "\n\n".join(part for part in (ticket.note.strip(), "\n".join(lines)) if part)

    def _ticket(self, row: Mapping[str, Any], key: str) -> Ticket:
        return Ticket(
            id=str(row["id"]),
            key=key,
            status=_STATUS.get(row["status"], "open"),
            updated=datetime.fromisoformat(str(row["updated_at"])).astimezone(UTC),
            url=f"{self._base}/a/tickets/{row['id']}",
        )


def _reference(key: str) -> str:
    return f"[Ref. {words.mark(key)}]"


def _html(text: str) -> str:
    """Freshdesk takes HTML only: all of the text is escaped."""
    return html.escape(text).replace("\n", "<br>")


def _files(files: Sequence[Attachment]) -> Files:
    return [
        ("attachments[]", (words.file_name(file.name), file.content, file.media_type or "application/octet-stream"))
        for file in files
    ]


def _form(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The same order as the fields of a multipart form, which is what carries files."""
    form: dict[str, Any] = {}
    for name, value in asked.items():
        if isinstance(value, Mapping):
            form |= {f"{name}[{inner}]": str(one) for inner, one in value.items()}
        elif isinstance(value, list):
            form[f"{name}[]"] = [str(one) for one in value]
        else:
            form[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return form


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
