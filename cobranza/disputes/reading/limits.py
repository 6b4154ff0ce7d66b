"""How much of a message is read. Beyond the hard limits it is not read at all."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one message.

    Attributes:
        octets: Hard: size of the raw message.
        lines: Hard: line ends in it.
        work: Hard: line ends times declared boundaries, which is what parsing costs at worst.
        parts: Hard: MIME parts.
        depth: Hard: parts within parts.
        header_octets: Hard: all headers of the message together.
        attachments: Soft: files kept; the others are told in the notes.
        text: Soft: characters of the body.
        markup: Soft: characters of HTML that are read.
        header: Soft: characters of one header.
    """

    octets: int = 40 * 1024 * 1024
    lines: int = 1_000_000
    work: int = 20_000_000
    parts: int = 500
    depth: int = 25
    header_octets: int = 512 * 1024
    attachments: int = 100
    text: int = 100_000
    markup: int = 1_000_000
    header: int = 8_000


DEFAULT = Limits()
