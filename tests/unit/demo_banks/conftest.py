"""A fresh bank of each kind for every test."""

from __future__ import annotations

import pytest

from tests.unit.demo_banks.visitors import CajaVisitor, EjemploVisitor, visit


@pytest.fixture
def caja() -> CajaVisitor:
    return visit("caja_demo")


@pytest.fixture
def ejemplo() -> EjemploVisitor:
    return visit("banco_ejemplo")


@pytest.fixture
def caja_inside(caja: CajaVisitor) -> CajaVisitor:
    caja.login()
    return caja


@pytest.fixture
def ejemplo_inside(ejemplo: EjemploVisitor) -> EjemploVisitor:
    assert ejemplo.login()["paso"] == "dentro"
    return ejemplo
