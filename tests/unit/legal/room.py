"""A small creditor with arrears, its settings in memory, and a bundle that is three text files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from cobranza.ledger.events import Actor
from cobranza.ledger.intake import import_ledger
from cobranza.ledger.models import Creditor, Invoice
from cobranza.ledger.receivables import Customer, OpenDocument, OpenLedger
from cobranza.ledger.registry import register_creditor
from cobranza.legal import acts, diary, dossier, house, opening, settings, signing, views, workflow
from cobranza.legal.case import Case, DocumentKind
from cobranza.legal.dossier import NewPaper
from cobranza.legal.house import Legal
from cobranza.legal.models import CaseDocument, LegalCase
from cobranza.legal.package import Package, PackageFile, write_manifest
from cobranza.legal.ports import Objection
from cobranza.legal.preparing import Assembled
from cobranza.legal.requirements import Requirements
from cobranza.legal.workflow import Shift

ROBOT = Actor.robot("prueba")
TODAY = date(2026, 3, 20)
PEPA = Customer(key="c1", name="Ferretería Pepa, S.L.", tax_id="B12345674", country="ES", email="pagos@pepa.example")
ANA = Customer(key="c2", name="Ana Ruiz Mora", tax_id="12345678Z", country="ES")
NEW = Customer(key="c3", name="Aceites del Ebro, S.A.", tax_id="A15900426", country="ES")


def rules(**changes: object) -> Legal:
    """The shipped settings' shape, with figures of our own."""
    raw = {
        "revision": {"cuatro_ojos": {"EUR": "5000.00"}},
        "umbrales": {
            "empresas": {
                "pais": "ES", "persona": "juridica", "importe": "600.00", "moneda": "EUR", "dias": 60,
                "prescripcion_anos": 5, "prescripcion_aviso": 90, "fuente": "CC art. 1964.2",
            }
        },
        "asignaciones": [{"abogado": "letrada"}],
        "acreedores": {
            "prueba": {
                "nombre": "Prueba, S.L.", "id": "A58818501", "domicilio": "Calle Mayor, 1", "codigo_postal": "28001",
                "localidad": "Madrid", "provincia": "Madrid",
                "representantes": [{"calidad": "procurador", "nombre": "Pablo Ruiz", "poder": "poder"}],
            }
        },
        "organos": [
            {"pais": "ES", "juzgado": "es_lexnet", "procedimiento": "monitorio", "nombre": "Al Tribunal de {localidad}"}
        ],
    }  # fmt: skip
    return Legal.model_validate(raw | changes)


def court() -> Requirements:
    """A court that asks for an invoice and for reviewed papers before the signature, and for a MASC before filing."""
    plain = {"bloquea": "firmar", "remedio": "Tráigalo.", "fuente": "De prueba"}
    return Requirements.model_validate(
        {
            "nombre": "Juzgado de prueba",
            "pais": "ES",
            "procedimientos": {"monitorio": "Monitorio"},
            "limites": {"fuente": "De prueba"},
            "presentacion": {"fuente": "De prueba"},
            "catalogo": {"otro": {"codigo": "DOC", "nombre": "Documento"}},
            "requisitos": [
                {"id": "factura", "regla": "documento", "clases": ["factura"], "texto": "Una factura", **plain},
                {"id": "revisados", "regla": "documentos_revisados", "texto": "Todo revisado", **plain},
                {"id": "masc", "regla": "masc_enviado", "texto": "Un MASC", **plain, "bloquea": "presentar"},
                {"id": "tipos", "regla": "tipos_verificados", "texto": "Tipos leídos", **plain, "bloquea": "avisa"},
            ],
        }
    )


def document(key: str, number: str, gross: str, due: date, *, customer: str = "c1", opens: str = "") -> OpenDocument:
    total = Decimal(gross)
    return OpenDocument(
        key=key,
        number=number,
        customer=customer,
        kind="invoice",
        issued_on=date(due.year, due.month, 1),
        due_on=due,
        currency="EUR",
        net=total,
        tax=Decimal(0),
        gross=total,
        open=Decimal(opens) if opens else total,
    )


OWED = (
    document("1", "F-1", "1210.00", date(2025, 12, 15)),
    document("2", "F-2", "605.50", date(2026, 1, 15), opens="500.00"),
    document("3", "F-3", "300.00", date(2025, 10, 1), customer="c2"),
    document("4", "F-4", "900.00", date(2026, 3, 1), customer="c3"),
)


def owe(creditor: Creditor, documents: Sequence[OpenDocument] = OWED) -> None:
    """Three debtors: one past the threshold, one under its amount, one not late enough."""
    listed = OpenLedger(
        customers=(PEPA, ANA, NEW),
        documents=tuple(documents),
        control_count=len(documents),
        control_source="recuento",
    )
    import_ledger(creditor, "tryton", listed, actor=ROBOT)


def assemble(case: Case, documents: Path, court: str, out: Path, writ: Path | None = None) -> Assembled:
    """Writ, account and every paper that may be filed, as they are."""
    folder = out / "paquete"
    folder.mkdir()
    files = [_file(folder, 1, "escrito.pdf", f"%PDF- {case.title} {case.total.amount}".encode(), role="escrito")]
    for paper in case.documents:
        if not paper.confidential:
            content = (documents / paper.file).read_bytes()
            made = _file(folder, len(files) + 1, f"{len(files):02d}-{paper.key}.pdf", content)
            files.append(replace(made, document=paper.key))
    package = Package(
        case=case.id,
        court=court,
        proceeding=case.proceeding,
        reference=case.own_reference,
        total=str(case.total.amount),
        currency=case.total.currency,
        claimants=tuple(each.tax_id for each in case.claimants),
        defendants=tuple(each.tax_id for each in case.defendants),
        files=tuple(files),
    )
    write_manifest(folder, package)
    (out / "expediente.pdf").write_bytes(b"%PDF-1.7 " + case.id.encode())
    (out / "escrito.docx").write_bytes(b"PK")
    return Assembled(
        package=package,
        package_folder="paquete",
        bundle="expediente.pdf",
        writ="escrito.docx",
        pages=7,
        preflight=(Objection(code="texto", text="El burofax no tiene texto.", blocking=False),),
    )


def _file(folder: Path, order: int, name: str, content: bytes, role: str = "anexo") -> PackageFile:
    (folder / name).write_bytes(content)
    return PackageFile(
        order=order,
        name=name,
        role=role,
        kind="otro",
        catalogue="DOC",
        title=name,
        media_type="application/pdf",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


@dataclass
class Room:
    """The legal room of one creditor at work."""

    creditor: Creditor
    settings: Legal

    @property
    def shift(self) -> Shift:
        return Shift(creditor=self.creditor, settings=self.settings, book=settings.rate_book(), assemble=assemble)

    def invoice(self, number: str) -> Invoice:
        return Invoice.objects.get(number=number)

    def alerted(self) -> LegalCase:
        """The one case that the arrears above give."""
        (row,) = workflow.alert(self.shift, on=TODAY)
        return row

    def accepted(self) -> LegalCase:
        """The same, in preparation, with the papers and the prior claim that a claim needs."""
        return opening.accept(self.alerted(), self.settings, on=TODAY, person="letrada")

    def paper(
        self, row: LegalCase, name: str, kind: DocumentKind = DocumentKind.INVOICE, **more: object
    ) -> CaseDocument:
        new = NewPaper(name=name, content=f"%PDF-1.7 {name}".encode(), kind=kind, **more)  # type: ignore[arg-type]
        return dossier.add_paper(row, new, self.settings, actor=Actor.person("ana"))


def make(monkeypatch: object, output: Path) -> Room:
    """The creditor, its arrears and its settings."""
    monkeypatch.setenv("COBRANZA_OUTPUT", str(output))  # type: ignore[attr-defined]
    found = rules()
    monkeypatch.setattr(house, "read", lambda: found)  # type: ignore[attr-defined]
    monkeypatch.setattr(views, "read_settings", lambda: found)  # type: ignore[attr-defined]
    monkeypatch.setattr(acts, "read_settings", lambda: found)  # type: ignore[attr-defined]
    monkeypatch.setattr(diary, "read_settings", lambda: found)  # type: ignore[attr-defined]
    asked = court()
    for module in (signing, dossier):
        monkeypatch.setattr(module, "requirements", lambda slug: asked)  # type: ignore[attr-defined]
    creditor = register_creditor("prueba", "Prueba, S.L.", actor=ROBOT, tax_id="A58818501", country="ES")
    owe(creditor)
    return Room(creditor, found)


def at(day: date, hour: int = 10) -> datetime:
    """An instant of a day."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
