"""The annexes of a claim in the order and with the numbers by which the writ quotes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cobranza.legal.bundle import account, contacts
from cobranza.legal.bundle.typeset import Typeset
from cobranza.legal.case import Case, Document, DocumentKind
from cobranza.legal.inputs.verdict import Taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Annex:
    """One annex.

    Attributes:
        number: From 1.
        key: `Document.key`; "liquidacion" and "acta_gestiones" for what we made.
        kind: What it is.
        title: As the index shows it.
        document: As the case names it, None for what we made.
        taken: What became of the file that was brought, None for what we made.
        made: Pages of ours, None for a document.
    """

    number: int
    key: str
    kind: DocumentKind
    title: str
    document: Document | None = None
    taken: Taken | None = None
    made: Typeset | None = None

    @property
    def rejected(self) -> bool:
        """It can be neither shown nor filed."""
        return self.taken is not None and self.taken.verdict.rejected

    @property
    def copy(self) -> bool:
        """What the bundle shows is a copy: the signed original is filed apart, byte for byte."""
        return self.taken is not None and self.taken.verdict.signed

    @property
    def view(self) -> Path | None:
        """The PDF whose pages the bundle shows, None for what we made and for what cannot be shown."""
        return self.taken.view if self.taken is not None else None


def barred(case: Case) -> frozenset[str]:
    """Keys of the documents that never leave the house: confidential, or quoting an offer of the negotiation."""
    told = {each.key for each in case.documents if each.confidential}
    return frozenset(told | {each.document for each in case.prior_claims if each.confidential_offer and each.document})


def annexes_of(case: Case, taken: Mapping[str, Taken]) -> tuple[Annex, ...]:
    """Everything that goes with the writ: our account, our record of contacts, and the documents in the case's order.

    Args:
        case: What is claimed.
        taken: `Document.key` → what became of it; without an entry it is left out (the confidential ones have none).
    """
    found = [
        Annex(
            number=1,
            key=DocumentKind.ACCOUNT.value,
            kind=DocumentKind.ACCOUNT,
            title=account.TITLE,
            made=account.account_pages(case),
        )
    ]
    if case.contacts:
        found.append(
            Annex(
                number=2,
                key=DocumentKind.CONTACTS.value,
                kind=DocumentKind.CONTACTS,
                title=contacts.TITLE,
                made=contacts.contact_pages(case),
            )
        )
    for document in case.documents:
        if document.key in taken:
            found.append(
                Annex(
                    number=len(found) + 1,
                    key=document.key,
                    kind=document.kind,
                    title=document.title,
                    document=document,
                    taken=taken[document.key],
                )
            )
    return tuple(found)
