"""What every page knows."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from cobranza import __version__
from cobranza.portal.settings import PortalSettings, read


@cache
def rules() -> PortalSettings:
    """The settings, read once per process."""
    return read()


def page(request: HttpRequest) -> dict[str, Any]:
    """For every template: settings, visit, version, and where the language's buttons lead back to."""
    # What somebody made up as a link is not echoed: all that are no good get the same page, to the last byte.
    known = hasattr(request, "link") or getattr(request.resolver_match, "url_name", "") in ("back", "left")
    return {
        "tongues": settings.LANGUAGES,  # each in its own words, not translated
        "here": request.path if known else "/",
        "portal": rules(),
        "visit": getattr(request, "visit", None),
        "token": getattr(request, "token", ""),
        "version": __version__,
    }
