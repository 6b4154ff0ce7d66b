"""A person's or house's certificate for logging in where a server asks for one in the TLS handshake.

It is read from its PKCS #12 file with a password from the secrets store, and stays in memory: no temporary file, no
argument list, no log. It is shown to one origin only. A server whose own authority is not public is trusted by the
browser's process when `NODE_EXTRA_CA_CERTS` names that authority's PEM file; an unknown one is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from playwright.sync_api import Response

from cobranza.kernel.errors import BusinessError
from cobranza.kernel.secrets import Secret

_PLAYWRIGHTS_OWN = 503
_TOLD_BY_PLAYWRIGHT = "Playwright client-certificate error:"


class CertificateUnreadable(BusinessError):
    """A PKCS #12 file that cannot be opened, or without a key."""

    code = "COB-NAV-003"
    remedy = "Compruebe el fichero del certificado y su clave; expórtelo otra vez con su clave privada (.p12 o .pfx)."


class ServerNotTrusted(BusinessError):
    """The server that asks for a certificate is not who its address says, or nobody we trust vouches for it."""

    code = "COB-NAV-004"
    remedy = (
        "No se ha presentado el certificado. Compruebe la dirección del portal; si su autoridad no es pública, indique "
        "el fichero PEM con ella en la variable de entorno NODE_EXTRA_CA_CERTS."
    )


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate with its key, and the only origin that is shown it.

    Attributes:
        origin: Scheme, host and port, for example ``https://sede.example:8443``.
        chain: The certificate and those of its authority that came with it, PEM.
        key: Its private key, PEM, not encrypted.
    """

    origin: str
    chain: bytes = field(repr=False)
    key: bytes = field(repr=False)

    @classmethod
    def read(cls, content: bytes, password: Secret | None, address: str) -> ClientCertificate:
        """Open a PKCS #12 file.

        Args:
            content: The file.
            password: Its password, None for none.
            address: Any https address of the server that is shown the certificate.

        Raises:
            CertificateUnreadable: wrong password, no such file, no key in it, or an address that is not https.
        """
        parts = urlsplit(address)
        if parts.scheme != "https" or not parts.hostname:
            raise CertificateUnreadable(
                "Un certificado solo se presenta a una dirección https.",
                remedy="Corrija la dirección del portal en config/.",
            )
        try:
            opened = pkcs12.load_key_and_certificates(content, password.reveal().encode() if password else None)
        except ValueError as exc:
            raise CertificateUnreadable(
                "El certificado no se abre: la clave no es la suya o el fichero está mal."
            ) from exc
        key, own, others = opened
        if key is None or own is None:
            raise CertificateUnreadable("El fichero del certificado no trae su clave privada.")
        chain = b"".join(each.public_bytes(Encoding.PEM) for each in (own, *others))
        plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return cls(origin=f"{parts.scheme}://{parts.netloc}", chain=chain, key=plain)


def require_trusted(answer: Response | None) -> None:
    """Raise `ServerNotTrusted` when a page came from Playwright instead of a server that asks for a certificate.

    The handshake is Playwright's own; what goes wrong with it is told on a page in the server's place.
    """
    if answer is None or answer.status != _PLAYWRIGHTS_OWN:
        return
    told = answer.text()
    if told.startswith(_TOLD_BY_PLAYWRIGHT):
        raise ServerNotTrusted(f"No se puede confiar en el servidor: {told.removeprefix(_TOLD_BY_PLAYWRIGHT).strip()}.")
