"""Endpoints for tests and the demo only: truth, faults, clock, and what courts and people do. All need the token."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cobranza.demo.court import aftermath, drafts, filing, sending
from cobranza.demo.court.court import Court, Portal
from cobranza.demo.court.store import Row
from cobranza.demo.doubles.admin import guarded


class Admin:
    """The endpoints over one court."""

    def __init__(self, court: Court) -> None:
        self.court = court

    def routes(self) -> list[Route]:
        """See COURT.md."""
        endpoint = guarded(self._do, self.court.token)
        orders = ("curso", "notificar", "firmar", "desbloquear", "certificado", "reiniciar")
        return [
            Route("/__verdad", endpoint, methods=["GET"]),
            *(Route(f"/__{name}", endpoint, methods=["GET", "POST"]) for name in ("fallos", "reloj")),
            *(Route(f"/__{name}", endpoint, methods=["POST"]) for name in orders),
            Route("/__fichero/{sha256}", endpoint, methods=["GET"]),
        ]

    async def _do(self, request: Request, orders: Row) -> Any:
        if request.url.path.startswith("/__fichero/"):
            return Response(self.court.store.content(request.path_params["sha256"]))
        return self._answer(request.method, request.url.path, orders)

    def _answer(self, method: str, path: str, orders: Row) -> Any:
        court = self.court
        if path == "/__verdad":
            return self.truth()
        if path == "/__fallos":
            if method == "POST":
                court.faults.set(orders)
            return court.faults.listing()
        if path == "/__reloj":
            return self._clock(orders)
        if path == "/__curso":
            return self._course(orders)
        if path == "/__notificar":
            portal, found = self._filing(orders)
            return aftermath.notify(portal, found, str(orders["title"]), str(orders["text"]), portal.now())
        if path == "/__firmar":
            portal = court.portals[orders["profile"]]
            draft = portal.store.get("draft", f"{portal.slug}/{orders['draft']}")
            account = portal.access.account(orders.get("user", "abogado"))
            if draft is None or account is None:
                raise ValueError("there is no such draft or person")
            sending.sign(portal, draft, account)
            return draft
        if path == "/__desbloquear":
            court.portals[orders["profile"]].access.unlock(str(orders["user"]))
            return {"ok": True}
        if path == "/__certificado":
            return self._certificate(orders)
        court.reset()
        return {"now": court.clock.now().isoformat()}

    def _clock(self, orders: Row) -> Row:
        clock = self.court.clock
        if "now" in orders:
            clock.set(datetime.fromisoformat(orders["now"]))
        if "advance_seconds" in orders:
            clock.advance(float(orders["advance_seconds"]))
        if "speed" in orders:
            clock.hurry(float(orders["speed"]))
        filing.tick(self.court)
        return {"now": clock.now().isoformat(), "speed": clock.speed}

    def _filing(self, orders: Row) -> tuple[Portal, Row]:
        for portal in self.court.portals.values():
            found = aftermath.by_registry(portal, str(orders["filing"]))
            if found is not None and orders.get("profile", portal.slug) == portal.slug:
                return portal, found
        raise ValueError(f"no filing {orders['filing']!r}")

    def _course(self, orders: Row) -> Row:
        portal, found = self._filing(orders)
        if "auto" in orders:
            found["auto"] = bool(orders["auto"])
            portal.store.put("filing", found["id"], found)
            filing.watch(portal, found)
        if "state" in orders:
            found = aftermath.move(portal, found, str(orders["state"]), reasons=orders.get("reasons"))
        return found

    def _certificate(self, orders: Row) -> Row:
        """A person's certificate: PEM, key and PKCS #12 (base64)."""
        portal = self.court.portals[orders["profile"]]
        account = portal.access.account(str(orders.get("user", "procuradora")))
        if account is None:
            raise ValueError("there is no such person")
        state, password = str(orders.get("state", "valid")), str(orders.get("password", ""))
        pair = self.court.authority.holder(account["tax_id"], account["name"], state)
        found = {"certificate": pair.pem.decode(), "key": pair.key_pem.decode()}
        if password:
            pfx = self.court.authority.pfx(account["tax_id"], account["name"], password, state)
            found["pfx"] = base64.b64encode(pfx).decode()
        return found

    def truth(self) -> Row:
        """Everything that the court holds; see COURT.md."""
        store = self.court.store
        rows = store.all("draft")
        for draft in rows:
            portal = self.court.portals[draft["profile"]]
            for one in draft["documents"]:
                one["scan_now"] = drafts.scan(portal, one)
        return {
            "now": self.court.clock.now().isoformat(),
            "filings": store.all("filing"),
            "drafts": rows,
            "uploads": store.all("upload"),
            "notices": store.all("notice"),
            "mails": store.all("mail"),
            "identifiers": store.all("identifier"),
            "later": [{"draft": one["draft"]["id"], "due": one["due"]} for one in store.all("later")],
            "captchas": {
                slug: [one.captcha for one in portal.access.sessions.values() if one.captcha]
                for slug, portal in self.court.portals.items()
            },
            "fired": dict(self.court.faults.fired),
            "audit": store.audit(),
        }
