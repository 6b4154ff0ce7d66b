"""A change of account is not missed; a second matter has a sentence of its own."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from classifiers.disputes import flags, measuring, operating, opinion, store
from classifiers.disputes.opinion import Model, Way
from tests.unit.disputes_judge.factory import example

LABELS = ("cambio_datos_bancarios", "consulta_general")
WAY = Way(weights={}, slope=1.0, offset=0.0, thresholds={}, second=1.0, favoured=0.1)


@cache
def shipped() -> Model:
    return store.load(operating.SHIPPED)


@pytest.mark.parametrize(
    "text",
    [
        "Desde junio tenemos otra cuenta para los cobros.",
        "¿Habéis cambiado de banco?",
        "Os invoices passam para outra conta.",
        "Please note our new bank details.",
        "Las facturas fueron endosadas a nuestro favor.",
        "Quiero domiciliar el recibo.",
    ],
)
def test_words_about_another_account_are_noticed_without_a_number(text: str) -> None:
    assert flags.hinted(flags.matrix([example(text)]))[0]


@pytest.mark.parametrize(
    "text", ["La cuenta es la misma de siempre.", "Pagué ayer en el banco.", "No llegó el pedido."]
)
def test_other_words_are_not(text: str) -> None:
    assert not flags.hinted(flags.matrix([example(text)]))[0]


def test_a_change_of_account_goes_first_only_where_a_rule_speaks_of_one() -> None:
    chances = np.array([[0.15, 0.85], [0.15, 0.85], [0.05, 0.95], [0.6, 0.4]])

    found = WAY.chosen(LABELS, chances, np.array([True, False, True, False]))

    assert found.tolist() == [0, 1, 1, 0]


def test_the_threshold_finds_most_and_is_no_lower_than_that_takes() -> None:
    chance = np.array([1.0, 0.4, 0.2, 0.1, 0.05, 0.0])
    there = np.array([True, True, True, False, False, True])  # the last one cannot be had

    assert measuring.favour(chance, there, recall=0.98, precision=0.5) == 0.2
    assert measuring.favour(chance, there, recall=0.5, precision=0.5) == 0.4
    assert measuring.favour(chance, ~there, recall=0.98, precision=0.9) == 0.5


def test_each_matter_is_found_in_its_sentence() -> None:
    both = example(
        "La factura 12 ya la pagué el lunes por transferencia. "
        "Además su gestor me insultó a gritos y llamó a mi jefe para contarle lo que debo."
    )
    one = example("Ya pagué la factura por transferencia el lunes pasado.")
    model = shipped()

    found = opinion.told([both, one], model.words, model.heads)

    place = {label: number for number, label in enumerate(model.labels)}
    assert found[0, place["pago_ya_realizado"]] > 0.5
    assert found[0, place["queja_por_trato"]] > 0.5
    assert not found[1].any()


def test_a_second_matter_is_told_from_where_it_pays() -> None:
    chosen = np.array([0, 0, 0, 0])
    likely = np.array([[0.9, 0.8], [0.9, 0.7], [0.9, 0.3], [0.9, 0.2]])

    least = measuring.second_threshold(likely, chosen, np.zeros(4, dtype=np.int64), np.array([1, 1, -1, -1]))

    assert 0.3 < least <= 0.7
    none = measuring.second_threshold(likely, chosen, np.zeros(4, dtype=np.int64), np.full(4, -1))
    assert none > 0.8  # where nothing is right, nothing is told
