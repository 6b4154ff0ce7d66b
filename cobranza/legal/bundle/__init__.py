"""A case as paper: one PDF for the people who review it, and the package of files that goes to court.

    made = prepare(case, documents, "es_lexnet", out)
    made.review, made.package, made.folder, made.findings

Pure: no database, no clock. The same case and the same documents give the same bytes until somebody signs.
"""

from __future__ import annotations

from cobranza.legal.bundle.preparation import BundleError, default_cache, prepare
from cobranza.legal.bundle.result import Bundle, WritFile
from cobranza.legal.bundle.signing import CertificateError, Signer, SigningFailed, certificates, load_signer

__all__ = [
    "Bundle",
    "BundleError",
    "CertificateError",
    "Signer",
    "SigningFailed",
    "WritFile",
    "certificates",
    "default_cache",
    "load_signer",
    "prepare",
]
