"""A fresh bank of each kind for every test."""

from __future__ import annotations

import pytest

from tests.unit.demo_banks.visitors import CajaVisitor, EjemploVisitor, visit


@pytest.fixture
def caja() -> CajaVisitor:
    visitor: CajaVisitor = visit("caja_demo")
    return visitor


@pytest.fixture
def ejemplo() -> EjemploVisitor:
    visitor: EjemploVisitor = visit("banco_ejemplo")
    return visitor


@pytest.fixture
def caja_inside(caja: CajaVisitor) -> CajaVisitor:
    caja.login()
    return caja


@pytest.fixture
def ejemplo_inside(ejemplo: EjemploVisitor) -> EjemploVisitor:
    assert ejemplo.login()["paso"] == "dentro"
    return ejemplo
