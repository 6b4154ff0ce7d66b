"""What the scores need from outside: a model of payers (`classifiers/payers`), and bureaus (`connectors/bureaus`).

One table of features goes into a judge and one of judgements comes out, whatever the number of debtors: a single debtor
is a table of one row, so there is no second way of scoring that could differ from the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Protocol

from cobranza.kernel.errors import ApplicationError, BusinessError
from cobranza.kernel.money import Money

if TYPE_CHECKING:
    import pandas as pd

REASONS: Final = 3
"""How many reasons are told with each score."""

OUTCOMES: Final = ("pay_30", "pay_60", "pay_90", "days_late", "recovery", "first_miss", "relapse")
"""Columns of a judgement: probabilities of paying what is overdue within 30, 60 and 90 days; days late expected; share
of the open balance expected; probability of the first miss (missing for who is in arrears already) and of a relapse
(missing for who never recovered from anything)."""


class Judge(Protocol):
    """A trained model, or the rules of the first day."""

    slug: str
    """Short name in ``config/risk.toml``."""

    @property
    def name(self) -> str:
        """What is stored with each score: kind, version and a digest of the content."""
        ...

    def judge(self, table: pd.DataFrame) -> pd.DataFrame:
        """Judge every row of a table of features.

        Args:
            table: Index: the debtor's id; columns: `cobranza.risk.features.catalogue` (float64, missing as NaN).

        Returns:
            The same index; columns `OUTCOMES` (float64, probabilities in 0…1, nondecreasing over pay_30…pay_90) and,
            for k in 1…`REASONS`, ``reason_k`` (a feature's name, "" when there is none) with ``points_k`` (its exact
            contribution to the log odds of `pay_60` against the average debtor; negative counts against paying),
            the largest first.
        """
        ...


class BureauDown(ApplicationError):
    """A bureau that does not answer, or not in time. Nobody waits for it: the score says that it was missing."""

    code = "COB-RIE-001"
    remedy = "Se volverá a preguntar; si se repite, compruebe la fuente en config/bureaus.toml."


class BureauRefused(BusinessError):
    """A bureau that refuses our account or our question, or a file that is not what it should be."""

    code = "COB-RIE-002"
    remedy = "Corrija la cuenta o el fichero de la fuente en config/bureaus.toml."


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a bureau is asked about.

    Attributes:
        tax_id: As the country writes it, without spaces.
        country: ISO 3166 alpha-2.
        name: For sources that tell namesakes apart; may be "".
    """

    tax_id: str
    country: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a bureau knows of somebody.

    Attributes:
        default: Probability of not paying within a year, 0…1, as the bureau says it or as its grade is translated.
        incidents: Unpaid debts on record there.
        owed: What they sum to; None when it does not say.
        as_of: Day of the information, never the day of asking.
        provenance: Where the bureau has it from, in its own words.
        reference: Its number of the report.
    """

    default: float
    incidents: int
    as_of: date
    provenance: str
    owed: Money | None = None
    reference: str = ""


class Bureau(Protocol):
    """One source as ``config/bureaus.toml`` names it. One thread.

    Attributes:
        slug: Its name in the settings.
        weight: How much it counts beside the others, above 0.
        expires_days: Information older than this does not count.
        countries: Whose people it knows, ISO 3166 alpha-2.
    """

    slug: str
    weight: float
    expires_days: int
    countries: frozenset[str]

    def ask(self, subject: Subject) -> Report | None:
        """What it knows; None where it surely knows nobody of that id.

        Raises:
            BureauDown: away or late.
            BureauRefused: our account, our question, or an answer that contradicts itself.
        """
        ...


class Bureaus(Protocol):
    """Opens sources of one kind; `connectors/bureaus/<slug>` gives it as `ADAPTER`."""

    slug: str

    def open(self, name: str) -> Bureau:
        """The source of that name.

        Raises:
            ConfigError: there is none, or its entry is wrong.
        """
        ...

    def names(self) -> Iterator[str]:
        """Sources in use, in the order of the file."""
        ...
