"""Our own RFC 3161 time stamp on what proves a filing, from a service that the settings name; off by default."""

from __future__ import annotations

import hashlib
import secrets

import httpx
from asn1crypto import algos, core, tsp  # type: ignore[import-untyped]

from cobranza.kernel.errors import ApplicationError

_SECONDS = 15.0
_MOST_BYTES = 256 * 1024
_GRANTED = ("granted", "granted_with_mods")


class StampRefused(ApplicationError):
    """The time-stamping service does not answer, or not to what was asked."""

    code = "COB-PRE-009"
    remedy = "El acuse vale igual; compruebe «sello_url» en config/courts.toml y séllelo más tarde."


class Stamper:
    """Asks a time-stamping service for a token over the SHA-256 of some bytes.

    Args:
        url: Of the service.
        line: HTTP client; one with a time limit by default.
    """

    def __init__(self, url: str, line: httpx.Client | None = None) -> None:
        self._url = url
        self._line = line or httpx.Client(timeout=_SECONDS)

    def __call__(self, content: bytes) -> bytes:
        """The token (DER, what ``openssl ts -verify`` takes with ``-token_in``).

        Raises:
            StampRefused: no answer, a refusal, or a token over something else.
        """
        digest, nonce = hashlib.sha256(content).digest(), secrets.randbits(63)
        asked = tsp.TimeStampReq(
            {
                "version": 1,
                "message_imprint": {
                    "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                    "hashed_message": digest,
                },
                "nonce": nonce,
                "cert_req": True,
            }
        )
        try:
            answer = self._line.post(
                self._url, content=asked.dump(), headers={"Content-Type": "application/timestamp-query"}
            )
            answer.raise_for_status()
        except httpx.HTTPError as exc:
            raise StampRefused(f"El servicio de sellado no contesta: {exc}.") from exc
        return _token(answer.content, digest, nonce)


def _token(answer: bytes, digest: bytes, nonce: int) -> bytes:
    if len(answer) > _MOST_BYTES:
        raise StampRefused("El servicio de sellado contesta algo desmesurado.")
    try:
        response = tsp.TimeStampResp.load(answer)
        status = response["status"]["status"].native
        if status not in _GRANTED:
            raise StampRefused(f"El servicio de sellado no sella: {status}.")
        token = response["time_stamp_token"]
        info = token["content"]["encap_content_info"]["content"].parsed
        imprint = info["message_imprint"]["hashed_message"].native
        same = imprint == digest and info["nonce"].native == nonce
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise StampRefused(f"El sello de tiempo no se entiende: {exc}.") from exc
    if not same or not isinstance(token, core.Sequence):
        raise StampRefused("El sello de tiempo no es de lo que se pidió.")
    whole: bytes = token.dump()
    return whole
