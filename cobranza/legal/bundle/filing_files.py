"""The files that go to court: each document in the form, the size and under the name that the portal takes.

A signed original is copied byte for byte and never cut, pressed or renamed inside. Everything else is made to fit in
this order: by document, by pages ("parte 1 de n"), without loss, with smaller images. What cannot fit is told.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pikepdf

from cobranza.legal.bundle import names, pdfa, signing
from cobranza.legal.bundle.annexes import Annex
from cobranza.legal.bundle.assembly import page_count
from cobranza.legal.bundle.images import Wanted
from cobranza.legal.bundle.pdfa import Proof
from cobranza.legal.bundle.signing import Signer
from cobranza.legal.bundle.sizes import Press
from cobranza.legal.bundle.typeset import Typeset
from cobranza.legal.case import Case, DocumentKind
from cobranza.legal.package import Package, PackageFile
from cobranza.legal.ports import Objection
from cobranza.legal.requirements import Limits, Requirements

_SIGNATURE_ROOM = 96 * 1024
_MIB = 1024 * 1024
_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "zip": "application/zip",
    "odt": "application/vnd.oasis.opendocument.text",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "rtf": "application/rtf",
    "xml": "application/xml",
    "txt": "text/plain",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A file on its way into the package; `keep`: its bytes may not change; `number`: as the writ quotes it, or 0."""

    path: Path
    role: str
    kind: DocumentKind
    title: str
    number: int = 0
    document: str = ""
    part: str = ""
    source_sha256: str = ""
    signed: bool = False
    keep: bool = False
    pdfa: str = ""

    @property
    def suffix(self) -> str:
        """Lower case, without dot."""
        return self.path.suffix.lower().removeprefix(".")

    @property
    def size(self) -> int:
        """Bytes."""
        return self.path.stat().st_size


@dataclass(slots=True)
class Workshop:
    """Makes the files of one package.

    Attributes:
        case: What is claimed.
        asked: Of the court.
        work: Folder for what is made on the way.
        signer: Our signature, None for none.
        objections: What could not be made to fit, and what a person should know.
    """

    case: Case
    asked: Requirements
    work: Path
    signer: Signer | None = None
    objections: list[Objection] = field(default_factory=list)

    @property
    def limits(self) -> Limits:
        """Of the portal."""
        return self.asked.limites

    def press(self, name: str) -> Press:
        """A press with a folder of its own."""
        folder = self.work / name
        folder.mkdir(parents=True, exist_ok=True)
        return Press(folder, self.case.prepared_on, self.limits.pdfa, self.limits.version_pdf)

    def own(self, name: str, made: Typeset, *, role: str, kind: DocumentKind, title: str) -> Candidate:
        """Pages of ours as a file."""
        file = self.work / f"{name}.pdf"
        with pdfa.made(made.content) as pdf:
            proof = pdfa.save(
                pdf,
                file,
                title=f"{title} · {self.case.id}",
                on=self.case.prepared_on,
                flavour=self.limits.pdfa or "2b",
                version=self.limits.version_pdf,
            )
        return Candidate(path=file, role=role, kind=kind, title=title, pdfa=proof.flavour)

    def annex(self, each: Annex) -> Candidate | None:
        """The file of an annex; None when it cannot be filed, which is told."""
        if each.made is not None:
            made = self.own(each.key, each.made, role="anexo", kind=each.kind, title=each.title)
            return replace(made, number=each.number)
        taken = each.taken
        if taken is None or taken.filed is None:
            return None
        verdict = taken.verdict
        path, keep = taken.filed, verdict.signed
        if path.suffix.lower().removeprefix(".") not in self.limits.formatos and taken.pdf is not None:
            if verdict.signed and path != taken.pdf:
                self._tell("firma_no_presentada", f"«{each.title}»: el original firmado no está entre los formatos "
                           "del portal; se presenta su versión legible.", blocking=False)  # fmt: skip
            path, keep = taken.pdf, False
        suffix = path.suffix.lower()
        if suffix != ".pdf" and path == taken.pdf:
            suffix = ".pdf"
        copy = self.work / f"{each.number:03d}{suffix or '.pdf'}"
        shutil.copyfile(path, copy)
        return Candidate(
            path=copy,
            role="anexo",
            kind=each.kind,
            title=each.title,
            number=each.number,
            document=each.key,
            source_sha256=verdict.sha256,
            signed=keep and verdict.signed,
            keep=keep,
            pdfa=verdict.pdfa if path == taken.pdf or not keep else "",
        )

    def fit(self, each: Candidate) -> list[Candidate]:
        """The candidate in the form and the size that the portal takes, in parts when it has to be."""
        if each.keep or each.suffix != "pdf":
            self._judge_size(each)
            return [each]
        each = self._in_form(each)
        limit = self._room(each)
        if not limit or each.size <= limit:
            return [each]
        press = self.press(f"{each.path.stem}-partes")
        pieces = press.split(each.path, each.title, limit)
        fitted = [self._smaller(press, each, piece, limit) for piece in pieces]
        total = len(fitted)
        if total == 1:
            return fitted
        return [replace(part, part=f"{place}/{total}") for place, part in enumerate(fitted, start=1)]

    def together(self, found: Sequence[Candidate], spare: int) -> list[Candidate]:
        """All of them within the limit of one filing, as far as that can be; `spare` bytes are kept free."""
        limit = self.limits.por_envio
        if not limit:
            return list(found)
        files = list(found)
        spare += sum(_SIGNATURE_ROOM for each in files if self._to_sign(each))
        for step in ("lossless", "squeezed"):
            order = sorted(range(len(files)), key=lambda place: -files[place].size)
            for place in order:
                total = sum(each.size for each in files) + spare
                if total <= limit:
                    return files
                each = files[place]
                if each.keep or each.suffix != "pdf":
                    continue
                press = self.press(f"{each.path.stem}-{step}-{place}")
                if step == "lossless":
                    files[place] = self._better(each, press.lossless(each.path, each.title))
                else:
                    made = press.squeezed(each.path, each.title, max(1, each.size - (total - limit)))
                    smallest = made or press.squeezed(each.path, each.title, each.size - 1)
                    if smallest is not None:
                        files[place] = self._better(each, smallest)
        total = sum(each.size for each in files) + spare
        if total > limit:
            self._tell(
                "tamano_envio",
                f"El envío ocupa {total / _MIB:.1f} MiB y el máximo es {limit / _MIB:.1f}; lo firmado no puede "
                "reducirse. Quite documentos o preséntelos en otro escrito.",
            )
        return files

    def sign(self, each: Candidate) -> Candidate:
        """Signed by us where the portal asks for it and nobody has signed yet."""
        if not self._to_sign(each) or self.signer is None:
            return each
        signing.sign_pdf(each.path, self.signer, reason=self.asked.nombre, place=self.case.place)
        return replace(each, signed=True)

    def _to_sign(self, each: Candidate) -> bool:
        needed = self.limits.firma_escrito if each.role == "escrito" else self.limits.firma_anexos
        return self.signer is not None and needed and not each.signed and each.suffix == "pdf"

    def _room(self, each: Candidate) -> int:
        limit = self.limits.por_fichero
        return max(1, limit - _SIGNATURE_ROOM) if limit and self._to_sign(each) else limit

    def _in_form(self, each: Candidate) -> Candidate:
        limits = self.limits
        wanted = Wanted(dpi=limits.ppp_maximo, grey=limits.gris, kb=limits.kb_por_imagen)
        if wanted != Wanted():
            made = self.press(f"{each.path.stem}-imagenes").as_wanted(each.path, each.title, wanted)
            if made is not None:
                path, proof, failed = made
                if path != each.path:
                    each = replace(each, path=path, pdfa=proof.flavour)
                if failed:
                    pages = ", ".join(str(page) for page in failed[:8])
                    self._tell("kb_por_imagen", f"«{each.title}»: no se logra bajar de {limits.kb_por_imagen} KB la "
                               f"imagen de la página {pages}.")  # fmt: skip
        with pikepdf.open(each.path) as pdf:
            version = pdf.pdf_version
        level = bool(limits.pdfa) and each.pdfa != limits.pdfa
        if level or (limits.version_pdf and version != limits.version_pdf):
            path, proof = self.press(f"{each.path.stem}-forma").rewritten(each.path, each.title)
            if proof.passed or not each.pdfa or limits.version_pdf:
                each = replace(each, path=path, pdfa=proof.flavour)
        return each

    def _smaller(self, press: Press, each: Candidate, piece: tuple[Path, Proof], limit: int) -> Candidate:
        part = replace(each, path=piece[0], pdfa=piece[1].flavour)
        if part.size > limit:
            part = self._better(part, press.lossless(part.path, part.title))
        if part.size > limit:
            made = press.squeezed(part.path, part.title, limit)
            if made is not None:
                part = self._better(part, made)
        self._judge_size(part)
        return part

    def _better(self, each: Candidate, made: tuple[Path, Proof]) -> Candidate:
        path, proof = made
        return replace(each, path=path, pdfa=proof.flavour) if path.stat().st_size < each.size else each

    def _judge_size(self, each: Candidate) -> None:
        limit = self.limits.por_fichero
        if limit and each.size > limit:
            why = "está firmado y no puede dividirse" if each.keep else "no se ha podido reducir más"
            self._tell("tamano_fichero", f"«{each.title}» ocupa {each.size / _MIB:.1f} MiB, el máximo es "
                       f"{limit / _MIB:.1f} y {why}.")  # fmt: skip

    def _tell(self, code: str, text: str, *, blocking: bool = True) -> None:
        self.objections.append(Objection(code=code, text=text, blocking=blocking))


def title_of(each: Candidate) -> str:
    """The description that goes with a file: "Documento n.º 4. Factura 7 (parte 1 de 3)"."""
    place, _, total = each.part.partition("/")
    title = f"Documento n.º {each.number}. {each.title}" if each.number else each.title
    return f"{title} (parte {place} de {total})" if each.part else title


def named(found: Sequence[Candidate], limits: Limits) -> list[str]:
    """File names in the order of filing."""
    given: list[str] = []
    for order, each in enumerate(found, start=1):
        given.append(file_name_of(order, each, limits, given))
    return given


def file_name_of(order: int, each: Candidate, limits: Limits, taken: Sequence[str]) -> str:
    """The name of one file."""
    title = f"Doc {each.number:02d} {each.title}" if each.number else each.title
    return names.file_name(order, title, each.suffix, limits, part=each.part, taken=taken)


def place_files(
    case: Case, court: str, asked: Requirements, found: Sequence[Candidate], given: Sequence[str], folder: Path
) -> Package:
    """Copy the candidates into `folder` under their names, and the package that describes them."""
    files: list[PackageFile] = []
    for order, (each, name) in enumerate(zip(found, given, strict=True), start=1):
        shutil.copyfile(each.path, folder / name)
        with (folder / name).open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        files.append(
            PackageFile(
                order=order,
                name=name,
                role=each.role,
                kind=each.kind.value,
                catalogue=asked.catalogue(each.kind).codigo,
                title=title_of(each),
                media_type=_TYPES.get(each.suffix, "application/octet-stream"),
                size=(folder / name).stat().st_size,
                sha256=sha256,
                document=each.document,
                part=each.part,
                pages=page_count(folder / name) if each.suffix == "pdf" else 0,
                source_sha256=each.source_sha256,
                signed=each.signed,
                pdfa=each.pdfa,
            )
        )
    return Package(
        case=case.id,
        court=court,
        proceeding=case.proceeding,
        reference=case.own_reference,
        total=f"{case.total.rounded().amount:f}",
        currency=case.total.currency,
        claimants=tuple(party.tax_id or party.name for party in case.claimants),
        defendants=tuple(party.tax_id or party.name for party in case.defendants),
        files=tuple(files),
    )
