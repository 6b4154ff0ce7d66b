"""WhatsApp's Cloud API as far as we use it: sending, statuses, what people write, the window of 24 hours, templates.

Source: Meta's pages "Messages", "Webhooks: statuses", "Error codes", and its description of the interface (v23.0).
Outside the window free text is taken and then reported as failed (131047), as the vendor does it.
"""

from __future__ import annotations

import json
import re
import secrets
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cobranza.demo.channels.faults import Faults
from cobranza.demo.channels.hooks import Hooks, plain
from cobranza.demo.doubles.store import Row, Store, moment

PHONE = "100000000000001"
NUMBER = "34910000002"
TOKEN = "testigo-de-whatsapp-de-prueba"  # noqa: S105 - a demo's
VERIFY = "palabra-de-prueba"
WINDOW = timedelta(hours=24)
_FATES = {
    "delivered": ("sent", "delivered"),
    "read": ("sent", "delivered", "read"),
    "sent": ("sent",),
    "undelivered": (131026,),
    "away": ("sent",),
    "failed": (131049,),
}
_SAID = {
    131026: "Message undeliverable",
    131047: "Re-engagement message",
    131049: "This message was not delivered to maintain healthy ecosystem engagement.",
}


class WhatsApp:
    """The vendor's face over the store: kinds ``whatsapp``, ``heard`` (the debtors' last words) and ``template``."""

    def __init__(self, store: Store, faults: Faults, hooks: Hooks) -> None:
        self.store, self.faults, self.hooks = store, faults, hooks

    def routes(self) -> list[Route]:
        """Sending is all that there is: a message cannot be asked about later."""
        return [Route("/v23.0/{phone}/messages", self._endpoint, methods=["POST"])]

    async def _endpoint(self, request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not secrets.compare_digest(given.encode(), TOKEN.encode()):
            return _refuse(401, 190, "Invalid OAuth access token - Cannot parse access token")
        if request.path_params["phone"] != PHONE:
            return _refuse(400, 100, "Unsupported post request. Object does not exist", subcode=33)
        try:
            body = plain(json.loads(await request.body()))
        except ValueError:
            return _refuse(400, 100, "Invalid parameter")
        with self.store.change():
            return self._take(body)

    def _take(self, body: Row) -> Response:
        to = re.sub(r"\D", "", str(body.get("to", "")))
        if body.get("messaging_product") != "whatsapp" or not 8 <= len(to) <= 15:
            return _refuse(400, 131009, "Parameter value is not valid")
        if body.get("type") == "template":
            problem, text = self._template(plain(body.get("template")))
            if problem is not None:
                return problem
        elif body.get("type", "text") == "text" and plain(body.get("text")).get("body"):
            text = str(body["text"]["body"])
        else:
            return _refuse(400, 131008, "Required parameter is missing")
        number = self.store.number("whatsapp")
        row = {
            "id": number,
            "wamid": f"wamid.{number:024d}",
            "to": to,
            "text": text,
            "template": plain(body.get("template")).get("name", ""),
            "key": str(body.get("biz_opaque_callback_data", "")),
            "at": self.store.now().isoformat(),
        }
        steps: tuple[str | int, ...] = _FATES[self._fate(to)]
        if not row["template"] and not self._open(to):
            steps = (131047,)
        row["status"] = "failed" if isinstance(steps[-1], int) else steps[-1]
        self.store.put("whatsapp", number, row)
        for step in steps:
            self._tell(row, step)
        return JSONResponse(
            {
                "messaging_product": "whatsapp",
                "contacts": [{"input": str(body["to"]), "wa_id": to}],
                "messages": [{"id": row["wamid"]}],
            }
        )

    def _template(self, asked: Row) -> tuple[Response | None, str]:
        name, language = str(asked.get("name", "")), str(plain(asked.get("language")).get("code", ""))
        known = self.store.get("template", f"{name}:{language}")
        if known is None:
            return _refuse(404, 132001, "Template name does not exist in the translation"), ""
        values = [
            str(plain(value).get("text", ""))
            for part in asked.get("components", [])
            if str(plain(part).get("type", "")).lower() == "body"
            for value in plain(part).get("parameters", [])
        ]
        if len(values) != known["fields"] or not all(values):
            return _refuse(400, 132000, "Number of parameters does not match the expected number of params"), ""
        if any("\n" in value or "\t" in value or "     " in value for value in values):
            return _refuse(400, 132018, "Param text cannot have new-line/tab characters or more than 4 spaces"), ""
        return None, f"[{name}] " + " | ".join(values)

    def _open(self, to: str) -> bool:
        heard = self.store.get("heard", to)
        return heard is not None and self.store.now() - moment(heard["at"]) < WINDOW

    def _fate(self, to: str) -> str:
        found = self.store.get("fate", to) or self.store.get("fate", f"+{to}")
        return str(found["fate"]) if found else "delivered"

    def _tell(self, row: Row, step: str | int) -> None:
        at = str(int(moment(row["at"]).timestamp()))
        status: Row = {"id": row["wamid"], "status": step, "timestamp": at, "recipient_id": row["to"]}
        if row["key"]:
            status["biz_opaque_callback_data"] = row["key"]
        if isinstance(step, int):
            status |= {"status": "failed", "errors": [{"code": step, "title": _SAID[step], "message": _SAID[step]}]}
        self._change({"statuses": [status]})

    def _change(self, value: Row) -> None:
        whole = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": NUMBER, "phone_number_id": PHONE},
        }
        change = {"field": "messages", "value": whole | value}
        self.hooks.json(
            "whatsapp", {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
        )

    # ---- what people write

    def write(self, sender: str, text: str) -> Row:
        """Somebody writes to our number: the window opens for 24 hours."""
        plain_number = re.sub(r"\D", "", sender)
        number, now = self.store.number("inbound"), self.store.now()
        self.store.put("heard", plain_number, {"id": number, "at": now.isoformat()})
        said: dict[str, Any] = {
            "id": f"wamid.in.{number:020d}",
            "from": plain_number,
            "timestamp": str(int(now.timestamp())),
            "type": "text",
            "text": {"body": text},
        }
        self._change({"contacts": [{"profile": {"name": "Deudor"}, "wa_id": plain_number}], "messages": [said]})
        return {"id": said["id"]}

    def approve(self, name: str, fields: int, language: str = "es") -> None:
        """Approve a template with so many fields in its body."""
        key = f"{name}:{language}"
        self.store.put("template", key, {"name": name, "language": language, "fields": fields})


def _refuse(status: int, code: int, message: str, subcode: int | None = None) -> Response:
    error: Row = {"message": f"(#{code}) {message}", "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    if subcode is not None:
        error["error_subcode"] = subcode
    return JSONResponse({"error": error}, status)
