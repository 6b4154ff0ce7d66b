"""Zendesk's Support API as far as a connector of tickets needs it.

Source: the vendor's "Support API 2.0.0" description and its pages on idempotency, incremental exports, attachments and
webhooks, as collected in the research of this project. Guesses are marked as such.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cobranza.demo.doubles.store import Row, Store, moment, stamp
from cobranza.demo.tickets.faults import Faults
from cobranza.demo.tickets.hooks import Hooks
from cobranza.demo.tickets.zendesk_rules import FIELDS, FORMS, GROUPS, PLAIN, Refusal, Rules, invalid, public

USER, TOKEN = "robot@cobranza.example", "testigo-de-prueba"
_KEY_HOURS = 2
_MAX_FILE = 50 * 1024 * 1024


class Zendesk:
    """The face: routes over a store."""

    kind = "zendesk"

    def __init__(self, store: Store, faults: Faults, hooks: Hooks, user: str = USER, token: str = TOKEN) -> None:
        self.store, self.faults = store, faults
        self.rules = Rules(store, hooks)
        self._login = "Basic " + base64.b64encode(f"{user}/token:{token}".encode()).decode()
        self.reset()

    def reset(self) -> None:
        """Make the robot's own user, when there is none."""
        with self.store.change():
            if not self.store.all("user"):
                self.rules.user({"name": "Robot", "email": USER, "role": "agent"})

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

    def staff(self, number: int, orders: Row) -> Row:
        """See `Rules.staff`."""
        return self.rules.staff(number, orders)

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
        ticket, audit = self.rules.create(given)
        answer = {"ticket": self._shown(ticket, request), "audit": audit}
        location = answer["ticket"]["url"]
        headers = {"Location": location}
        if key:
            headers["X-Idempotency-Lookup"] = "miss"
            row = {"digest": digest, "answer": answer, "location": location, "at": stamp(self.store.now())}
            self.store.put("key", key, row)
        return JSONResponse(answer, 201, headers)

    def update_ticket(self, request: Request, raw: bytes) -> Response:
        """PUT /tickets/{id}: never of a closed one; with ``safe_update`` only if nobody was quicker."""
        ticket = self._found(request)
        given = _given(raw, "ticket")
        if ticket["status"] == "closed":
            raise invalid("status", "Status: closed prevents ticket update", "InvalidValue")
        if "safe_update" in given and given.get("updated_stamp") != ticket["updated_at"]:  # false counts as true
            text = "Safe Update prevented the update due to outdated ticket data"
            raise Refusal(409, "UpdateConflict", text)
        self.rules.check(given)
        before = dict(ticket)
        changed = {**ticket, "updated_at": stamp(self.store.now())}
        self.rules.apply(changed, given)
        author = (given.get("comment") or {}).get("author_id") or self.rules.robot()["id"]
        events = [
            {"type": "Change", "field_name": name, "value": changed.get(name), "previous_value": before.get(name)}
            for name in (*PLAIN, "tags", "due_at")
            if changed.get(name) != before.get(name)
        ]
        audit = self.rules.record(changed, given, author, events)
        self.store.put("ticket", ticket["id"], changed)
        self.rules.settle(changed, before)
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
        answer = {"token": token, "attachment": file, "attachments": [*map(public, row["files"]), file]}
        return JSONResponse({"upload": answer}, 201)

    def delete_upload(self, request: Request, _: bytes) -> Response:
        """DELETE /uploads/{token}."""
        self.store.drop("upload", request.path_params["token"])
        return Response(status_code=204)

    # --- users, groups, fields

    def me(self, request: Request, _: bytes) -> Response:
        """GET /users/me: who the token belongs to."""
        return JSONResponse({"user": self.rules.robot()})

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
        user = self.rules.user(given)
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


def _named(request: Request, path: str, id_: int, name: str) -> Row:
    return {"id": id_, "name": name, "url": f"{_base(request)}/{path}/{id_}", "deleted": False}
