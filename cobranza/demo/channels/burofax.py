"""A burofax service: orders with certified text and receipt, their state, and the certificate that proves it.

Ours, shaped like the services that resell the post's: a reference of the sender's is unique, so that the same order
twice is one; a different document under the same reference is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import re
import secrets

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cobranza.demo.channels.faults import Faults
from cobranza.demo.channels.hooks import Hooks, plain
from cobranza.demo.doubles.store import Row, Store

KEY = "clave-de-burofax-de-prueba"
_FATES = {
    "delivered": (("admitido", ""), ("en_reparto", ""), ("entregado", "")),
    "read": (("admitido", ""), ("en_reparto", ""), ("entregado", "")),
    "sent": (("admitido", ""), ("en_reparto", "")),
    "undelivered": (("admitido", ""), ("en_reparto", ""), ("no_entregado", "desconocido")),
    "away": (("admitido", ""), ("en_reparto", ""), ("dejado_aviso", "ausente"), ("no_entregado", "no_retirado")),
    "failed": (("admitido", ""), ("en_reparto", ""), ("no_entregado", "rehusado")),
}


class Burofax:
    """The service's face over the store: kind ``burofax``."""

    def __init__(self, store: Store, faults: Faults, hooks: Hooks) -> None:
        self.store, self.faults, self.hooks = store, faults, hooks

    def routes(self) -> list[Route]:
        """Order, state, certificate."""
        return [
            Route("/burofax/v1/envios", self._endpoint, methods=["POST", "GET"]),
            Route("/burofax/v1/envios/{id:int}", self._endpoint, methods=["GET"]),
            Route("/burofax/v1/envios/{id:int}/certificado", self._endpoint, methods=["GET"]),
        ]

    async def _endpoint(self, request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not secrets.compare_digest(given.encode(), KEY.encode()):
            return _refuse(401, "clave", "La clave no vale.")
        if request.method == "POST":
            try:
                body = plain(json.loads(await request.body()))
            except ValueError:
                return _refuse(400, "json", "No es JSON.")
            with self.store.change():
                return self._order(body)
        number = request.path_params.get("id")
        if number is None:
            asked = request.query_params.get("referencia", "")
            return JSONResponse(
                {"envios": [_shown(row) for row in self.store.all("burofax") if row["referencia"] == asked]}
            )
        row = self.store.get("burofax", number)
        if row is None:
            return _refuse(404, "no_existe", "No hay tal envío.")
        if not request.url.path.endswith("/certificado"):
            return JSONResponse(_shown(row))
        if row["estado"] not in ("entregado", "no_entregado"):
            return _refuse(409, "pendiente", "El envío no ha terminado.")
        return Response(certificate(row), media_type="application/pdf")

    def _order(self, body: Row) -> Response:
        reference = str(body.get("referencia", ""))
        try:
            document = base64.b64decode(str(body.get("documento", "")), validate=True)
        except (binascii.Error, ValueError):
            return _refuse(422, "documento", "El documento no es base64.")
        if not 1 <= len(reference) <= 100 or not document.startswith(b"%PDF-"):
            return _refuse(422, "documento", "Hacen falta una referencia y un PDF.")
        lines = [str(line) for line in plain(body.get("destinatario")).get("lineas", [])]
        if len(lines) < 2 or not re.search(r"\b\d{5}\b", lines[-1]):
            return _refuse(422, "direccion", "La dirección no está completa: falta el código postal.")
        digest = hashlib.sha256(document).hexdigest()
        there = next((row for row in self.store.all("burofax") if row["referencia"] == reference), None)
        if there is not None:
            if there["sha256"] != digest:
                return _refuse(409, "referencia", "Esa referencia ya es de otro documento.")
            return JSONResponse(_shown(there))
        number = self.store.number("burofax")
        steps = _FATES[self._fate(lines)]
        row = {
            "id": number,
            "referencia": reference,
            "destinatario": lines,
            "sha256": digest,
            "documento": base64.b64encode(document).decode(),
            "estado": steps[-1][0],
            "motivo": steps[-1][1],
            "at": self.store.now().isoformat(),
        }
        self.store.put("burofax", number, row)
        for order, (state, reason) in enumerate(steps):
            told = {"id": f"{number}-{order}", "envio": number, "referencia": reference, "estado": state}
            self.hooks.json("burofax", told | {"motivo": reason, "momento": row["at"]})
        return JSONResponse(_shown(row) | {"estado": "admitido", "motivo": ""}, 201)

    def _fate(self, lines: list[str]) -> str:
        found = self.store.get("fate", lines[0]) or self.store.get("fate", "\n".join(lines))
        return str(found["fate"]) if found else "delivered"


def certificate(row: Row) -> bytes:
    """What the service certifies of one order, one page."""
    out = io.BytesIO()
    page = Canvas(out, pagesize=A4, invariant=1)
    lines = ["Certificado de burofax (servicio de pruebas)", f"Envío {row['id']}, referencia {row['referencia']}"]
    lines += [f"Resultado: {row['estado']} {row['motivo']}".strip(), f"Documento SHA-256: {row['sha256']}", row["at"]]
    for number, line in enumerate(lines):
        page.drawString(72, 770 - 18 * number, line)
    page.showPage()
    page.save()
    return out.getvalue()


def _shown(row: Row) -> Row:
    return {name: row[name] for name in ("id", "referencia", "destinatario", "estado", "motivo", "sha256")} | {
        "momento": row["at"]
    }


def _refuse(status: int, code: str, message: str) -> Response:
    return JSONResponse({"codigo": code, "mensaje": message}, status)
