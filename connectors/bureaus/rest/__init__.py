"""Reports over HTTPS: ``GET /v1/informes/<país>/<nif>`` with a bearer key, answered in JSON.

The shape is our own (``default`` or ``grade``, ``incidents``, ``owed``, ``currency``, ``as_of``, ``provenance``,
``reference``): bureaus' contracts forbid publishing theirs, so each of them wants a few lines of translation before it.
Tried against the double of `cobranza.demo.bureaus`. 404 is "nobody of that id"; 202 "not ready yet", told as late.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.bureaus import settings
from connectors.bureaus.rest.bureau import RestBureau


class RestBureaus:
    """Opens services; see `cobranza.risk.ports.Bureaus`."""

    slug = "rest"

    def open(self, name: str) -> RestBureau:
        """See `Bureaus.open`."""
        return RestBureau(name, settings.entry(self.slug, name))

    def names(self) -> Iterator[str]:
        """See `Bureaus.names`."""
        return settings.names(self.slug)


ADAPTER = RestBureaus()
