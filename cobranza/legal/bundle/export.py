"""The package for legal software and for lawyers without a portal: one ZIP with the files, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

from cobranza.kernel.sheets import harmless
from cobranza.legal.case import Case
from cobranza.legal.package import MANIFEST, Package

_DAY = (1980, 1, 1, 0, 0, 0)


def write_export(case: Case, package: Package, folder: Path, file: Path, *more: Path) -> Path:
    """Write the ZIP: the filed files, `manifest.json`, `expediente.json`, `documentos.csv`, `cuenta.csv` and `more`.

    The same bytes for the same package. Cells are harmless for spreadsheets.
    """
    draft = file.with_name(f".{file.name}.tmp")
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in package.files:
            _put(archive, f"presentacion/{each.name}", (folder / each.name).read_bytes(), packed=False)
        manifest = {"hash": package.hash, "package": package.as_dict()}
        _put(archive, MANIFEST, _json(manifest))
        _put(archive, "expediente.json", _json(case_dict(case)))
        _put(archive, "documentos.csv", _documents(package))
        _put(archive, "cuenta.csv", _account(case))
        for extra in more:
            _put(archive, extra.name, extra.read_bytes(), packed=False)
    draft.replace(file)
    return file


def case_dict(case: Case) -> dict[str, object]:
    """The case as plain data: amounts as text, days as ISO 8601."""
    return {
        "id": case.id,
        "country": case.country,
        "proceeding": case.proceeding,
        "reference": case.own_reference,
        "title": case.title,
        "prepared_on": case.prepared_on.isoformat(),
        "court": {"name": case.court.name, "code": case.court.code, "locality": case.court.locality},
        "parties": [
            {
                "role": party.role.value,
                "person": party.person.value,
                "name": party.name,
                "tax_id": party.tax_id,
                "country": party.country,
                "address": party.address,
                "postal_code": party.postal_code,
                "locality": party.locality,
                "province": party.province,
                "email": party.email,
                "phone": party.phone,
                "consumer": party.consumer,
                "representatives": [
                    {"quality": who.quality, "name": who.name, "tax_id": who.tax_id, "licence": who.licence}
                    for who in party.representatives
                ],
            }
            for party in case.parties
        ],
        "claim": {
            "currency": case.sheet.currency,
            "until": case.sheet.until.isoformat(),
            "principal": f"{case.sheet.principal.rounded().amount:f}",
            "interest": f"{case.sheet.interest.rounded().amount:f}",
            "recovery": f"{case.sheet.recovery.rounded().amount:f}",
            "costs": [{"text": cost.text, "amount": f"{cost.money.rounded().amount:f}"} for cost in case.costs],
            "total": f"{case.total.rounded().amount:f}",
        },
    }


def _documents(package: Package) -> bytes:
    rows = [
        ["orden", "fichero", "papel", "clase", "catalogo", "titulo", "paginas", "bytes", "sha256", "firmado", "pdfa"]
    ]
    for each in package.files:
        row = [str(each.order), each.name, each.role, each.kind, each.catalogue, each.title, str(each.pages)]
        rows.append([*row, str(each.size), each.sha256, "sí" if each.signed else "no", each.pdfa])
    return _csv(rows)


def _account(case: Case) -> bytes:
    rows = [["factura", "vencimiento", "concepto", "texto", "importe", "moneda"]]
    for each in case.sheet.invoices:
        for row in each.rows:
            amount = f"{row.money.rounded().amount:f}"
            start = [each.invoice.reference, each.invoice.due.isoformat(), row.concept, row.text]
            rows.append([*start, amount, row.money.currency])
    rows += [
        ["", "", "cost", cost.text, f"{cost.money.rounded().amount:f}", cost.money.currency] for cost in case.costs
    ]
    rows.append(["", "", "total", "Total", f"{case.total.rounded().amount:f}", case.total.currency])
    return _csv(rows, numbers=4)


def _csv(rows: list[list[str]], numbers: int | None = None) -> bytes:
    """`numbers` is the column of amounts, which we wrote ourselves: a minus there is no formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    for row in rows:
        writer.writerow([cell if place == numbers else harmless(cell) for place, cell in enumerate(row)])
    return out.getvalue().encode("utf-8-sig")


def _json(content: object) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode("utf-8")


def _put(archive: zipfile.ZipFile, name: str, content: bytes, *, packed: bool = True) -> None:
    info = zipfile.ZipInfo(name, _DAY)
    info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    archive.writestr(info, content)
