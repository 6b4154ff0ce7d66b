"""From a case and the folder of its documents to everything that people review, sign off, file and keep."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from cobranza import suite
from cobranza.kernel.errors import BusinessError
from cobranza.legal.bundle import eni, filed_index, front, preflight, signing, writ_docx
from cobranza.legal.bundle.annexes import Annex, annexes_of, barred
from cobranza.legal.bundle.assembly import Part, assemble
from cobranza.legal.bundle.eni import Archive
from cobranza.legal.bundle.export import write_export
from cobranza.legal.bundle.filing_files import Candidate, Workshop, named, place_files, title_of
from cobranza.legal.bundle.result import Bundle, WritFile
from cobranza.legal.bundle.review import build_review
from cobranza.legal.bundle.signing import Signer
from cobranza.legal.bundle.typeset import Typeset
from cobranza.legal.bundle.writ import Writ, compose
from cobranza.legal.bundle.writ_pages import writ_pages
from cobranza.legal.case import Case, DocumentKind
from cobranza.legal.inputs import Converter
from cobranza.legal.inputs.verdict import Taken
from cobranza.legal.package import Package, write_manifest
from cobranza.legal.ports import Objection
from cobranza.legal.requirements import Requirements, requirements

REVIEW, WRIT, FILING, ARCHIVE, EXPORT = "revision", "escrito", "presentacion", "archivo", "exportacion"
REPORT = "informe.json"
BLOCKED_MANIFEST = "manifest.bloqueado.json"
_DRAFT = ".preparando"
_INDEX_ROOM = 256 * 1024


class BundleError(BusinessError):
    """A bundle that cannot be prepared at all."""

    code = "COB-LEG-034"
    remedy = "Corrija lo que se indica y vuelva a preparar el expediente."


def default_cache() -> Path:
    """Where conversions are kept when nobody says otherwise."""
    return suite.data_folder() / "conversiones"


def prepare(
    case: Case,
    documents: Path,
    court: str,
    out: Path,
    *,
    signer: Signer | None = None,
    converter: Converter | None = None,
    writ: Path | None = None,
    archive: Archive | None = None,
    processes: int = 2,
) -> Bundle:
    """Prepare everything into `out`; the folders of an earlier preparation there are replaced at the very end.

    Args:
        case: What is claimed.
        documents: Folder in which `Document.file` is looked for; only read.
        court: Slug of the court.
        out: Gets `revision/`, `escrito/`, `presentacion/`, `archivo/`, `exportacion/` and `informe.json`.
        signer: Our signature; None leaves unsigned what the portal asks to be signed, and says so.
        converter: None makes one with the suite's own cache.
        writ: A lawyer's DOCX or PDF that goes in the place of ours.
        archive: Who keeps the ENI index.
        processes: Conversions at a time.

    Returns:
        The bundle. Whatever is wrong with documents or sizes is in its findings and stops nothing else.

    Raises:
        UnknownCourtError: no such court.
        BundleError: the documents' folder is not there, or `writ` cannot be used.
        WritTemplateError, CertificateError, SigningFailed, EniError, InputToolMissing: see there.
    """
    asked = requirements(court)
    slug = court.replace("-", "_")
    if not documents.is_dir():
        raise BundleError(f"No hay una carpeta {documents}.", remedy="Indique la carpeta de los documentos.")
    draft = out / _DRAFT
    if draft.exists():
        shutil.rmtree(draft)
    for name in (REVIEW, WRIT, FILING, ARCHIVE, EXPORT, "taller"):
        (draft / name).mkdir(parents=True)
    try:
        with ExitStack() as stack:
            convert = converter or stack.enter_context(Converter(default_cache()))
            made = _Preparation(case, documents, slug, asked, draft, signer, convert, archive, processes).run(writ)
        return _settle(made, draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


class _Preparation:
    """One preparation, step by step, in the draft folder."""

    def __init__(
        self,
        case: Case,
        documents: Path,
        court: str,
        asked: Requirements,
        draft: Path,
        signer: Signer | None,
        converter: Converter,
        archive: Archive | None,
        processes: int,
    ) -> None:
        self.case = case
        self.documents = documents
        self.court = court
        self.asked = asked
        self.draft = draft
        self.signer = signer
        self.converter = converter
        self.archive_settings = archive
        self.processes = processes
        self.workshop = Workshop(case, asked, draft / "taller", signer)
        self.findings: list[Objection] = []

    def run(self, edited: Path | None) -> Bundle:
        taken = self._take()
        annexes = annexes_of(self.case, taken)
        composed = compose(self.case, annexes)
        self._about(composed)
        writ_file, source = self._writ(composed, edited)
        candidates = self._candidates(composed, source, annexes)
        package = self._place(candidates)
        self.findings += self.workshop.objections
        folder = self.draft / FILING
        self.findings += preflight.check(
            self.case, package, folder, self.asked, unsigned_blocks=self.signer is not None
        )
        findings = tuple(sorted(dict.fromkeys(_unsigned_once(self.findings)), key=lambda each: not each.blocking))
        review = build_review(
            self.case,
            court=self.asked.nombre,
            proceeding=self._proceeding(),
            writ=source if isinstance(source, Typeset) else _shown(source),
            writ_name=composed.name,
            annexes=annexes,
            file=self.draft / REVIEW / f"{self.case.id}.pdf",
            warnings=[each.text for each in findings],
        )
        if self.signer is not None:
            signing.sign_pdf(review.file, self.signer, reason=f"Expediente {self.case.id}", place=self.case.place)
        blocked = any(each.blocking for each in findings)
        _write_manifest(folder, package, blocked=blocked)
        kept = self._archive(package)
        export = write_export(
            self.case, package, folder, self.draft / EXPORT / f"{self.case.id}.zip", writ_file.docx, *kept
        )
        bundle = Bundle(
            case=self.case.id,
            court=self.court,
            review=review.file,
            review_pdfa=review.assembled.proof.flavour,
            folios=review.folios,
            package=package,
            folder=folder,
            findings=findings,
            verdicts={key: each.verdict for key, each in taken.items()},
            writ_file=writ_file,
            archive=kept,
            export=export,
            report=self.draft / REPORT,
        )
        text = json.dumps(bundle.as_dict(), ensure_ascii=False, indent=2, sort_keys=True)
        bundle.report.write_text(text + "\n", encoding="utf-8")
        return bundle

    def _take(self) -> dict[str, Taken]:
        """Convert every document that may leave the house, and say what is wrong with any."""
        hidden = barred(self.case)
        going = [each for each in self.case.documents if each.key not in hidden]
        for each in self.case.documents:
            if each.key in hidden:
                text = f"«{each.title}» es confidencial: no entra en el expediente ni en la presentación."
                self.findings.append(Objection(code="confidencial", text=text, file=each.file, blocking=False))
        found = self.converter.take_all(
            [self.documents / each.file for each in going],
            self.processes,
            redact=[each.redact for each in going],
        )
        for each, taken in zip(going, found, strict=True):
            verdict = taken.verdict
            for reason in verdict.reasons:
                text = f"«{each.title}» ({each.file}): {reason.text} {reason.remedy}".strip()
                self.findings.append(Objection(code=reason.code, text=text, file=each.file, blocking=reason.rejects))
            if each.sha256 and verdict.sha256 != each.sha256:
                text = f"«{each.title}» ({each.file}) no es el fichero que se incorporó al expediente: ha cambiado."
                self.findings.append(Objection(code="cambiado", text=text, file=each.file))
        return {each.key: taken for each, taken in zip(going, found, strict=True)}

    def _about(self, composed: Writ) -> None:
        if composed.reviewed is None:
            text = f"Ningún abogado ha revisado la plantilla «{composed.name}»: léase el escrito entero."
            self.findings.append(Objection(code="plantilla_sin_revisar", text=text, blocking=False))
        if self.case.sheet.unverified:
            text = f"Hay tipos de interés sin comprobar en {', '.join(self.case.sheet.unverified)}."
            self.findings.append(Objection(code="tipos_sin_verificar", text=text, blocking=False))

    def _writ(self, composed: Writ, edited: Path | None) -> tuple[WritFile, Typeset | Taken]:
        docx = self.draft / WRIT / "escrito.docx"
        generated = writ_docx.write_docx(composed, self.case, docx)
        if edited is None or (edited.suffix.lower() == ".docx" and not writ_docx.edited(edited, generated)):
            return WritFile(docx=docx, generated_sha256=generated, origin="generado"), writ_pages(
                composed, self.case.id
            )
        taken = self.converter.take(edited)
        if taken.verdict.rejected or taken.view is None:
            told = " ".join(f"{each.text} {each.remedy}".strip() for each in taken.verdict.reasons)
            raise BundleError(f"El escrito {edited.name} no se puede usar: {told}")
        shutil.copyfile(edited, self.draft / WRIT / f"aportado{edited.suffix.lower()}")
        origin = "editado" if edited.suffix.lower() == ".docx" else "aportado"
        text = f"El escrito es el de {edited.name}, {origin} por un abogado, y no el generado: revise que sus importes "
        text += "y sus documentos son los del expediente."
        self.findings.append(Objection(code=f"escrito_{origin}", text=text, file=edited.name, blocking=False))
        made = WritFile(docx=docx, generated_sha256=generated, origin=origin, source_sha256=taken.verdict.sha256)
        return made, taken

    def _candidates(self, composed: Writ, source: Typeset | Taken, annexes: Sequence[Annex]) -> list[Candidate]:
        workshop = self.workshop
        if isinstance(source, Typeset):
            writ = workshop.own("escrito", source, role="escrito", kind=DocumentKind.WRIT, title=composed.name)
        else:
            copy = self.draft / "taller" / "escrito.pdf"
            shutil.copyfile(_shown(source) if source.filed is None else source.filed, copy)
            verdict = source.verdict
            writ = Candidate(
                path=copy,
                role="escrito",
                kind=DocumentKind.WRIT,
                title=composed.name,
                source_sha256=verdict.sha256,
                signed=verdict.signed,
                keep=verdict.signed,
                pdfa=verdict.pdfa,
            )
        found = [each for annex in annexes if (each := workshop.annex(annex)) is not None]
        if self.asked.limites.documento_unico == "si":
            return workshop.fit(self._joined(writ, found, annexes))
        fitted = [part for each in (writ, *found) for part in workshop.fit(each)]
        return workshop.together(fitted, _INDEX_ROOM if self.asked.limites.indice_primero else 0)

    def _joined(self, writ: Candidate, found: Sequence[Candidate], annexes: Sequence[Annex]) -> Candidate:
        """One PDF with everything, for the portals that take no more than one."""
        shown = {each.key: each.view for each in annexes if each.view is not None}
        copies = {each.key for each in annexes if each.copy}
        parts = [Part(key="", bookmark=writ.title, source=writ.path)]
        for each in found:
            if each.document in copies:
                text = (
                    f"«{each.title}» está firmado y el portal pide un solo PDF: se presenta una copia de sus páginas."
                )
                self.findings.append(Objection(code="firma_no_presentada", text=text, blocking=False))
            mark = front.COPY_MARK if each.document in copies else ""
            parts.append(Part(key="", bookmark=each.title, source=shown.get(each.document, each.path), copy=mark))
        file = self.draft / "taller" / "unico.pdf"
        made = assemble(parts, file, title=f"{writ.title} · {self.case.id}", on=self.case.prepared_on)
        return Candidate(path=file, role="escrito", kind=DocumentKind.WRIT, title=writ.title, pdfa=made.proof.flavour)

    def _place(self, candidates: list[Candidate]) -> Package:
        """Sign, list and name the files. The index goes second and tells the final hash of every annex."""
        workshop, limits = self.workshop, self.asked.limites
        writs = [each for each in candidates if each.role == "escrito"]
        others = [workshop.sign(each) for each in candidates if each.role != "escrito"]
        if limits.indice_primero and limits.documento_unico == "no" and others:
            listing = Candidate(
                path=self.draft / "taller" / "indice.pdf",
                role="indice",
                kind=DocumentKind.OTHER,
                title=filed_index.TITLE,
            )
            order = [*writs, listing, *others]
            given = named(order, limits)
            scratch = self.draft / "taller" / "hashes"
            scratch.mkdir()
            hashed = place_files(
                self.case, self.court, self.asked, [*writs, *others],
                [name for name, each in zip(given, order, strict=True) if each is not listing], scratch,
            )  # fmt: skip
            sha256 = {each.name: each.sha256 for each in hashed.files if each.role == "anexo"}
            pages = {each.name: each.pages for each in hashed.files}
            shutil.rmtree(scratch)
            rows = [
                (name, title_of(each), pages.get(name, 0), sha256.get(name, ""))
                for name, each in zip(given, order, strict=True)
            ]
            made = filed_index.index_pages(self.case, self._proceeding(), rows)
            index = workshop.own("indice", made, role="indice", kind=DocumentKind.OTHER, title=filed_index.TITLE)
            others = [workshop.sign(index), *others]
        final = [*(workshop.sign(each) for each in writs), *others]
        return place_files(self.case, self.court, self.asked, final, named(final, limits), self.draft / FILING)

    def _archive(self, package: Package) -> tuple[Path, ...]:
        folder = self.draft / ARCHIVE
        if self.case.country == "CO":
            return filed_index.write_colombian(self.case, package, folder)
        if self.case.country == "ES" and self.signer is not None:
            file = eni.write_index(self.case, package, folder / "indice_eni.xml", self.signer, self.archive_settings)
            return (file,)
        return ()

    def _proceeding(self) -> str:
        return self.asked.procedimientos.get(self.case.proceeding, self.case.proceeding)


def _unsigned_once(found: Sequence[Objection]) -> list[Objection]:
    """What is still to be signed, told once and not for each file."""
    unsigned = [each for each in found if each.code == "firma" and not each.blocking]
    kept = [each for each in found if each not in unsigned]
    if unsigned:
        text = f"El portal pide firma en {len(unsigned)} ficheros y no se ha dado un certificado: quedan sin firmar."
        kept.append(Objection(code="firma", text=text, blocking=False))
    return kept


def _shown(taken: Taken) -> Path:
    if taken.view is None:
        raise BundleError(f"El escrito {taken.original.name} no se puede mostrar.")
    return taken.view


def _write_manifest(folder: Path, package: Package, *, blocked: bool) -> None:
    """The manifest, under another name while something blocks: nobody can sign off or file by it; and SHA256SUMS."""
    manifest = write_manifest(folder, package)
    if blocked:
        manifest.replace(folder / BLOCKED_MANIFEST)
    sums = "".join(f"{each.sha256}  {each.name}\n" for each in package.files)
    (folder / "SHA256SUMS").write_text(sums, encoding="utf-8")


def _settle(made: Bundle, draft: Path, out: Path) -> Bundle:
    """Put the finished folders in the place of the former ones; the bundle with its paths there."""
    for name in (REVIEW, WRIT, FILING, ARCHIVE, EXPORT, REPORT):
        old, new = out / name, draft / name
        if old.is_dir():
            shutil.rmtree(old)
        new.replace(old)

    def there(path: Path) -> Path:
        return out / path.relative_to(draft)

    return replace(
        made,
        review=there(made.review),
        folder=there(made.folder),
        writ_file=replace(made.writ_file, docx=there(made.writ_file.docx)),
        archive=tuple(there(each) for each in made.archive),
        export=there(made.export),
        report=there(made.report),
    )
