"""Zendesk's Support API as far as a connector of tickets needs it.

Source: the vendor's "Support API 2.0.0" description and its pages on idempotency, incremental exports, attachments and
webhooks, as collected in the research of this project. Guesses are marked as such.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cobranza.demo.tickets.faults import Faults
from cobranza.demo.tickets.hooks import Hooks
from cobranza.demo.tickets.store import Row, Store, moment, stamp

USER, TOKEN = "robot@cobranza.example", "testigo-de-prueba"
GROUPS = {
    360000000001: "Atención al cliente",
    360000000002: "Calidad",
    360000000003: "Cobros",
    360000000004: "Comercial",
    360000000005: "Facturación",
    360000000006: "Legal",
    360000000007: "Logística",
    360000000008: "Posventa",
    360000000009: "Protección de datos",
    360000000010: "Tesorería",
}
FORMS = {
    370000000001: "Disputa de factura",
    370000000002: "Asunto legal",
    370000000003: "Pago",
    370000000004: "Petición",
    370000000005: "Datos personales",
    370000000006: "Queja",
    370000000007: "Verificación",
}
FIELDS = {
    380000000001: "Categoría",
    380000000002: "Confianza",
    380000000003: "Facturas",
    380000000004: "Importe en disputa",
    380000000005: "Deudor",
    380000000006: "País",
}
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_KEY_HOURS = 2
_UPLOAD_MINUTES = 60
_MAX_COMMENT = 65_535  # characters
_MAX_COMMENTS = 5_000
_MAX_SUBJECT = 255  # guess
_MAX_FILE = 50 * 1024 * 1024
_PRIORITIES = ("urgent", "high", "normal", "low")
_STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
_TYPES = ("problem", "incident", "question", "task")
_PLAIN = ("priority", "status", "subject", "type", "external_id", "group_id", "ticket_form_id", "assignee_id")


class Refusal(Exception):
    """What the desk answers instead of doing it."""

    def __init__(self, status: int, error: str, description: str, details: Row | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.body: Row = {"error": error, "description": description} | ({"details": details} if details else {})


def invalid(field: str, description: str, error: str = "InvalidValue") -> Refusal:
    """A 422 about one field, as the vendor words it."""
    details = {field: [{"description": description, "error": error}]}
    return Refusal(422, "RecordInvalid", "Record validation errors", details)


class Zendesk:
    """The face: routes over a store."""

    kind = "zendesk"

    def __init__(self, store: Store, faults: Faults, hooks: Hooks, user: str = USER, token: str = TOKEN) -> None:
        self.store, self.faults, self.hooks = store, faults, hooks
        self._login = "Basic " + base64.b64encode(f"{user}/token:{token}".encode()).decode()
        self.reset()

    def reset(self) -> None:
        """Make the robot's own user, when there is none."""
        with self.store.change():
            if not self.store.all("user"):
                self._user({"name": "Robot", "email": USER, "role": "agent"})

    def routes(self) -> list[Route]:
        """What answers under /api/v2, without the suffix ``.json`` (the weather takes it off)."""
        calls = {
            ("GET", "/tickets"): self.list_tickets,
            ("POST", "/tickets"): self.create_ticket,
            ("GET", "/tickets/{id:int}"): self.show_ticket,
            ("PUT", "/tickets/{id:int}"): self.update_ticket,
            ("GET", "/tickets/{id:int}/audits"): self.list_audits,
            ("GET", "/tickets/{id:int}/comments"): self.list_comments,
            ("POST", "/uploads"): self.upload,
            ("DELETE", "/uploads/{token}"): self.delete_upload,
            ("GET", "/incremental/tickets/cursor"): self.export,
            ("GET", "/search"): self.search,
            ("GET", "/groups"): self.list_groups,
            ("GET", "/ticket_fields"): self.list_fields,
            ("GET", "/ticket_forms"): self.list_forms,
            ("GET", "/users/me"): self.me,
            ("GET", "/users/search"): self.search_users,
            ("POST", "/users/create_or_update"): self.upsert_user,
            ("GET", "/users/{id:int}"): self.show_user,
        }
        return [
            Route("/api/v2" + path, self._endpoint(call), methods=[method]) for (method, path), call in calls.items()
        ]

    def _endpoint(self, call: Any) -> Any:
        async def endpoint(request: Request) -> Response:
            if not secrets.compare_digest(request.headers.get("Authorization", ""), self._login):
                return JSONResponse({"error": "Couldn't authenticate you"}, 401)
            try:
                raw = await request.body()
                with self.store.change():
                    answer: Response = call(request, raw)
                return answer
            except Refusal as refusal:
                return JSONResponse(refusal.body, refusal.status)

        return endpoint

    # --- tickets

    def create_ticket(self, request: Request, raw: bytes) -> Response:
        """POST /tickets, once per Idempotency-Key for two hours."""
        key = request.headers.get("Idempotency-Key", "")
        digest = hashlib.sha256(raw).hexdigest()
        known = self.store.get("key", key) if key else None
        if known and moment(known["at"]) > self.store.now() - timedelta(hours=_KEY_HOURS):
            if known["digest"] != digest:
                text = "Request parameters don't match the given idempotency key"
                raise Refusal(400, "IdempotentRequestError", text)
            headers = {"Location": known["location"], "X-Idempotency-Lookup": "hit"}
            return JSONResponse(known["answer"], 201, headers)
        given = _given(raw, "ticket")
        ticket, audit = self._create(given)
        answer = {"ticket": self._shown(ticket, request), "audit": audit}
        location = answer["ticket"]["url"]
        headers = {"Location": location}
        if key:
            headers["X-Idempotency-Lookup"] = "miss"
            row = {"digest": digest, "answer": answer, "location": location, "at": stamp(self.store.now())}
            self.store.put("key", key, row)
        return JSONResponse(answer, 201, headers)

    def _create(self, given: Row) -> tuple[Row, Row]:
        comment = given.get("comment") or {}
        self._check(given)
        if not (comment.get("body") or comment.get("html_body")):
            raise invalid("base", "Description: cannot be blank", "BlankValue")
        requester = self._requester(given)
        source = given.get("via_followup_source_id")
        if source is not None:
            before = self.store.get("ticket", source)
            if before is None or before["status"] != "closed":
                raise invalid("via_followup_source_id", "Via followup source is not a closed ticket")
        now = stamp(self.store.now())
        number = self.store.number("ticket")
        ticket: Row = {
            "id": number,
            "created_at": now,
            "updated_at": now,
            "status": given.get("status", "new"),
            "subject": given.get("subject") or str(comment.get("body", ""))[:80],
            "description": comment.get("body", ""),
            "requester_id": requester["id"],
            "submitter_id": given.get("submitter_id", self._robot()["id"]),
            "tags": [],
            "custom_fields": [{"id": field, "value": None} for field in FIELDS],
            "followup_ids": [],
            "via": {"channel": "api", "source": {"from": {}, "to": {}, "rel": "follow_up" if source else None}},
        }
        if source is not None:
            ticket["via_followup_source_id"] = source
            before = self.store.get("ticket", source) or {}
            self.store.put("ticket", source, before | {"followup_ids": [*before["followup_ids"], number]})
        self._apply(ticket, given)
        self.store.put("ticket", number, ticket)
        author = comment.get("author_id") or ticket["submitter_id"]
        audit = self._audit(ticket, given, author, [{"type": "Create", "field_name": "status", "value": "new"}])
        self._settle(ticket)
        return ticket, audit

    def update_ticket(self, request: Request, raw: bytes) -> Response:
        """PUT /tickets/{id}: never of a closed one; with ``safe_update`` only if nobody was quicker."""
        ticket = self._found(request)
        given = _given(raw, "ticket")
        if ticket["status"] == "closed":
            raise invalid("status", "Status: closed prevents ticket update", "InvalidValue")
        if "safe_update" in given and given.get("updated_stamp") != ticket["updated_at"]:  # false counts as true
            text = "Safe Update prevented the update due to outdated ticket data"
            raise Refusal(409, "UpdateConflict", text)
        self._check(given)
        before = dict(ticket)
        changed = {**ticket, "updated_at": stamp(self.store.now())}
        self._apply(changed, given)
        author = (given.get("comment") or {}).get("author_id") or self._robot()["id"]
        events = [
            {"type": "Change", "field_name": name, "value": changed.get(name), "previous_value": before.get(name)}
            for name in (*_PLAIN, "tags", "due_at")
            if changed.get(name) != before.get(name)
        ]
        audit = self._audit(changed, given, author, events)
        self.store.put("ticket", ticket["id"], changed)
        self._settle(changed, before)
        return JSONResponse({"ticket": self._shown(changed, request), "audit": audit})

    def show_ticket(self, request: Request, _: bytes) -> Response:
        """GET /tickets/{id}."""
        return JSONResponse({"ticket": self._shown(self._found(request), request)})

    def list_tickets(self, request: Request, _: bytes) -> Response:
        """GET /tickets, all or those of an ``external_id`` (any case); closed ones too."""
        wanted = request.query_params.get("external_id")
        since = stamp(self.store.now() - timedelta(seconds=self.faults.number("listing_lag")))
        rows = [row for row in self.store.all("ticket") if row["created_at"] <= since]
        if wanted is not None:
            rows = [row for row in rows if str(row.get("external_id") or "").lower() == wanted.lower()]
        return self._page(request, "tickets", [self._shown(row, request) for row in rows])

    def list_audits(self, request: Request, _: bytes) -> Response:
        """GET /tickets/{id}/audits, oldest first."""
        return self._page(request, "audits", self._of(request, "audit"))

    def list_comments(self, request: Request, _: bytes) -> Response:
        """GET /tickets/{id}/comments, oldest first."""
        return self._page(request, "comments", self._of(request, "comment"))

    def export(self, request: Request, _: bytes) -> Response:
        """GET /incremental/tickets/cursor: by change, may repeat the last of the page before."""
        cursor, since = request.query_params.get("cursor"), request.query_params.get("start_time")
        if cursor:
            place = base64.urlsafe_b64decode(cursor.encode()).decode().rsplit("|", 1)
            start, last = place[0], int(place[1])
        elif since is not None and int(since) <= self.store.now().timestamp() - 60:
            start, last = stamp(moment("1970-01-01T00:00:00+00:00") + timedelta(seconds=int(since))), 0
        else:
            raise Refusal(400, "InvalidValue", "Too recent start_time. Use a start_time older than 1 minute")
        size = min(int(request.query_params.get("per_page", 1000)), 1000)
        rows = sorted(self.store.all("ticket"), key=lambda row: (row["updated_at"], row["id"]))
        rows = [row for row in rows if (row["updated_at"], row["id"]) >= (start, last)]
        page, rest = rows[:size], rows[size:]
        end: Row = page[-1] if page else {"updated_at": start, "id": last}
        after = base64.urlsafe_b64encode(f"{end['updated_at']}|{end['id'] + int(bool(rest))}".encode()).decode()
        return JSONResponse(
            {
                "tickets": [self._shown(row, request) for row in page],
                "after_cursor": after,
                "after_url": self._address(request, {"cursor": after, "per_page": size}),
                "before_cursor": None,
                "before_url": None,
                "end_of_stream": not rest,
            }
        )

    def search(self, request: Request, _: bytes) -> Response:
        """GET /search: every word somewhere in the ticket, minutes late; ``external_id:x`` as well."""
        words = [word for word in request.query_params.get("query", "").lower().split() if word != "type:ticket"]
        until = stamp(self.store.now() - timedelta(seconds=self.faults.number("search_lag")))
        found = []
        for row in self.store.all("ticket"):
            text = json.dumps(row, ensure_ascii=False).lower()
            if row["updated_at"] <= until and all(word.rpartition(":")[2] in text for word in words):
                found.append({**self._shown(row, request), "result_type": "ticket"})
        return self._page(request, "results", found)

    # --- files

    def upload(self, request: Request, raw: bytes) -> Response:
        """POST /uploads?filename=…[&token=…]: the bytes, to be named once by a comment within the hour."""
        name = request.query_params.get("filename", "")
        if not name:
            raise Refusal(400, "AttachmentUnprocessable", "filename is required")
        if len(raw) > _MAX_FILE:
            raise Refusal(413, "AttachmentTooLarge", "Attachment is too large")
        token = request.query_params.get("token") or secrets.token_urlsafe(24)
        row = self.store.get("upload", token) or {"token": token, "files": [], "at": stamp(self.store.now())}
        number = self.store.number("attachment", 500)
        file = {
            "id": number,
            "file_name": name,
            "content_type": request.headers.get("Content-Type", "application/octet-stream"),
            "content_url": f"{_base(request)}/attachments/token/{number}/?name={number}",
            "size": len(raw),
            "inline": False,
            "deleted": False,
        }
        digest = {"sha256": hashlib.sha256(raw).hexdigest()}
        self.store.put("upload", token, row | {"files": [*row["files"], file | digest]})
        answer = {"token": token, "attachment": file, "attachments": [*map(_public, row["files"]), file]}
        return JSONResponse({"upload": answer}, 201)

    def delete_upload(self, request: Request, _: bytes) -> Response:
        """DELETE /uploads/{token}."""
        self.store.drop("upload", request.path_params["token"])
        return Response(status_code=204)

    # --- users, groups, fields

    def me(self, request: Request, _: bytes) -> Response:
        """GET /users/me: who the token belongs to."""
        return JSONResponse({"user": self._robot()})

    def show_user(self, request: Request, _: bytes) -> Response:
        """GET /users/{id}."""
        user = self.store.get("user", request.path_params["id"])
        if user is None:
            raise Refusal(404, "RecordNotFound", "Not found")
        return JSONResponse({"user": user})

    def search_users(self, request: Request, _: bytes) -> Response:
        """GET /users/search: by external id or a text, minutes late like all searching."""
        until = stamp(self.store.now() - timedelta(seconds=self.faults.number("search_lag")))
        text = request.query_params.get("query", "").lower().removeprefix("email:").strip('"')
        wanted = request.query_params.get("external_id", "").lower()
        found = [
            user
            for user in self.store.all("user")
            if user["created_at"] <= until
            and (not text or text in user["email"] or text in user["name"].lower())
            and (not wanted or wanted == str(user.get("external_id") or "").lower())
        ]
        return self._page(request, "users", found)

    def upsert_user(self, request: Request, raw: bytes) -> Response:
        """POST /users/create_or_update, by e-mail (any case) or external id."""
        given = _given(raw, "user")
        before = len(self.store.all("user"))
        user = self._user(given)
        return JSONResponse({"user": user}, 201 if len(self.store.all("user")) > before else 200)

    def list_groups(self, request: Request, _: bytes) -> Response:
        """GET /groups."""
        return self._page(request, "groups", [_named(request, "groups", id_, name) for id_, name in GROUPS.items()])

    def list_fields(self, request: Request, _: bytes) -> Response:
        """GET /ticket_fields: the custom ones."""
        rows = [
            {"id": id_, "title": name, "type": "text", "active": True, "url": f"{_base(request)}/ticket_fields/{id_}"}
            for id_, name in FIELDS.items()
        ]
        return self._page(request, "ticket_fields", rows)

    def list_forms(self, request: Request, _: bytes) -> Response:
        """GET /ticket_forms."""
        return self._page(request, "ticket_forms", [_named(request, "forms", id_, name) for id_, name in FORMS.items()])

    # --- what people do, and what all of it is built from

    def staff(self, number: int, orders: Row) -> Row:
        """Change a ticket as an agent does on the screen: `status`, `comment`, `public`, `tags`."""
        ticket = self.store.get("ticket", number)
        if ticket is None:
            raise Refusal(404, "RecordNotFound", "Not found")
        before = dict(ticket)
        given: Row = {name: orders[name] for name in ("status", "priority", "tags", "group_id") if name in orders}
        if "comment" in orders:
            given["comment"] = {"body": orders["comment"], "public": bool(orders.get("public", True))}
        changed = {**ticket, "updated_at": stamp(self.store.now())}
        self._apply(changed, given)
        self._audit(changed, given, self._robot()["id"], [])
        self.store.put("ticket", number, changed)
        self._settle(changed, before)
        return changed

    def _check(self, given: Row) -> None:
        for name, allowed in (("priority", _PRIORITIES), ("status", _STATUSES), ("type", _TYPES)):
            if name in given and given[name] not in allowed:
                raise invalid(name, f"{name.capitalize()}: {given[name]} is not valid")
        if given.get("group_id") is not None and given["group_id"] not in GROUPS:
            raise invalid("group", "Group is invalid")
        if given.get("ticket_form_id") is not None and given["ticket_form_id"] not in FORMS:
            raise invalid("ticket_form_id", "Ticket form is invalid")
        if len(str(given.get("subject") or "")) > _MAX_SUBJECT:
            raise invalid("subject", "Subject: is too long")
        comment = given.get("comment") or {}
        for name in ("body", "html_body"):
            if len(str(comment.get(name) or "")) > _MAX_COMMENT:
                raise invalid("comment", "Comment is too long (maximum is 65535 characters)")
        for token in comment.get("uploads") or []:
            upload = self.store.get("upload", token)
            late = self.store.now() - timedelta(minutes=_UPLOAD_MINUTES)
            if upload is None or moment(upload["at"]) < late:
                raise invalid("uploads", "Upload token is invalid or has expired")
        if comment.get("author_id") is not None and self.store.get("user", comment["author_id"]) is None:
            raise invalid("author", "Author is invalid")

    def _apply(self, ticket: Row, given: Row) -> None:
        for name in _PLAIN:
            if name in given:
                ticket[name] = given[name]
        if "tags" in given:
            ticket["tags"] = sorted({str(tag).lower().replace(" ", "_") for tag in given["tags"]})
        values = {field["id"]: field.get("value") for field in given.get("custom_fields") or []}
        ticket["custom_fields"] = [  # fields that do not exist are dropped without a word
            field | {"value": values.get(field["id"], field["value"])} for field in ticket["custom_fields"]
        ]
        if "due_at" in given:
            ticket["due_at"] = given["due_at"]
        if ticket.get("type") != "task":
            ticket["due_at"] = None  # only tasks have a due date

    def _audit(self, ticket: Row, given: Row, author: int, events: list[Row]) -> Row:
        comment = given.get("comment") or {}
        number, now = self.store.number("audit", 9000), stamp(self.store.now())
        if comment.get("body") or comment.get("html_body"):
            if len([row for row in self.store.all("comment") if row["ticket_id"] == ticket["id"]]) >= _MAX_COMMENTS:
                raise invalid("base", "Ticket has too many comments")
            files = []
            for token in comment.get("uploads") or []:
                files += (self.store.get("upload", token) or {"files": []})["files"]
                self.store.drop("upload", token)  # used up
            body = comment.get("body") or comment.get("html_body")
            row = {
                "id": number + 1_000_000,
                "type": "Comment",
                "ticket_id": ticket["id"],
                "audit_id": number,
                "author_id": author,
                "body": body,
                "plain_body": body,
                "public": bool(comment.get("public", True)),
                "attachments": files,
                "created_at": now,
            }
            self.store.put("comment", row["id"], row)
            events = [{**row, "attachments": [_public(file) for file in files]}, *events]
        audit = {
            "id": number,
            "ticket_id": ticket["id"],
            "author_id": author,
            "created_at": now,
            "metadata": {"system": {"client": "demo"}, "custom": given.get("metadata") or {}},
            "events": [{"id": number * 100 + place} | event for place, event in enumerate(events)],
            "via": {"channel": "api", "source": {"from": {}, "to": {}}},
        }
        return self.store.put("audit", number, audit)

    def _settle(self, ticket: Row, before: Row | None = None) -> None:
        """Tell the webhooks."""
        if before is None:
            self.hooks.queue(_event(ticket, "ticket_created", {}))
        elif before["status"] != ticket["status"]:
            change = {"current": ticket["status"].upper(), "previous": before["status"].upper()}
            self.hooks.queue(_event(ticket, "ticket.status_changed", change))
        else:
            self.hooks.queue(_event(ticket, "ticket.comment_added", {}))

    def _requester(self, given: Row) -> Row:
        if given.get("requester_id") is not None:
            user = self.store.get("user", given["requester_id"])
            if user is None:
                raise invalid("requester", "Requester: is invalid")
            return user
        asked = given.get("requester")
        if asked is None:
            return self._robot()
        if not _ADDRESS.fullmatch(str(asked.get("email", ""))):
            raise invalid("requester", f"Requester: Email: {asked.get('email')} is not properly formatted")
        return self._user(asked)

    def _user(self, given: Row) -> Row:
        email = str(given.get("email", "")).lower()
        mark = str(given.get("external_id") or "").lower()
        for user in self.store.all("user"):
            if (email and user["email"] == email) or (mark and str(user.get("external_id") or "").lower() == mark):
                return user
        now = stamp(self.store.now())
        number = self.store.number("user", 700)
        row = {
            "id": number,
            "name": given.get("name") or email,
            "email": email,
            "role": given.get("role", "end-user"),
            "external_id": given.get("external_id"),
            "active": True,
            "suspended": False,
            "created_at": now,
            "updated_at": now,
        }
        return self.store.put("user", number, row)

    def _robot(self) -> Row:
        return self.store.all("user")[0]

    def _found(self, request: Request) -> Row:
        ticket = self.store.get("ticket", request.path_params["id"])
        if ticket is None:
            raise Refusal(404, "RecordNotFound", "Not found")
        return ticket

    def _of(self, request: Request, kind: str) -> list[Row]:
        ticket = self._found(request)
        return [row for row in self.store.all(kind) if row["ticket_id"] == ticket["id"]]

    def _shown(self, ticket: Row, request: Request) -> Row:
        shown = {name: value for name, value in ticket.items() if value is not None or name == "due_at"}
        fields = [field for field in ticket["custom_fields"] if field["value"] is not None]
        return shown | {"url": f"{_base(request)}/api/v2/tickets/{ticket['id']}.json", "custom_fields": fields}

    def _address(self, request: Request, parameters: dict[str, Any]) -> str:
        base = "https://elsewhere.invalid" if self.faults.on("foreign_cursor") else _base(request)
        return f"{base}{request.url.path}.json?{urlencode(parameters)}"

    def _page(self, request: Request, name: str, rows: list[Row]) -> Response:
        """A page by cursor when ``page[size]`` is asked for, else by offset, 100 rows at most."""
        asked = request.query_params
        if "page[size]" not in asked:
            size, number = min(int(asked.get("per_page", 100)), 100), int(asked.get("page", 1))
            start = (number - 1) * size
            more = len(rows) > start + size
            following = self._address(request, dict(asked) | {"page": number + 1, "per_page": size}) if more else None
            counted = {"count": len(rows), "next_page": following, "previous_page": None}
            return JSONResponse({name: rows[start : start + size]} | counted)
        size, start = min(int(asked["page[size]"]), 100), int(asked.get("page[after]", 0))
        more = len(rows) > start + size
        page = {"page[size]": size, "page[after]": start + size}
        kept = {key: value for key, value in asked.items() if not key.startswith("page[")}
        meta = {"has_more": more, "after_cursor": str(start + size), "before_cursor": None}
        links = {"next": self._address(request, kept | page) if more else None, "prev": None}
        return JSONResponse({name: rows[start : start + size], "meta": meta, "links": links})


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _given(raw: bytes, name: str) -> Row:
    try:
        found = json.loads(raw)[name]
    except (ValueError, KeyError, TypeError) as exc:
        raise Refusal(400, "InvalidRequest", f"A JSON object with {name} was expected") from exc
    if not isinstance(found, dict):
        raise Refusal(400, "InvalidRequest", f"{name} has to be an object")
    return found


def _public(file: Row) -> Row:
    return {name: value for name, value in file.items() if name != "sha256"}


def _named(request: Request, path: str, id_: int, name: str) -> Row:
    return {"id": id_, "name": name, "url": f"{_base(request)}/{path}/{id_}", "deleted": False}


def _event(ticket: Row, kind: str, event: Row) -> Row:
    """A webhook's body. Source: the vendor's page "Ticket events"; ids are texts and statuses in capitals there."""
    detail = {
        "id": str(ticket["id"]),
        "external_id": ticket.get("external_id"),
        "status": ticket["status"].upper(),
        "subject": ticket["subject"],
        "priority": (ticket.get("priority") or "").upper() or None,
        "requester_id": str(ticket["requester_id"]),
        "group_id": str(ticket.get("group_id") or "") or None,
        "tags": ticket["tags"],
        "created_at": ticket["created_at"],
        "updated_at": ticket["updated_at"],
        "via": {"channel": "api"},
    }
    return {
        "account_id": 12345,
        "type": f"zen:event-type:{kind}",
        "subject": f"zen:ticket:{ticket['id']}",
        "time": ticket["updated_at"],
        "zendesk_event_version": "2022-11-06",
        "detail": detail,
        "event": event,
    }
