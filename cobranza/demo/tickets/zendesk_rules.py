"""What Zendesk keeps and refuses: tickets, their comments and audits, people. Its routes are in `zendesk`."""

from __future__ import annotations

import re
from datetime import timedelta

from cobranza.demo.doubles.store import Row, Store, moment, stamp
from cobranza.demo.tickets.hooks import Hooks

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
_UPLOAD_MINUTES = 60
_MAX_COMMENT = 65_535  # characters
_MAX_COMMENTS = 5_000
_MAX_SUBJECT = 255  # guess
_PRIORITIES = ("urgent", "high", "normal", "low")
_STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
_TYPES = ("problem", "incident", "question", "task")
PLAIN = ("priority", "status", "subject", "type", "external_id", "group_id", "ticket_form_id", "assignee_id")


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


class Rules:
    """The rules over a store.

    Args:
        store: Where the rows are.
        hooks: Told of what happens.
    """

    def __init__(self, store: Store, hooks: Hooks) -> None:
        self.store, self.hooks = store, hooks

    def create(self, given: Row) -> tuple[Row, Row]:
        """A new ticket and its first audit."""
        comment = given.get("comment") or {}
        self.check(given)
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
            "submitter_id": given.get("submitter_id", self.robot()["id"]),
            "tags": [],
            "custom_fields": [{"id": field, "value": None} for field in FIELDS],
            "followup_ids": [],
            "via": {"channel": "api", "source": {"from": {}, "to": {}, "rel": "follow_up" if source else None}},
        }
        if source is not None:
            ticket["via_followup_source_id"] = source
            before = self.store.get("ticket", source) or {}
            self.store.put("ticket", source, before | {"followup_ids": [*before["followup_ids"], number]})
        self.apply(ticket, given)
        self.store.put("ticket", number, ticket)
        author = comment.get("author_id") or ticket["submitter_id"]
        audit = self.record(ticket, given, author, [{"type": "Create", "field_name": "status", "value": "new"}])
        self.settle(ticket)
        return ticket, audit

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
        self.apply(changed, given)
        self.record(changed, given, self.robot()["id"], [])
        self.store.put("ticket", number, changed)
        self.settle(changed, before)
        return changed

    def check(self, given: Row) -> None:
        """Refuse what the desk refuses."""
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

    def apply(self, ticket: Row, given: Row) -> None:
        """Put what was given into a ticket."""
        for name in PLAIN:
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

    def record(self, ticket: Row, given: Row, author: int, events: list[Row]) -> Row:
        """Write down what was said and changed; uses up the uploads."""
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
            events = [{**row, "attachments": [public(file) for file in files]}, *events]
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

    def settle(self, ticket: Row, before: Row | None = None) -> None:
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
            return self.robot()
        if not _ADDRESS.fullmatch(str(asked.get("email", ""))):
            raise invalid("requester", f"Requester: Email: {asked.get('email')} is not properly formatted")
        return self.user(asked)

    def user(self, given: Row) -> Row:
        """The user of an e-mail address (any case) or external id, made when there is none."""
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

    def robot(self) -> Row:
        """The robot's own user, the first of all."""
        return self.store.all("user")[0]


def public(file: Row) -> Row:
    """A file as the desk shows it."""
    return {name: value for name, value in file.items() if name != "sha256"}


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
