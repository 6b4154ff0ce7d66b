"""Zendesk behind the `TicketDesk` port, through zenpy over our own session.

What makes each writing happen once, whatever is lost and repeated:

- a ticket carries its key as external id, which is looked up before any creation (a list, never the search, which lags
  by minutes), and its creation carries the key as Idempotency-Key, which the desk remembers for two hours;
- a comment carries the mark of its key in the ticket's metadata. The ticket's audits are read before every writing,
  and the update says which state of the ticket it was decided on (`safe_update`), so that a writing of ours that
  arrives late is turned down or turns the later one down. The desk's stamps are whole seconds: two processes that
  write one key within the very second of the ticket's last change would both be let through, which the caller's
  lease of the work item excludes.

Source: the vendor's Support API 2.0.0 and the traps of zenpy 2.0.57 in this project's research.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from zenpy import Zenpy
from zenpy.lib.api_objects import Comment as ZenpyComment
from zenpy.lib.api_objects import Ticket as ZenpyTicket
from zenpy.lib.api_objects import User
from zenpy.lib.exception import APIException

from cobranza.disputes.ports import (
    Attachment,
    DeskError,
    DeskRefused,
    NewComment,
    NewTicket,
    Route,
    Ticket,
    TicketClosed,
)
from cobranza.kernel import clock
from cobranza.kernel.secrets import Secret
from connectors.ticketing import settings as common
from connectors.ticketing import words
from connectors.ticketing.errors import DeskLoginRefused
from connectors.ticketing.zendesk.answers import REQUESTER, SOURCE, BadField, OtherBody, Overtaken, translated
from connectors.ticketing.zendesk.events import read_event
from connectors.ticketing.zendesk.session import DeskSession, LostAnswer

_log = logging.getLogger(__name__)
logging.getLogger("zenpy").setLevel(logging.INFO)  # its debug lines carry what debtors wrote

_TEXT = 65_000  # characters of a comment; the desk takes 65,535
_SUBJECT = 150
_TAG = 60
_UPDATES = 4  # tries against people who change the ticket meanwhile
_EXPORT_PAGES = 8  # the desk lets us ask for ten a minute
_EXPORT_ROWS = 200
_MARK = "cobranza"
_Result = TypeVar("_Result")


class ZendeskDesk:
    """The `TicketDesk` port over one account of Zendesk. One thread at a time.

    Args:
        entry: Settings of the account: groups, forms, fields, limits.
        base: Its address.
        key: API token, or OAuth token when `entry` names no user.
        secret: Of its webhooks.
        session: The line; None makes one.
    """

    slug = "zendesk"

    def __init__(
        self, entry: Any, base: str, key: Secret, secret: Secret | None, session: DeskSession | None = None
    ) -> None:
        self._entry, self._base, self._secret = entry, base, secret
        limits: common.DeskLimits = entry.limites
        self._session = session or DeskSession(
            base,
            seconds=limits.espera_segundos,
            patience=limits.paciencia_segundos,
            tries=limits.reintentos,
        )
        self._client = _client(base, entry.usuario, key, self._session, limits.espera_segundos)

    # --- tickets

    def open(self, ticket: NewTicket, *, follows: str = "") -> Ticket:
        """See `TicketDesk.open`. The internal note is a comment of its own; a repeat adds it if it is missing."""
        found, fresh = self._by_key(ticket.key), False
        if found is None:
            found, fresh = self._opened(ticket, follows)
        note = self._note(ticket)
        if note:
            comment = NewComment(key=f"{ticket.key}:nota", ticket=str(found["id"]), text=note)
            try:
                self._say(comment, found, surely_new=fresh)
            except TicketClosed:
                _log.info("El ticket %s se cerró antes de tener su nota", found["id"])
        return self._ticket(found, ticket.key)

    def find(self, key: str) -> Ticket | None:
        """See `TicketDesk.find`."""
        found = self._by_key(key)
        return self._ticket(found, key) if found else None

    def comment(self, comment: NewComment) -> None:
        """See `TicketDesk.comment`."""
        self._say(comment, self._show(_number(comment.ticket)))

    def changed_since(self, cursor: str) -> tuple[Sequence[Ticket], str]:
        """See `TicketDesk.changed_since`. Asked directly: zenpy does not quote the cursor."""
        tickets: list[Ticket] = []
        since = int((clock.now() - timedelta(days=1)).timestamp())
        for _ in range(_EXPORT_PAGES):
            place = f"cursor={quote(cursor, safe='')}" if cursor else f"start_time={since}"
            page = self._export(f"{place}&per_page={_EXPORT_ROWS}")
            tickets += self._ours(page)
            cursor = page.get("after_cursor") or cursor
            if page.get("end_of_stream", True):
                break
        return tuple({one.id: one for one in tickets}.values()), cursor

    def event(self, headers: Mapping[str, str], raw: bytes) -> Ticket | None:
        """See `TicketDesk.event`. Deliveries come twice and disordered: `Ticket.updated` tells which is newer."""
        row = read_event(headers, raw, self._secret, timedelta(minutes=self._entry.limites.firma_minutos))
        key = words.key_of(row.get("external_id")) if row else None
        return self._ticket(row, key) if row and key is not None else None

    def problems(self, groups: Collection[str], forms: Collection[str]) -> list[str]:
        """See `InspectedDesk.problems`. An account without forms says so by 404: its plan has none."""
        entry = self._entry
        found = common.unmapped(entry.grupos, groups, "grupo", "grupos")
        found += common.unmapped(entry.formularios, forms, "formulario", "formularios")
        found += common.unknown(entry.grupos, self._ids(self._client.groups), "grupo", "grupos")
        if entry.formularios:
            try:
                there = self._ids(self._client.ticket_forms)
            except DeskRefused as exc:
                if exc.blocks_credential:
                    raise
                there = set()
            found += common.unknown(entry.formularios, there, "formulario", "formularios")
        found += common.unknown(entry.campos, self._ids(self._client.ticket_fields), "campo", "campos")
        return found

    # --- reading

    def _ids(self, listing: Callable[[], Any]) -> set[int]:
        """Ids of what the account has of a kind and has not switched off."""
        rows = self._asked(lambda: [_plain(one) for one in listing()])
        return {int(row["id"]) for row in rows if row.get("active") is not False and row.get("deleted") is not True}

    def _by_key(self, key: str) -> dict[str, Any] | None:
        """The oldest ticket with the key; the desk does not promise that there is only one."""
        wanted = words.external_id(key)
        listed = self._asked(lambda: list(self._client.tickets(external_id=quote(wanted, safe=""))))
        rows = [row for row in map(_plain, listed) if str(row.get("external_id") or "").lower() == wanted.lower()]
        if len(rows) > 1:
            _log.warning("Zendesk tiene %s tickets con la clave %s", len(rows), wanted)
        return min(rows, key=lambda row: int(row["id"])) if rows else None

    def _show(self, number: int) -> dict[str, Any]:
        return _plain(self._asked(lambda: self._client.tickets(id=number)))

    def _said(self, number: int, mark: str) -> bool:
        """Whether a comment with this mark is in the ticket."""

        def look() -> bool:
            for place, audit in enumerate(self._client.tickets.audits(ticket=number)):
                if place >= self._entry.limites.paginas * 100:
                    raise DeskError(f"El ticket {number} tiene demasiada historia para comprobarla entera.")
                custom = (_plain(audit).get("metadata") or {}).get("custom") or {}
                if custom.get(_MARK) == mark:
                    return True
            return False

        return self._asked(look)

    def _ours(self, page: Mapping[str, Any]) -> list[Ticket]:
        with translated():
            keyed = [(words.key_of(row.get("external_id")), row) for row in page["tickets"]]
            return [self._ticket(row, key) for key, row in keyed if key is not None and row["status"] != "deleted"]

    def _export(self, query: str) -> dict[str, Any]:
        address = f"{self._base}/api/v2/incremental/tickets/cursor.json?{query}"

        def ask() -> dict[str, Any]:
            answer = self._session.get(address)
            if not answer.ok:
                raise APIException(answer.text[:500], response=answer)
            page: dict[str, Any] = answer.json()
            return page

        return self._asked(ask)

    # --- writing

    def _opened(self, ticket: NewTicket, follows: str) -> tuple[dict[str, Any], bool]:
        """Open a ticket, without what the desk refuses of it and a ticket can do without; the text then says it.

        Returns:
            The ticket, and whether it was surely made by this very call.
        """
        without: set[str] = set()
        while True:
            try:
                return self._create(ticket, follows, frozenset(without))
            except BadField as exc:
                if exc.field in without:
                    raise
                _log.warning("Zendesk no admite «%s» del ticket %s; se abre sin ello", exc.field, ticket.key)
                without.add(exc.field)

    def _create(self, ticket: NewTicket, follows: str, without: frozenset[str]) -> tuple[dict[str, Any], bool]:
        tokens, left = self._upload(ticket.files)
        text = words.plain(ticket.text, _TEXT - 3000) or "(sin texto)"
        if REQUESTER in without:
            text = f"De: {words.line(f'{ticket.requester_name} <{ticket.requester}>', 300)}\n\n{text}"
        if SOURCE in without:
            text = f"Sigue al ticket {follows}.\n\n{text}"
        asked: dict[str, Any] = {
            "external_id": words.external_id(ticket.key),
            "subject": words.line(ticket.subject, _SUBJECT) or "(sin asunto)",
            "requester": User(email=ticket.requester, name=words.line(ticket.requester_name, 100) or ticket.requester),
            "priority": ticket.priority.value,
            "tags": words.tags(ticket.tags, _TAG),
            "metadata": {_MARK: words.mark(ticket.key)},
        }
        asked |= self._place(ticket.group, ticket.form, ticket.fields, ticket.due)
        if follows:
            asked[SOURCE] = _number(follows)
        asked["comment"] = ZenpyComment(
            body=text + words.left_out(left), public=REQUESTER not in without, uploads=tokens
        )
        order = ZenpyTicket(**{name: value for name, value in asked.items() if name not in without})
        try:
            with self._session.keyed(words.mark(":".join([ticket.key, *sorted(without)]))):
                audit = self._asked(partial(self._client.tickets.create, order))
        except LostAnswer:
            found = self._by_key(ticket.key)
            if found is None:
                raise
            return found, False
        except OtherBody as exc:  # an earlier try, with other upload tokens, is there or on its way
            found = self._by_key(ticket.key)
            if found is None:
                raise DeskError("Zendesk aún está abriendo este ticket.") from exc
            return found, False
        return _plain(audit.ticket), self._session.made

    def _say(self, comment: NewComment, ticket: dict[str, Any], *, surely_new: bool = False) -> None:
        """Add a comment unless it is there; `surely_new` spares reading the audits of a ticket made this moment."""
        number, mark = int(ticket["id"]), words.mark(comment.key)
        files: tuple[list[str], list[Attachment]] | None = None
        for turn in range(_UPDATES):
            if turn:
                ticket = self._show(number)
            if not (surely_new and turn == 0) and self._said(number, mark):
                return
            if ticket["status"] == "closed":
                raise TicketClosed(f"El ticket {number} de Zendesk está cerrado.")
            text = words.plain(comment.text, _TEXT - 3000) or "(sin texto)"
            author, before = self._author(comment, ticket)
            tokens, left = files = files or self._upload(comment.files)
            body = ZenpyComment(
                body=before + text + self._homeless(comment.route) + words.left_out(left),
                public=comment.public,
                uploads=tokens,
            )
            if author:
                body.author_id = author
            update = ZenpyTicket(
                id=number,
                comment=body,
                metadata={_MARK: mark},
                safe_update=True,
                updated_stamp=ticket["updated_at"],
                **self._moves(comment, ticket),
            )
            try:
                self._asked(partial(self._client.tickets.update, update))
                return
            except Overtaken:
                _log.info("El ticket %s cambió mientras se comentaba; se vuelve a mirar", number)
        raise DeskError(f"El ticket {number} de Zendesk cambia sin parar; se intentará después.")

    def _moves(self, comment: NewComment, ticket: Mapping[str, Any]) -> dict[str, Any]:
        """What of the ticket changes with a comment: the same update, so both happen or neither does."""
        asked: dict[str, Any] = {"status": comment.status} if comment.status else {}
        route = comment.route
        if route is None:
            return asked
        asked |= self._place(route.group, route.form, route.fields, route.due)
        tags = words.retagged(ticket.get("tags") or [], on=route.tags, off=route.untags, limit=_TAG)
        asked |= {"priority": route.priority.value} if route.priority is not None else {}
        return asked | {"tags": tags}

    def _place(self, group: str, form: str, fields: Mapping[str, str], due: datetime | None) -> dict[str, Any]:
        """Where a ticket belongs, by the numbers of the account."""
        entry = self._entry
        asked: dict[str, Any] = {}
        if group:
            asked["group_id"] = common.look_up(entry.grupos, group, "grupo")
        if form:
            asked["ticket_form_id"] = common.look_up(entry.formularios, form, "formulario")
        known = [(entry.campos[slug], value) for slug, value in fields.items() if slug in entry.campos]
        asked["custom_fields"] = [{"id": number, "value": words.line(value, 1000)} for number, value in known]
        if due is not None:
            asked |= {"type": "task", "due_at": _stamp(due)}  # only tasks keep a due date
        return asked

    def _homeless(self, route: Route | None) -> str:
        """The values that the account has no field for, as the end of a text."""
        lines = words.homeless(route.fields, self._entry.campos) if route is not None else ""
        return f"\n\n{lines}" if lines else ""

    def _author(self, comment: NewComment, ticket: dict[str, Any]) -> tuple[int | None, str]:
        """Who a comment is by: the requester as such; anybody else is named in the text."""
        if not comment.author:
            return None, ""
        number = ticket.get("requester_id")
        user = _plain(self._asked(lambda: self._client.users(id=number))) if number else {}
        if str(user.get("email") or "").lower() == comment.author.strip().lower():
            return int(user["id"]), ""
        return None, f"De: {words.line(comment.author, 200)}\n\n"

    def _upload(self, files: Sequence[Attachment]) -> tuple[list[str], list[Attachment]]:
        """Give the files to the desk: their tokens, and the files that it does not take.

        A token is good for one comment within the hour; unused ones expire.
        """
        limits: common.DeskLimits = self._entry.limites
        each = int(limits.fichero_maximo_mb * 1024 * 1024)
        taken, left = words.fitting(files, each=each, together=each * limits.ficheros, most=limits.ficheros)
        tokens = []
        for file in taken:
            try:
                tokens.append(self._asked(partial(self._send, file)))
            except DeskLoginRefused:
                raise
            except DeskRefused as exc:  # larger than the account's plan, a forbidden kind
                _log.warning("Zendesk no admite el fichero %s: %s", file.sha256, exc.message)
                left.append(file)
        return tokens, left

    def _send(self, file: Attachment) -> str:
        name = quote(words.file_name(file.name), safe="")
        kind = _media_type(file.media_type)
        upload = self._client.attachments.upload(io.BytesIO(file.content), target_name=name, content_type=kind)
        return str(upload.token)

    def _note(self, ticket: NewTicket) -> str:
        """The internal note, with the fields that the account has no place for."""
        lines = words.homeless(ticket.fields, self._entry.campos)
        return "\n\n".join(part for part in (ticket.note.strip(), lines) if part)

    def _ticket(self, row: Mapping[str, Any], key: str) -> Ticket:
        with translated():
            return Ticket(
                id=str(row["id"]),
                key=key,
                status=str(row["status"]).lower(),
                updated=datetime.fromisoformat(str(row["updated_at"])).astimezone(UTC),
                url=f"{self._base}/agent/tickets/{row['id']}",
            )

    def _asked(self, call: Callable[[], _Result]) -> _Result:
        with translated():
            return call()


def _client(base: str, user: str, key: Secret, session: DeskSession, seconds: float) -> Zenpy:
    """A zenpy that calls `base`, without a cache: it hands out the same object to everybody, 30 s old.

    zenpy puts "subdomain.domain" together again, so any host is given to it in two parts.
    """
    scheme, _, host = base.partition("://")
    subdomain, _, domain = host.partition(".")
    login = {"email": user, "token": key.reveal()} if user else {"oauth_token": key.reveal()}
    client = Zenpy(
        domain=domain,
        subdomain=subdomain,
        session=session,
        timeout=seconds,
        disable_cache=True,
        ratelimit_budget=None,
        **login,
    )
    apis = (client.tickets, client.users, client.attachments, client.groups, client.ticket_forms, client.ticket_fields)
    for api in apis:
        api.protocol = scheme
    return client


def _plain(found: Any) -> dict[str, Any]:
    """A zenpy object as the JSON that it was made from."""
    row: dict[str, Any] = json.loads(found.to_json())
    return row


def _number(ticket: str) -> int:
    """A ticket's id; raises `DeskRefused` for what can be none."""
    if not ticket.isascii() or not ticket.isdigit():
        raise DeskRefused(f"«{words.line(ticket, 60)}» no es un ticket de Zendesk.")
    return int(ticket)


def _media_type(text: str) -> str:
    kind = text.split(";")[0].strip().lower()
    return kind if kind.count("/") == 1 and kind.isascii() and " " not in kind else "application/octet-stream"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
