"""What the browser is told, and that no page needs more than that."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

import cobranza
from cobranza.screens.access import Role
from tests.unit.console.conftest import PASSWORD

PACKAGE = Path(cobranza.__file__).parent
TEMPLATES = sorted(PACKAGE.glob("*/templates/**/*.html"))


@pytest.mark.parametrize("name", ["console:login", "console:home", "runs:list", "console:health", "runs:nothing"])
def test_every_answer_carries_the_policies(name: str, enter: Callable[..., Client]) -> None:
    url = "/no/existe/" if name == "runs:nothing" else reverse(name)
    answer = enter(Role.AUDIT).get(url)
    policy = answer.headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "http" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Frame-Options"] in ("SAMEORIGIN", "DENY")
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]


def test_cookies_stay_out_of_scripts_and_of_other_sites(user_of: Callable[..., User]) -> None:
    user_of(Role.AUDIT)
    client = Client()
    client.get(reverse("console:login"))
    client.post(reverse("console:login"), {"username": "ana", "password": PASSWORD})

    for name in ("csrftoken", "sessionid"):
        assert client.cookies[name]["httponly"], name
        assert client.cookies[name]["samesite"] == "Lax", name


def test_there_are_templates_to_look_at() -> None:
    assert len(TEMPLATES) > 25


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_no_template_has_inline_code_or_an_outside_address(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    assert not re.search(r"<script(?![^>]*\ssrc=)", text), "inline script"
    assert not re.search(r"<style|\sstyle=", text), "inline style"
    assert not re.search(r"\son[a-z]+=", text), "inline handler"
    assert not re.search(r"""(?:src|href|action)=["']?(?:https?:)?//""", text), "outside address"
    assert not re.search(r"\|safe\b|autoescape off|mark_safe", text), "unescaped text"


def test_the_stylesheet_and_script_load_nothing_else() -> None:
    for name in ("console.css", "console.js"):
        text = (PACKAGE / "console" / "static" / "console" / name).read_text(encoding="utf-8")
        assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", text), name
