"""Judges what a debtor's message is about.

Light to import: the model and its libraries are loaded when the first message is judged.
"""

from __future__ import annotations

from collections.abc import Mapping

from cobranza.disputes.ports import Category


class Disputes:
    """The judge of disputes, and the categories that it knows."""

    slug = "disputes"

    def categories(self) -> Mapping[str, Category]:
        """See `cobranza.disputes.ports.Categories`."""
        from classifiers.disputes import category_files

        return category_files.shipped()


ADAPTER = Disputes()
