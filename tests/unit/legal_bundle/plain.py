"""A small claim whose documents are PDF/A already, and a converter that only looks at them: fast, no programs."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import cast

import pikepdf
from PIL import Image
from reportlab.platypus import Flowable, PageBreak

from cobranza.kernel.money import Money
from cobranza.kernel.secrets import Secret
from cobranza.legal.bundle import load_signer, pdfa, typeset
from cobranza.legal.bundle.signing import Signer, is_signed, sign_pdf
from cobranza.legal.case import (
    Case,
    Contact,
    Cost,
    Court,
    Document,
    DocumentKind,
    Party,
    Person,
    PriorClaim,
    Representative,
    Role,
)
from cobranza.legal.inputs import Converter, Finding, State, Taken, Verdict
from cobranza.legal.interest import Payment
from cobranza.legal.requirements import Requirements
from cobranza.legal.sheet import Invoice, prepare
from cobranza.regimes.interest import book
from tests import legal_example

ON = date(2025, 6, 17)
REQUIREMENTS = {
    "nombre": "Portal de pruebas",
    "pais": "ES",
    "procedimientos": {"monitorio": "Proceso monitorio"},
    "limites": {"fuente": "inventado para la prueba", "verificado": ON},
    "presentacion": {"fuente": "inventado para la prueba"},
    "catalogo": {"escrito": {"codigo": "MON", "nombre": "Petición"}, "otro": {"codigo": "DOC", "nombre": "Documento"}},
}


def requirements(**limits: object) -> Requirements:
    """A court with these limits."""
    return Requirements.model_validate({**REQUIREMENTS, "limites": {**REQUIREMENTS["limites"], **limits}})  # type: ignore[dict-item]


def signer() -> Signer:
    """The test identity."""
    return load_signer(legal_example.identity(), Secret(legal_example.PASSWORD))


def euros(text: str) -> Money:
    return Money("EUR", Decimal(text))


def claim(*documents: Document) -> Case:
    """A Spanish claim of two invoices, with these documents."""
    invoices = [
        Invoice(
            reference="2025-014",
            principal=euros("1860.01"),
            due=date(2025, 1, 13),
            payments=(Payment(on=date(2025, 3, 31), money=euros("250.00")),),
        ),
        Invoice(reference="2025-031", principal=euros("2095.50"), due=date(2025, 2, 20)),
    ]
    return Case(
        id="EXP-2025-000007",
        country="ES",
        proceeding="monitorio",
        reference="IBZ-7",
        court=Court(name="Juzgado de Primera Instancia de Coslada", locality="Coslada"),
        parties=(
            Party(
                role=Role.CLAIMANT,
                person=Person.LEGAL,
                name="Suministros Ibaizábal, S.L.",
                tax_id="B48765432",
                address="Calle Licenciado Poza 55",
                representatives=(
                    Representative(quality="abogado", name="Nerea Garay Lasa", licence="Bizkaia 7.412", power="poder"),
                ),
            ),
            Party(
                role=Role.DEFENDANT,
                person=Person.LEGAL,
                name="Construcciones Vallejera, S.A.",
                tax_id="A28543213",
                address="Avenida de la Industria 14",
                locality="Coslada",
            ),
        ),
        title="Suministro de material",
        sheet=prepare(book(), invoices, country="ES", until=date(2025, 6, 16)),
        prepared_on=ON,
        costs=(Cost(text="Burofax", money=euros("42.35")),),
        documents=documents,
        prior_claims=(
            PriorClaim(
                kind="masc",
                sent_on=date(2025, 4, 10),
                reached_on=date(2025, 4, 14),
                channel="burofax",
                offers_masc=True,
                document=documents[0].key if documents else "",
            ),
        ),
        contacts=(
            Contact(at="2025-01-20T10:12:00+01:00", channel="correo", text="Aviso", event="91", hash="ab" * 32),
            Contact(at="2025-02-26T12:40:00+01:00", channel="teléfono", text="Llamada", outcome="promesa"),
        ),
        place="Bilbao",
    )


def document(folder: Path, key: str, pages: int = 1, *, kind: DocumentKind = DocumentKind.INVOICE) -> Document:
    """A document of text, PDF/A, with words that name it on every page."""
    story = [part for page in range(pages) for part in _page(f"Contenido de {key}, hoja {page + 1}")]
    made = typeset.typeset(story, title=key, numbered=False)
    with pdfa.made(made.content) as pdf:
        proof = pdfa.save(pdf, folder / f"{key}.pdf", title=key, on=ON)
    assert proof.passed and made.pages == pages
    return Document(key=key, file=f"{key}.pdf", title=f"Título de {key}", kind=kind, dated=ON)


def scan(folder: Path, key: str, pages: int = 1, *, size: int = 900, noise: bool = True) -> Document:
    """Pages with one colour image each, full of noise so that it packs badly, and a little text."""
    plain = document(folder, key, pages)
    file = folder / plain.file
    with pikepdf.open(file, allow_overwriting_input=True) as pdf:
        for number, page in enumerate(pdf.pages):
            picture = Image.effect_noise((size, int(size * 1.4)), 90 if noise else 1).convert("RGB")
            if not noise:
                picture.paste((200, 10, 10), (number, 0, size, 200))
            out = io.BytesIO()
            picture.save(out, "JPEG", quality=90)
            image = pdf.make_stream(out.getvalue())
            image.Type, image.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
            image.Width, image.Height, image.BitsPerComponent = picture.width, picture.height, 8
            image.ColorSpace, image.Filter = pikepdf.Name.DeviceRGB, pikepdf.Name.DCTDecode
            name = page.add_resource(image, pikepdf.Name.XObject)
            page.contents_add(f"q 595 0 0 842 0 0 cm {name} Do Q\n".encode(), prepend=True)
        pdfa.save(pdf, file, title=key, on=ON)
    return plain


def signed(folder: Path, key: str) -> Document:
    """A document that somebody has signed; what it looked like before lies beside it for the bundle."""
    plain = document(folder, key, kind=DocumentKind.PRIOR_CLAIM)
    shutil.copyfile(folder / plain.file, folder / f"{key}.view")
    sign_pdf(folder / plain.file, signer(), reason="original")
    return replace(plain, original=True)


def _page(words: str) -> list[Flowable]:
    return [typeset.text(words), PageBreak()]


class Looks:
    """Takes PDF files as they are; `.roto` files are rejected."""

    def take(self, path: Path, *, redact: tuple[str, ...] = ()) -> Taken:
        content = path.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        base = Verdict(
            file=path.name,
            sha256=sha256,
            media_type="application/pdf",
            size=len(content),
            kind="pdf",
            state=State.OK,
            pdfa="2b",
            text_layer=True,
        )
        if not content.startswith(b"%PDF"):
            reason = Finding(code="danado", text="Está dañado.", remedy="Tráigalo otra vez.", rejects=True)
            return Taken(verdict=replace(base, state=State.REJECTED, pdfa="", reasons=(reason,)), original=path)
        with pikepdf.open(path) as pdf:
            base = replace(base, pages=len(pdf.pages))
        if is_signed(path):
            verdict = replace(
                base, state=State.AS_IS, signed=True, signers=("GARAY LASA NEREA",), signature_intact=True, pdfa=""
            )
            return Taken(verdict=verdict, original=path, view=path.with_suffix(".view"))
        return Taken(verdict=base, original=path, pdf=path, view=path)

    def take_all(
        self, paths: Sequence[Path], processes: int = 2, *, redact: Sequence[tuple[str, ...]] | None = None
    ) -> list[Taken]:
        return [self.take(path) for path in paths]


def looks() -> Converter:
    """The converter double under the type that `prepare` asks for."""
    return cast(Converter, Looks())
