"""What is written into a desk."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as some

from cobranza.disputes.ports import Attachment
from connectors.ticketing import words


def file(name: str, content: bytes) -> Attachment:
    return Attachment(name=name, media_type="text/plain", sha256="", content=content)


ANY = some.text(alphabet=some.characters(exclude_categories=()), max_size=300)


@given(text=ANY, limit=some.integers(100, 400))
def test_text_is_bounded_and_can_be_sent(text: str, limit: int) -> None:
    sound = words.plain(text, limit)

    assert len(sound) <= limit
    assert json.loads(json.dumps(sound).encode()) == sound
    sound.encode("utf-8")
    assert "{{" not in sound
    assert not any(sign < " " and sign not in "\n\t" for sign in sound)


@given(text=ANY)
def test_a_line_is_one_line(text: str) -> None:
    assert len(words.line(text, 50).splitlines()) <= 1
    assert len(words.line(text, 50)) <= 50


@given(name=ANY)
def test_a_file_name_is_a_name(name: str) -> None:
    sound = words.file_name(name)

    assert sound
    assert len(sound) <= 150
    assert not set(sound) & set('/\\"<>|*?\r\n\x00')


def test_a_file_name_keeps_its_ending() -> None:
    assert words.file_name("x" * 500 + ".pdf").endswith("x.pdf")


@given(one=ANY, two=ANY)
def test_two_keys_have_two_external_ids_whatever_the_case(one: str, two: str) -> None:
    same = words.external_id(one).lower() == words.external_id(two).lower()

    assert same == (one == two)
    assert words.key_of(words.external_id(one)) is not None


def test_a_key_of_plain_letters_comes_back() -> None:
    key = "0f3a" * 16 + ":nota"

    assert words.key_of(words.external_id(key)) == key
    for stranger in (None, "", 7, "otro:1"):
        assert words.key_of(stranger) is None


def test_files_fit_by_size_and_number() -> None:
    files = [file("a", b"12345"), file("b", b""), file("c", b"1234567890"), file("d", b"123"), file("e", b"1")]

    taken, left = words.fitting(files, each=6, together=8, most=2)

    assert [one.name for one in taken] == ["a", "d"]
    assert [one.name for one in left] == ["b", "c", "e"]
    assert "c (10 bytes)" in words.left_out(left)
    assert words.left_out([]) == ""
