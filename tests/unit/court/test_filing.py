"""From the login to the receipt, at every portal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cobranza.demo.court import profiles
from tests.unit.court.visitor import Visitor, sha256

Enter = Callable[..., Visitor]


@pytest.mark.parametrize("slug", profiles.slugs())
def test_a_claim_is_filed_at_every_portal(visit: Enter, slug: str) -> None:
    visitor = visit(slug)
    visitor.send(visitor.step_by_step())
    (filing,) = visitor.truth()["filings"]
    assert visitor.title == visitor.court.portals[slug].profile.receipt.title
    assert [one["name"] for one in filing["documents"]] == ["escrito.pdf", "factura.pdf"]
    assert filing["documents"][1]["sha256"] == sha256(visitor.annex)
    assert (filing["amount"], filing["state"]) == ("1938.24", "presentado")
