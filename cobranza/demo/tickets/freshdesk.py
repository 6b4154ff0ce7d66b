"""Freshdesk's API v2 as far as a connector of tickets needs it, on a store like Zendesk's.

It has no idempotency key, no external id of tickets and no follow-ups: that is the point of having it.
Source: the vendor's "API reference v2", as published; guesses are marked as such.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from datetime import timedelta
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cobranza.demo.doubles.store import Row, Store, moment, stamp
from cobranza.demo.tickets.faults import Faults
from cobranza.demo.tickets.hooks import Hooks

TOKEN = "clave-freshdesk-de-prueba"  # noqa: S105 - a demo's
GROUPS = {
    9001: "Atención al cliente",
    9002: "Calidad",
    9003: "Cobros",
    9004: "Comercial",
    9005: "Facturación",
    9006: "Legal",
    9007: "Logística",
    9008: "Posventa",
    9009: "Protección de datos",
    9010: "Tesorería",
}
TYPES = ("Disputa", "Legal", "Pago", "Petición", "Datos personales", "Queja", "Verificación")
FIELDS = ("cf_cobranza", "cf_categoria", "cf_confianza", "cf_facturas", "cf_importe", "cf_deudor", "cf_pais")
OPEN, PENDING, RESOLVED, CLOSED = 2, 3, 4, 5
STATUSES = {"open": OPEN, "pending": PENDING, "solved": RESOLVED, "closed": CLOSED}
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_MAX_FILES = 20 * 1024 * 1024  # of all files of one ticket or note together
_MAX_TAG = 32
_SEARCH_PAGE, _SEARCH_PAGES = 30, 10
_LIST_DAYS = 30


class Refusal(Exception):
    """What the desk answers instead of doing it."""

    def __init__(self, status: int, field: str, message: str, code: str = "invalid_value") -> None:
        super().__init__(message)
        self.status = status
        self.body: Row = {"code": code, "message": message}
        if status in (400, 409):
            errors = [{"field": field, "message": message, "code": code}]
            self.body = {"description": "Validation failed", "errors": errors}


class Freshdesk:
    """The face: routes over a store."""

    kind = "freshdesk"

    def __init__(self, store: Store, faults: Faults, hooks: Hooks, token: str = TOKEN) -> None:
        self.store, self.faults, self.hooks = store, faults, hooks
        self._login = "Basic " + base64.b64encode(f"{token}:X".encode()).decode()

    def reset(self) -> None:
        """Nothing is there to begin with."""

    def routes(self) -> list[Route]:
        """What answers under /api/v2."""
        calls = {
            ("GET", "/tickets"): self.list_tickets,
            ("POST", "/tickets"): self.create_ticket,
            ("PUT", "/tickets/merge"): self.merge,
            ("GET", "/tickets/{id:int}"): self.show_ticket,
            ("PUT", "/tickets/{id:int}"): self.update_ticket,
            ("GET", "/tickets/{id:int}/conversations"): self.conversations,
            ("POST", "/tickets/{id:int}/notes"): self.add_note,
            ("POST", "/tickets/{id:int}/reply"): self.add_reply,
            ("GET", "/search/tickets"): self.search,
            ("GET", "/groups"): self.list_groups,
            ("GET", "/ticket_fields"): self.list_fields,
            ("GET", "/contacts"): self.list_contacts,
        }
        return [
            Route("/api/v2" + path, self._endpoint(call), methods=[method]) for (method, path), call in calls.items()
        ]

    def _endpoint(self, call: Any) -> Any:
        async def endpoint(request: Request) -> Response:
            if not secrets.compare_digest(request.headers.get("Authorization", ""), self._login):
                return JSONResponse({"code": "invalid_credentials", "message": "You have to be logged in."}, 401)
            try:
                given, files = await _given(request)
                with self.store.change():
                    answer: Response = call(request, given, files)
                return answer
            except Refusal as refusal:
                return JSONResponse(refusal.body, refusal.status)

        return endpoint

    # --- tickets

    def create_ticket(self, request: Request, given: Row, files: list[Row]) -> Response:
        """POST /tickets: a new one each time it is asked."""
        for name in ("description", "subject", "priority", "status"):
            if given.get(name) in (None, ""):
                raise Refusal(400, name, "It should not be blank", "missing_field")
        if not given.get("unique_external_id") and not _ADDRESS.fullmatch(str(given.get("email", ""))):
            raise Refusal(400, "email", "It should be a valid email address")
        self._check(given)
        now = stamp(self.store.now())
        number = self.store.number("ticket")
        ticket: Row = {
            "id": number,
            "created_at": now,
            "updated_at": now,
            "requester_id": self._contact(given)["id"],
            "subject": given["subject"],
            "description": given["description"],
            "description_text": _plain(given["description"]),
            "priority": given["priority"],
            "status": given["status"],
            "source": given.get("source", 2),
            "type": given.get("type"),
            "tags": given.get("tags", []),
            "group_id": given.get("group_id"),
            "custom_fields": dict.fromkeys(FIELDS) | given.get("custom_fields", {}),
            "due_by": given.get("due_by") or stamp(self.store.now() + timedelta(days=3)),
            "fr_due_by": given.get("fr_due_by") or stamp(self.store.now() + timedelta(days=1)),
            "attachments": files,
            "spam": False,
        }
        self.store.put("ticket", number, ticket)
        self._tell(ticket)
        headers = {"Location": f"{str(request.base_url).rstrip('/')}/api/v2/tickets/{number}"}
        return JSONResponse(ticket, 201, headers)

    def update_ticket(self, request: Request, given: Row, files: list[Row]) -> Response:
        """PUT /tickets/{id}."""
        ticket = self._found(request)
        self._check(given)
        fields = ticket["custom_fields"] | given.pop("custom_fields", {})
        changed = ticket | given | {"custom_fields": fields, "updated_at": stamp(self.store.now())}
        self.store.put("ticket", ticket["id"], changed)
        self._tell(changed)
        return JSONResponse(changed)

    def show_ticket(self, request: Request, given: Row, files: list[Row]) -> Response:
        """GET /tickets/{id}."""
        return JSONResponse(self._found(request))

    def list_tickets(self, request: Request, given: Row, files: list[Row]) -> Response:
        """GET /tickets: those of the last 30 days unless ``updated_since`` says otherwise; newest first."""
        asked = request.query_params
        latest = stamp(self.store.now() - timedelta(seconds=self.faults.number("listing_lag")))
        since = asked.get("updated_since")
        floor = since or stamp(self.store.now() - timedelta(days=_LIST_DAYS))
        field = "updated_at" if since else "created_at"
        rows = [row for row in self.store.all("ticket") if floor <= row[field] and row["created_at"] <= latest]
        if "email" in asked:
            known = {row["id"] for row in self.store.all("contact") if row["email"] == asked["email"].lower()}
            rows = [row for row in rows if row["requester_id"] in known]
        order = asked.get("order_by", "created_at")
        rows.sort(key=lambda row: (row[order], row["id"]), reverse=asked.get("order_type", "desc") == "desc")
        size, page = min(int(asked.get("per_page", 30)), 100), int(asked.get("page", 1))
        if page > 300:
            raise Refusal(400, "page", "You cannot access tickets beyond the 300th page")
        part = rows[(page - 1) * size : page * size]
        headers = {}
        if len(rows) > page * size:
            base = (
                "https://elsewhere.invalid" if self.faults.on("foreign_cursor") else str(request.base_url).rstrip("/")
            )
            headers["Link"] = f'<{base}/api/v2/tickets?page={page + 1}>; rel="next"'
        return JSONResponse([_listed(row) for row in part], headers=headers)

    def search(self, request: Request, given: Row, files: list[Row]) -> Response:
        """GET /search/tickets?query="cf_x:'y'": minutes late; 30 a page, ten pages at most."""
        query = request.query_params.get("query", "")
        found = re.fullmatch(r'"(?P<field>\w+):\'(?P<value>[^\']{1,200})\'"', query)
        page = int(request.query_params.get("page", 1))
        if found is None or len(query) > 512 or page > _SEARCH_PAGES:
            raise Refusal(400, "query", "Given query is invalid")
        until = stamp(self.store.now() - timedelta(seconds=self.faults.number("search_lag")))
        rows = [
            row
            for row in self.store.all("ticket")
            if row["updated_at"] <= until
            and (
                row["custom_fields"].get(found["field"]) == found["value"]
                or (found["field"] == "tag" and found["value"] in row["tags"])
            )
        ]
        start = (page - 1) * _SEARCH_PAGE
        return JSONResponse(
            {"total": len(rows), "results": [_listed(row) for row in rows[start : start + _SEARCH_PAGE]]}
        )

    def merge(self, request: Request, given: Row, files: list[Row]) -> Response:
        """PUT /tickets/merge: closes the secondary ones into the primary."""
        primary = self.store.get("ticket", given.get("primary_id"))
        others = [self.store.get("ticket", number) for number in given.get("ticket_ids", [])]
        if primary is None or not others or None in others:
            raise Refusal(400, "ticket_ids", "There are no tickets with these ids")
        now = stamp(self.store.now())
        for row in filter(None, others):
            if row["id"] != primary["id"]:
                merged = {"status": CLOSED, "merged_into": primary["id"], "updated_at": now}
                self.store.put("ticket", row["id"], row | merged)
        return Response(status_code=204)

    # --- what is said

    def conversations(self, request: Request, given: Row, files: list[Row]) -> Response:
        """GET /tickets/{id}/conversations, oldest first, 30 to 100 a page."""
        ticket = self._found(request)
        rows = [row for row in self.store.all("conversation") if row["ticket_id"] == ticket["id"]]
        size = min(int(request.query_params.get("per_page", 30)), 100)
        page = int(request.query_params.get("page", 1))
        return JSONResponse(rows[(page - 1) * size : page * size])

    def add_note(self, request: Request, given: Row, files: list[Row]) -> Response:
        """POST /tickets/{id}/notes: private unless told otherwise."""
        return self._say(request, given, files, private=bool(given.get("private", True)))

    def add_reply(self, request: Request, given: Row, files: list[Row]) -> Response:
        """POST /tickets/{id}/reply: an e-mail to the requester."""
        return self._say(request, given, files, private=False)

    def _say(self, request: Request, given: Row, files: list[Row], *, private: bool) -> Response:
        ticket = self._found(request)
        if not given.get("body"):
            raise Refusal(400, "body", "It should not be blank", "missing_field")
        now, number = stamp(self.store.now()), self.store.number("conversation", 4000)
        row = {
            "id": number,
            "ticket_id": ticket["id"],
            "body": given["body"],
            "body_text": _plain(given["body"]),
            "private": private,
            "incoming": bool(given.get("incoming", False)),
            "attachments": files,
            "created_at": now,
            "updated_at": now,
        }
        self.store.put("conversation", number, row)
        self.store.put("ticket", ticket["id"], ticket | {"updated_at": now})
        return JSONResponse(row, 201)

    # --- the rest

    def list_groups(self, request: Request, given: Row, files: list[Row]) -> Response:
        """GET /groups."""
        return JSONResponse([{"id": number, "name": name} for number, name in GROUPS.items()])

    def list_fields(self, request: Request, given: Row, files: list[Row]) -> Response:
        """GET /ticket_fields: the custom ones, and the one whose choices are the types of tickets."""
        rows: list[Row] = [{"id": 1, "name": "ticket_type", "type": "default_ticket_type", "choices": list(TYPES)}]
        rows += [
            {"id": place, "name": name, "type": "custom_text", "label": name}
            for place, name in enumerate(FIELDS, start=2)
        ]
        return JSONResponse(rows)

    def list_contacts(self, request: Request, given: Row, files: list[Row]) -> Response:
        """GET /contacts?email=…."""
        wanted = request.query_params.get("email", "").lower()
        return JSONResponse([row for row in self.store.all("contact") if not wanted or row["email"] == wanted])

    def staff(self, number: int, orders: Row) -> Row:
        """Change a ticket as an agent does on the screen: `status` (by name), `comment`, `public`."""
        ticket = self.store.get("ticket", number)
        if ticket is None:
            raise Refusal(404, "id", "Not found", "not_found")
        now = stamp(self.store.now())
        changed = ticket | {"updated_at": now, "status": STATUSES.get(orders.get("status", ""), ticket["status"])}
        self.store.put("ticket", number, changed)
        if "comment" in orders:
            row = {"id": self.store.number("conversation", 4000), "ticket_id": number, "attachments": []}
            row |= {"body": orders["comment"], "body_text": orders["comment"], "created_at": now, "updated_at": now}
            row |= {"private": not orders.get("public", True), "incoming": False}
            self.store.put("conversation", row["id"], row)
        self._tell(changed)
        return changed

    def _check(self, given: Row) -> None:
        if given.get("priority") not in (None, 1, 2, 3, 4):
            raise Refusal(400, "priority", "It should be one of these values: '1,2,3,4'")
        if given.get("group_id") is not None and given["group_id"] not in GROUPS:
            raise Refusal(400, "group_id", "There is no group matching the given group_id")
        if given.get("type") not in (None, *TYPES):
            raise Refusal(400, "type", f"It should be one of these values: '{','.join(TYPES)}'")
        if given.get("status") not in (None, *STATUSES.values()):
            raise Refusal(400, "status", "It should be one of these values: '2,3,4,5'")
        unknown = set(given.get("custom_fields", {})) - set(FIELDS)
        if unknown:
            raise Refusal(400, f"custom_fields.{sorted(unknown)[0]}", "Unexpected/invalid field in request")
        if any(len(tag) > _MAX_TAG for tag in given.get("tags", [])):
            raise Refusal(400, "tags", "It should not contain tags longer than 32 characters")
        for name in ("due_by", "fr_due_by"):
            if given.get(name) and moment(given[name]) <= self.store.now():
                raise Refusal(400, name, "It should be greater than the created time")
        if bool(given.get("due_by")) != bool(given.get("fr_due_by")):
            raise Refusal(400, "due_by", "due_by and fr_due_by have to be given together")

    def _contact(self, given: Row) -> Row:
        email, external = str(given.get("email", "")).lower(), given.get("unique_external_id")
        for row in self.store.all("contact"):
            if (email and row["email"] == email) or (external and row["unique_external_id"] == external):
                return row
        number = self.store.number("contact", 700)
        row = {"id": number, "email": email, "name": given.get("name") or email, "unique_external_id": external}
        return self.store.put("contact", number, row)

    def _found(self, request: Request) -> Row:
        ticket = self.store.get("ticket", request.path_params["id"])
        if ticket is None:
            raise Refusal(404, "id", "Not found", "not_found")
        return ticket

    def _tell(self, ticket: Row) -> None:
        names = {OPEN: "Open", PENDING: "Pending", RESOLVED: "Resolved", CLOSED: "Closed"}
        data = {"ticket_id": ticket["id"], "ticket_status": names.get(ticket["status"], "Open")}
        self.hooks.queue({"freshdesk_webhook": data})


async def _given(request: Request) -> tuple[Row, list[Row]]:
    """The fields and the files of a call, JSON or a multipart form."""
    if request.method == "GET":
        return {}, []
    try:
        if not request.headers.get("Content-Type", "").startswith("multipart/form-data"):
            found = json.loads(await request.body() or b"{}")
            if not isinstance(found, dict):
                raise ValueError("no object")
            return found, []
    except ValueError as exc:
        raise Refusal(400, "body", "Request body has invalid json format", "invalid_json") from exc
    given: Row = {}
    files: list[Row] = []
    form = await request.form(max_part_size=_MAX_FILES * 2)
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            size = len(await value.read())
            files.append(
                {"id": len(files) + 1, "name": value.filename, "content_type": value.content_type, "size": size}
            )
        elif name == "tags[]":
            given.setdefault("tags", []).append(value)
        elif name.startswith("custom_fields["):
            given.setdefault("custom_fields", {})[name[14:-1]] = value
        else:
            given[name] = _typed(name, value)
    if sum(file["size"] for file in files) > _MAX_FILES:
        raise Refusal(400, "attachments", "The total size of attachments exceeds 20 MB")
    return given, files


def _typed(name: str, value: str) -> Any:
    if name in ("priority", "status", "source", "group_id"):
        return int(value)
    return value == "true" if name in ("private", "incoming") else value


def _listed(row: Row) -> Row:
    """Lists carry neither the text nor the files."""
    return {
        name: value for name, value in row.items() if name not in ("description", "description_text", "attachments")
    }


def _plain(html: str) -> str:
    text = re.sub(r"<br\s*/?>", "\n", html)
    text = re.sub(r"<[^>]*>", "", text)
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#x27;", "'"), ("&amp;", "&")):
        text = text.replace(entity, sign)
    return text
