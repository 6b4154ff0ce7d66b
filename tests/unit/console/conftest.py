from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from cobranza.console import context
from cobranza.screens.access import Role

PASSWORD = "correcaballo-bateria"

ROBOT = """*** Settings ***
Documentation    Cuenta los cobros
...    del banco.
Metadata         Título    Contar cobros

*** Variables ***
${CUENTA}    operativa    # De config/banks.toml
${UMBRAL: Decimal}    0.95
${CLAVE: Secret}    %{CAJA_CLAVE}

*** Tasks ***
Contar
    Log    Listo
"""


@pytest.fixture(autouse=True)
def suite_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite of its own with one robot that runs and one that cannot."""
    root = tmp_path / "una suite"
    (root / "config").mkdir(parents=True)
    (root / "robots").mkdir()
    (root / "config" / "cobranza.toml").write_text('[instancia]\nnombre = "Prueba"\n', encoding="utf-8")
    (root / "robots" / "contar.robot").write_text(ROBOT, encoding="utf-8")
    (root / "robots" / "roto.robot").write_text(
        "*** Settings ***\nResource    keywords/no.resource\n", encoding="utf-8"
    )
    monkeypatch.setenv("COBRANZA_HOME", str(root))
    monkeypatch.setenv("COBRANZA_OUTPUT", str(tmp_path / "output"))
    context.instance.cache_clear()
    return root


@pytest.fixture
def user_of(db: None) -> Callable[..., User]:
    """Makes somebody with the given roles."""

    def make(*roles: Role, name: str = "ana") -> User:
        user = User.objects.create_user(name, password=PASSWORD)
        user.groups.set(Group.objects.filter(name__in=[role.value for role in roles]))
        return user

    return make


@pytest.fixture
def enter(user_of: Callable[..., User]) -> Callable[..., Client]:
    """Signs somebody in with the given roles."""

    def go(*roles: Role, name: str = "ana") -> Client:
        client = Client()
        client.force_login(user_of(*roles, name=name), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return go
