"""Folder names on the wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.mail.imap.names import decode, encode, quote


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("Procesados", "Procesados"),
        ("Cobros & pagos", "Cobros &- pagos"),
        ("Señalización", "Se&APE-alizaci&APM-n"),
        ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),  # the example of RFC 3501
        ("", ""),
    ],
)
def test_encodes_as_the_standard_says(name: str, wire: str) -> None:
    assert encode(name) == wire
    assert decode(wire.encode()) == name


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_name_comes_back(name: str) -> None:
    wire = encode(name)
    assert wire.isascii()
    assert wire.isprintable()
    assert decode(wire.encode("ascii")) == name


@given(st.binary(max_size=60))
def test_decoding_never_fails(raw: bytes) -> None:
    assert isinstance(decode(raw), str)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_a_quoted_string_ends_where_it_should(text: str) -> None:
    inside = quote(text)[1:-1]
    assert inside.replace("\\\\", "").replace('\\"', "").count('"') == 0


@pytest.mark.parametrize("text", ["ñ", "a\r\nb", "\0"])
def test_only_printable_ascii_is_quoted(text: str) -> None:
    with pytest.raises(ValueError):
        quote(text)
