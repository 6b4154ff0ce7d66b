"""The tables of a world as every peer reads them, with one normalisation for all: none is hampered by spelling."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

_FORMS = re.compile(
    r"\b(SOCIEDAD (LIMITADA|ANONIMA|COOPERATIVA)( UNIPERSONAL)?|S ?A ?P ?I DE C ?V|S ?A DE C ?V|S DE R ?L DE C ?V|"
    r"SRL (DE )?CV|SA CV|S ?L ?U|S ?L UNIPERSONAL|S ?L|S ?A ?S|S ?A ?C|S ?A|E ?I ?R ?L|S ?R ?L|S ?C|"
    r"S COOP|SDAD COOP|C ?B|COM B|LTDA|LIMITADA)$"
)
_LEAD = re.compile(r"^(TRF|TRANSF|TRANSFERENCIA) DE |^ORDENANTE ")
_NUMBER = re.compile(r"\d{3,}")


@dataclass(slots=True)
class Tables:
    """Payments and invoices with their customers' columns, all text, amounts also as hundredths."""

    payments: pd.DataFrame
    invoices: pd.DataFrame


def read(folder: Path) -> Tables:
    """Read a world; `truth.csv` stays shut."""
    payments = _csv(folder / "payments.csv")
    invoices = _csv(folder / "invoices.csv")
    customers = _csv(folder / "customers.csv").drop(columns=["country"])
    invoices = invoices.merge(customers, on="customer_id", how="left", validate="many_to_one")
    payments["cents"] = cents(payments["amount"])
    invoices["cents"] = cents(invoices["open_amount"])
    payments["day"] = _days(payments["booking_date"])
    invoices["day"] = _days(invoices["due_date"])
    return Tables(payments, invoices)


def _csv(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, dtype=str, keep_default_na=False)


def cents(amounts: pd.Series) -> pd.Series:
    """Text with two places as whole hundredths, without passing through a float."""
    return amounts.str.replace(".", "", regex=False).astype("int64")


def _days(column: pd.Series) -> pd.Series:
    return (pd.to_datetime(column) - pd.Timestamp(2025, 1, 1)).dt.days


def plain(text: str) -> str:
    """Upper case, no accents, punctuation as single spaces.

    >>> plain("Peña, S.L.")
    'PENA S L'
    """
    bare = "".join(c for c in unicodedata.normalize("NFD", text.upper()) if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in bare).split())


def company(text: str) -> str:
    """A company's name without its legal form."""
    return _FORMS.sub("", plain(text)).strip()


def payer(name: str, text: str) -> str:
    """Who pays: the name, or what stands before the first number of a text that has the name in it."""
    if name:
        return company(name)
    bare = plain(text)
    if not _LEAD.match(bare):
        return ""
    words = []
    for word in _LEAD.sub("", bare).split():
        if any(c.isdigit() for c in word) or word in ("PAGO", "FACTURA", "FRA", "FACT", "TRANSFERENCIA"):
            break
        words.append(word)
    return company(" ".join(words))


def joined(text: str) -> str:
    """Letters and digits only."""
    return "".join(c for c in plain(text) if c != " ")


def whole_numbers(*texts: str) -> list[str]:
    """Words with a digit, alone and joined to the next two: a full number is among them however it is spaced."""
    found = set()
    for text in texts:
        words = plain(text).split()
        for place in range(len(words)):
            for length in (1, 2, 3):
                token = "".join(words[place : place + length])
                if 5 <= len(token) <= 24 and any(c.isdigit() for c in token):
                    found.add(token)
    return sorted(found)


def short_numbers(*texts: str) -> list[str]:
    """Digit groups of three or more, without leading zeros."""
    return sorted(
        {number for text in texts for group in _NUMBER.findall(text) if len(number := group.lstrip("0")) >= 3}
    )
