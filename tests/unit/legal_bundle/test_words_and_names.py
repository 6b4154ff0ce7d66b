"""Amounts in words, and names that a portal takes."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.kernel.money import Money
from cobranza.legal.bundle.names import allowed, file_name
from cobranza.legal.bundle.words import in_words, number, ordinal
from cobranza.legal.bundle.writ import compose, template_of
from tests.unit.legal_bundle import plain


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [
        ("0.00", "EUR", "cero euros"),
        ("1.00", "EUR", "un euro"),
        ("101.21", "EUR", "ciento un euros con veintiún céntimos"),
        ("3984.77", "EUR", "tres mil novecientos ochenta y cuatro euros con setenta y siete céntimos"),
        ("1000000.00", "EUR", "un millón de euros"),
        ("21031021.00", "EUR", "veintiún millones treinta y un mil veintiún euros"),
        ("3817879", "CLP", "tres millones ochocientos diecisiete mil ochocientos setenta y nueve pesos chilenos"),
        ("76357.60", "MXN", "setenta y seis mil trescientos cincuenta y siete pesos 60/100 M.N."),
        ("15026.71", "PEN", "quince mil veintiséis y 71/100 soles"),
        ("500.05", "COP", "quinientos pesos colombianos con cinco centavos"),
    ],
)
def test_amounts_in_words(amount: str, currency: str, told: str) -> None:
    assert in_words(Money(currency, Decimal(amount))) == told


def test_no_words_for_what_is_no_amount() -> None:
    for amount in ("-1.00", "0.001", "1000000000000000"):
        with pytest.raises(ValueError, match="EUR"):
            in_words(Money("EUR", Decimal(amount)))


@given(st.integers(min_value=0, max_value=10**9), st.integers(min_value=0, max_value=10**9))
def test_two_numbers_never_share_their_words(one: int, other: int) -> None:
    assert (number(one) == number(other)) == (one == other)


LIMITS = plain.requirements(nombre_maximo=40).limites


@given(
    st.integers(min_value=1, max_value=999),
    st.text(max_size=120),
    st.sampled_from(["pdf", "xml"]),
    st.sampled_from(["", "1/2", "12/37"]),
    st.sampled_from(["A-Za-z0-9._-", "A-Za-z0-9", "a-z0-9-", "A-Za-z0-9 _"]),
)
def test_every_name_is_one_that_the_portal_takes(order: int, title: str, suffix: str, part: str, letters: str) -> None:
    limits = plain.requirements(nombre_maximo=40, nombre_caracteres=f".{letters}").limites
    name = file_name(order, title, suffix, limits, part=part)
    assert allowed(name, limits), name
    assert name.endswith(f".{suffix}") and name.startswith(f"{order:02d}")


def test_names_stay_readable_and_apart() -> None:
    first = file_name(3, "Factura n.º 2025/014: «Peña & Hijos»", "pdf", LIMITS)
    assert first == "03_Factura_n_2025_014_Pena_Hijos.pdf"
    again = file_name(3, "Factura n.º 2025/014: «Peña & Hijos»", "pdf", LIMITS, taken=[first.upper()])
    assert again == "03_Factura_n_2025_014_Pena_Hijos_2.pdf"
    part = file_name(12, "Extracto", "pdf", LIMITS, part="2/3")
    assert part == "12_Extracto_2de3.pdf"
    assert (
        file_name(6, "Contrato de 4 de noviembre de 2024 firmado", "pdf", LIMITS)
        == "06_Contrato_de_4_de_noviembre_de.pdf"
    )


def test_the_writ_says_amounts_in_figures_and_in_words_and_quotes_every_annex_by_its_number() -> None:
    case = plain.claim()
    writ = compose(case, [])
    told = "\n".join(block.text for block in writ.blocks)
    assert "3.984,77\u00a0€" in told
    assert "TRES MIL NOVECIENTOS OCHENTA Y CUATRO EUROS CON SETENTA Y SIETE CÉNTIMOS" in told
    table = next(block for block in writ.blocks if block.kind == "table")
    assert table.rows[-1] == ("Total reclamado", "3.984,77\u00a0€")
    assert "{{" not in told and "None" not in told
    facts = [block.text for block in writ.blocks if block.kind == "item"]
    assert facts[0].startswith("**PRIMERO.-**")


def _number(told: str) -> int:
    found = re.match(r"\*\*(?:(\d+)\.|(\w+)\.-)\*\* ", told)
    assert found is not None, told
    return int(found[1]) if found[1] else [ordinal(each) for each in range(1, 21)].index(found[2]) + 1


@pytest.mark.parametrize("country", ["ES", "CO", "MX", "PE", "CL", "AR", "EC"])
@pytest.mark.parametrize("proceeding", ["monitorio", "ejecutivo", "otro"])
def test_every_country_has_a_writ_whose_paragraphs_are_numbered_without_gaps(country: str, proceeding: str) -> None:
    from dataclasses import replace

    case = replace(plain.claim(), country=country, proceeding=proceeding)
    writ = compose(case, [], template_of(country, proceeding))
    items = [block.text for block in writ.blocks if block.kind == "item"]
    numbers = [_number(each) for each in items]
    starts = [place for place, each in enumerate(numbers) if each == 1]
    assert len(starts) == 3  # facts, grounds, petition
    for begin, end in zip(starts, [*starts[1:], len(numbers)], strict=True):
        assert numbers[begin:end] == list(range(1, end - begin + 1))
    assert writ.reviewed is None  # no lawyer has read them: the bundle has to say so


def test_what_the_case_says_itself_goes_before_the_template() -> None:
    from dataclasses import replace

    case = replace(plain.claim(), facts=("Uno {{ no_es_plantilla }}.",), petition=("Pido esto.",))
    told = [block.text for block in compose(case, []).blocks if block.kind == "item"]
    assert told[0] == "**PRIMERO.-** Uno {{ no_es_plantilla }}."
    assert told[-1] == "**PRIMERO.-** Pido esto."
