"""Figures are configuration: a new one is an entry, a bad one is refused with its place."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from cobranza.insight import definitions, facts
from cobranza.insight.expressions import ExpressionError, parse
from cobranza.kernel.config import ConfigError

NEW = """# propia
[cifras.cobros_grandes]
nombre = "Cobros de más de 1.000"
formula = "Cobros aplicados de más de 1.000 ÷ cobros aplicados."
unidad = "porcentaje"
vista = "aplicaciones"
fecha = "cobrado_el"
numerador_si = "importe > 1000.50 AND NOT anulada"
denominador = "1"
responsable = "administración"
objetivo = "0.10"
"""


def _written(folder: Path, text: str) -> dict[str, definitions.Figure]:
    (folder / "propias.toml").write_text(text, encoding="utf-8")
    return definitions.read(folder)


def test_a_new_figure_is_an_entry(tmp_path: Path) -> None:
    figure = _written(tmp_path, NEW)["cobros_grandes"]

    assert figure.definition.target == Decimal("0.10")
    assert figure.definition.source == "informes.aplicaciones"
    assert figure.num.sql == "CASE WHEN importe > %s AND NOT anulada THEN %s ELSE 0 END"
    assert figure.num.values[0] == Decimal("1000.50")
    (source,) = facts.of(figure)
    assert "FROM informes.aplicaciones" in source.sql
    assert "1000.50" not in source.sql
    assert facts.supports(figure) == {"creditor", "currency", "country", "segment"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('vista = "aplicaciones"', 'vista = "clientes"', r"línea 6: «cifras\.cobros_grandes\.vista» .*«clientes»"),
        ('fecha = "cobrado_el"', 'fecha = "numero"', r"línea 7.*«numero» no es una columna de día"),
        ("importe > 1000.50", "secreto > 1000.50", r"línea 8.*«secreto» no es una columna"),
        ("importe > 1000.50 AND NOT anulada", "(importe > 1", r"línea 8.*falta cerrar un paréntesis"),
        ("importe > 1000.50 AND NOT anulada", "importe > 1; drop table x", r"línea 8.*no se entiende desde «; drop"),
        ("importe > 1000.50 AND NOT anulada", "pg_sleep(9) > 1", r"línea 8.*«pg_sleep»"),
        ('responsable = "administración"', 'responsable = "jefa"', "«jefa» no es un perfil"),
        ('unidad = "porcentaje"', 'unidad = "kilos"', "unidad"),
        ('objetivo = "0.10"', "objetivo = 0.1", "entre comillas"),
        ('denominador = "1"', 'denominadro = "1"', "¿quería decir «denominador»"),
    ],
)
def test_a_bad_entry_is_refused_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in NEW
    with pytest.raises(ConfigError, match=said) as caught:
        _written(tmp_path, NEW.replace(old, new))
    assert "propias.toml" in str(caught.value)


def test_a_figure_stands_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(NEW, encoding="utf-8")

    with pytest.raises(ConfigError, match=r"«cobros_grandes» ya está en a\.toml:2"):
        _written(tmp_path, NEW)


def test_the_shipped_figures_say_what_they_are() -> None:
    found = definitions.read()

    assert len(found) >= 30
    for figure in found.values():
        assert figure.definition.owner
        assert len(figure.definition.formula) > 20, figure.slug
        assert facts.of(figure)


@pytest.mark.parametrize(
    "text",
    ["", "a.b", "importe::text", '"importe"', "$1", "importe > 'x' -- y", "select", "importe /* x", "(("],
)
def test_nothing_but_the_small_language_gets_through(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text, {"importe"})


def test_two_minus_signs_are_no_comment() -> None:
    assert parse("importe --1", {"importe"}).sql == "importe - - %s"


def test_values_are_parameters() -> None:
    found = parse("estado IN ('x', 'y') AND importe * 2 >= 10", {"estado", "importe"})

    assert found.sql.count("%s") == 4
    assert found.values == ("x", "y", 2, 10)
    assert found.columns == {"estado", "importe"}
