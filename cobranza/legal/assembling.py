"""From the case to the files, by `cobranza.legal.bundle`, as the room keeps them."""

from __future__ import annotations

from pathlib import Path

from cobranza import suite
from cobranza.kernel import secrets
from cobranza.kernel.config import ConfigError
from cobranza.legal import house
from cobranza.legal.case import Case
from cobranza.legal.house import Legal
from cobranza.legal.preparing import Assembled


def assemble(case: Case, documents: Path, court: str, out: Path, writ: Path | None = None) -> Assembled:
    """Bundle, editable writ and filing package of a case, signed where ``config/legal.toml`` names a certificate.

    Args:
        case: What is claimed.
        documents: Folder with its papers.
        court: Slug.
        out: Where everything goes.
        writ: The lawyer's own copy of the writ, None for ours.

    Raises:
        BundleError, CertificateError, SigningFailed, InputToolMissing, SecretError: see `cobranza.legal.bundle`.
    """
    from cobranza.legal import bundle

    own = house.read().firma
    signer = None
    file = own.file()
    if file is not None and own.clave is not None:
        if not file.is_file():
            raise ConfigError(f"config/{Legal.FILE}: no hay un certificado {own.certificado}.")
        roots = suite.root() / own.confianza if own.confianza else None
        if roots is not None and not roots.is_file():
            raise ConfigError(f"config/{Legal.FILE}: no hay un fichero {own.confianza}.")
        signer = bundle.load_signer(
            file.read_bytes(),
            secrets.resolve(own.clave, base=suite.root()),
            level=own.nivel,
            tsa=own.sello_url,
            trust=bundle.certificates(roots.read_bytes()) if roots is not None else (),
        )
    made = bundle.prepare(case, documents, court, out, signer=signer, writ=writ)
    return Assembled(
        package=made.package,
        package_folder=made.folder.relative_to(out).as_posix(),
        bundle=made.review.relative_to(out).as_posix(),
        writ=made.writ.relative_to(out).as_posix(),
        pages=made.pages,
        preflight=made.objections,
        notes=made.notes,
    )
