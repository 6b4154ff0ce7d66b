"""Twilio as far as we use it: Messages and Calls of the REST interface of 2010, status callbacks, what people answer.

Source: the vendor's pages "Messages resource", "Calls resource", "Status callback", "Error and warning dictionary".
Guess: a list shows what was taken at once (the setting ``listing_lag`` is for when it does not).
"""

from __future__ import annotations

import base64
import re
import secrets
from datetime import datetime, timedelta
from email.utils import format_datetime
from html import unescape
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cobranza.demo.channels.faults import Faults
from cobranza.demo.channels.hooks import TWILIO_TOKEN, Hooks
from cobranza.demo.doubles.store import Row, Store, moment

ACCOUNT = "AC" + "5" * 32
NUMBER = "+34910000001"
"""The number of ours that sends and calls."""
_ROOT = "/2010-04-01/Accounts/{account}"
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_STOP = re.compile(r"^\s*(?:stop|stopall|unsubscribe|cancel|end|quit|baja|alto|parar)\s*$", re.IGNORECASE)
_LONGEST, _LONGEST_TWIML = 1600, 4000
_SMS_FATES = {
    "delivered": (("sent", 0), ("delivered", 0)),
    "read": (("sent", 0), ("delivered", 0)),
    "sent": (("sent", 0),),
    "undelivered": (("sent", 0), ("undelivered", 30005)),
    "away": (("sent", 0), ("undelivered", 30003)),
    "failed": (("failed", 30008),),
}
_CALL_FATES = {
    "delivered": ("initiated", "ringing", "in-progress", "completed"),
    "read": ("initiated", "ringing", "in-progress", "completed"),
    "sent": ("initiated", "ringing", "no-answer"),
    "away": ("initiated", "ringing", "busy"),
    "undelivered": ("initiated", "failed"),
    "failed": ("initiated", "failed"),
}


class Twilio:
    """The vendor's face over the store: kinds ``sms``, ``call`` and ``stopped``."""

    def __init__(self, store: Store, faults: Faults, hooks: Hooks) -> None:
        self.store, self.faults, self.hooks = store, faults, hooks

    def routes(self) -> list[Route]:
        """Messages and calls: create, list, read."""
        return [
            Route(_ROOT + "/Messages.json", self._endpoint, methods=["POST", "GET"]),
            Route(_ROOT + "/Messages/{sid}.json", self._endpoint, methods=["GET"]),
            Route(_ROOT + "/Calls.json", self._endpoint, methods=["POST", "GET"]),
            Route(_ROOT + "/Calls/{sid}.json", self._endpoint, methods=["GET"]),
        ]

    async def _endpoint(self, request: Request) -> Response:
        refusal = self._login(request)
        if refusal is not None:
            return refusal
        kind = "sms" if "/Messages" in request.url.path else "call"
        if request.method == "POST":
            form = {name: str(value) for name, value in (await request.form()).items()}
            with self.store.change():
                return self._message(form) if kind == "sms" else self._call(form)
        sid = request.path_params.get("sid")
        if sid is not None:
            found = next((row for row in self.store.all(kind) if row["sid"] == sid), None)
            return JSONResponse(_shown(found)) if found else _refuse(404, 20404, "The requested resource was not found")
        return self._list(kind, request)

    def _login(self, request: Request) -> Response | None:
        given = request.headers.get("authorization", "").removeprefix("Basic ")
        wanted = base64.b64encode(f"{ACCOUNT}:{TWILIO_TOKEN}".encode()).decode()
        if request.path_params["account"] != ACCOUNT or not secrets.compare_digest(given.encode(), wanted.encode()):
            return _refuse(401, 20003, "Authenticate")
        return None

    def _message(self, form: Row) -> Response:
        to, text = form.get("To", ""), form.get("Body", "")
        if not to:
            return _refuse(400, 21604, "A 'To' phone number is required.")
        if form.get("From") != NUMBER:
            return _refuse(400, 21606, "The 'From' phone number is not a valid, SMS-capable inbound phone number.")
        if not _E164.fullmatch(to):
            return _refuse(400, 21211, f"Invalid 'To' Phone Number: {to}")
        if not text:
            return _refuse(400, 21602, "Message body is required.")
        if len(text) > _LONGEST:
            return _refuse(400, 21617, "The concatenated message body exceeds the 1600 character limit")
        if self.store.get("stopped", to):
            return _refuse(400, 21610, "Attempt to send to unsubscribed recipient")
        row = self._take("sms", "SM", form) | {"body": text}
        steps = _SMS_FATES[self._fate(to)]
        row["status"], row["error_code"] = steps[-1][0], steps[-1][1] or None
        self.store.put("sms", row["id"], row)
        for status, error in steps:
            said = {"MessageSid": row["sid"], "SmsSid": row["sid"], "MessageStatus": status, "SmsStatus": status}
            self._tell(row, "sms", said | {"To": to, "From": NUMBER} | ({"ErrorCode": str(error)} if error else {}))
        return JSONResponse(_shown(row) | {"status": "queued", "error_code": None}, 201)

    def _call(self, form: Row) -> Response:
        to, twiml = form.get("To", ""), form.get("Twiml", "")
        if form.get("From") != NUMBER:
            return _refuse(400, 21210, "'From' phone number not verified")
        if not _E164.fullmatch(to):
            return _refuse(400, 21211, f"Invalid 'To' Phone Number: {to}")
        if not twiml and not form.get("Url"):
            return _refuse(400, 21205, "Url parameter is required.")
        if len(twiml) > _LONGEST_TWIML:
            return _refuse(400, 21254, "Twiml is too long")
        row = self._take("call", "CA", form) | {"twiml": twiml}
        steps = _CALL_FATES[self._fate(to)]
        row["status"] = steps[-1]
        self.store.put("call", row["id"], row)
        for number, status in enumerate(steps):
            said = {"CallSid": row["sid"], "CallStatus": status, "SequenceNumber": str(number)}
            self._tell(row, "voice", said | {"To": to, "From": NUMBER, "Direction": "outbound-api"})
        return JSONResponse(_shown(row) | {"status": "queued"}, 201)

    def _take(self, kind: str, prefix: str, form: Row) -> Row:
        number = self.store.number(kind)
        return {
            "id": number,
            "sid": prefix + f"{number:032x}",
            "to": form["To"],
            "from": form["From"],
            "at": self.store.now().isoformat(),
            "callback": form.get("StatusCallback", ""),
            "error_code": None,
        }

    def _fate(self, to: str) -> str:
        found = self.store.get("fate", to)
        return str(found["fate"]) if found else "delivered"

    def _tell(self, row: Row, slug: str, said: Row) -> None:
        if row["callback"]:
            self.hooks.form(row["callback"], said | {"AccountSid": ACCOUNT, "ApiVersion": "2010-04-01"}, slug)

    def _list(self, kind: str, request: Request) -> Response:
        asked = request.query_params
        visible = self.store.now() - timedelta(seconds=self.faults.number("listing_lag"))
        rows = [
            row
            for row in reversed(self.store.all(kind))
            if moment(row["at"]) <= visible
            and asked.get("To", row["to"]) == row["to"]
            and asked.get("From", row["from"]) == row["from"]
        ]
        size, page = min(int(asked.get("PageSize", 50)), 1000), int(asked.get("Page", 0))
        after = rows[(page + 1) * size :]
        more = dict(asked) | {"Page": str(page + 1), "PageSize": str(size), "PageToken": f"PA{page + 1}"}
        name = "messages" if kind == "sms" else "calls"
        return JSONResponse(
            {
                name: [_shown(row) for row in rows[page * size : (page + 1) * size]],
                "page": page,
                "page_size": size,
                "next_page_uri": f"{request.url.path}?{urlencode(more)}" if after else None,
            }
        )

    # ---- what people answer

    def write(self, sender: str, text: str) -> Row:
        """Somebody writes an SMS to our number; words that stop are obeyed by the vendor too."""
        number = self.store.number("inbound")
        said = {"MessageSid": f"SM{number + 2**64:032x}", "SmsStatus": "received", "From": sender, "To": NUMBER}
        said |= {"Body": text, "NumMedia": "0", "NumSegments": "1", "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01"}
        if _STOP.match(text):
            self.store.put("stopped", sender, {"id": number})
            said["OptOutType"] = "STOP"
        self.hooks.form(self.hooks.address("sms"), said, "sms")
        return {"sid": said["MessageSid"]}

    def press(self, sender: str, digits: str) -> Row:
        """Whom we called last on that number presses keys; the call's own ``<Gather>`` says where that is told."""
        calls = [row for row in self.store.all("call") if row["to"] == sender]
        found = re.search(r'<Gather[^>]*\baction="([^"]+)"', calls[-1]["twiml"]) if calls else None
        if found is None:
            raise ValueError(f"no call to {sender} asks for keys")
        said = {"CallSid": calls[-1]["sid"], "CallStatus": "in-progress", "Digits": digits, "To": sender}
        said |= {"From": NUMBER, "Direction": "outbound-api", "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01"}
        self.hooks.form(unescape(found.group(1)), said, "voice")
        return {"sid": calls[-1]["sid"]}


def _shown(row: Row) -> dict[str, Any]:
    """A row as the vendor shows it."""
    at: datetime = moment(row["at"])
    shown = {name: row[name] for name in ("sid", "to", "from", "status", "error_code")}
    told = format_datetime(at)
    return shown | {"body": row["body"], "date_created": told, "date_sent": told} if "body" in row else shown | {
        "date_created": told, "start_time": told, "direction": "outbound-api"
    }  # fmt: skip


def _refuse(status: int, code: int, message: str) -> Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return JSONResponse({"code": code, "message": message, "more_info": more, "status": status}, status)
