"""The six portals that the test court can be: one TOML file each in ``profiles/``, with limits, flow and catalogue.

Figures marked [R] or [G] in the files were recalled or guessed, not read: they are configuration, not a source.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

FOLDER = Path(__file__).parent / "profiles"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(_Part):
    """What the portal takes as a file.

    Attributes:
        file_bytes: Of one file.
        total_bytes: Of a filing.
        documents: How many, the main writ counted.
        name_length: Characters of a file name, suffix counted.
        name_pattern: The whole name must match it.
        main_formats: Suffixes, lower case, that the main writ may have.
        annex_formats: The same for annexes.
        min_dpi: Of a scanned page, 0 for any.
        max_image_kb: Of one image inside a PDF, 0 for any.
        grey: Images must be black and white or greyscale.
        pdfa_main: The main writ must declare PDF/A.
        pdfa_annex: PDF annexes too.
        text_main: Every page of the main writ must have text.
        text_annex: Every page of PDF annexes too.
        signed_main: The main writ must carry a signature of its own.
        signed_annex: PDF annexes too.
        pdf_version: The highest PDF version taken, "" for any.
        min_annexes: How many annexes a filing needs at least.
        combined: False refuses a main writ that holds its annexes (an outline of "Documento 1", "Documento 2", …).
    """

    file_bytes: int
    total_bytes: int
    documents: int
    name_length: int = 60
    name_pattern: str = r"[A-Za-z0-9_.-]+"
    main_formats: tuple[str, ...] = ("pdf",)
    annex_formats: tuple[str, ...] = ("pdf",)
    min_dpi: int = 0
    max_image_kb: int = 0
    grey: bool = False
    pdfa_main: bool = False
    pdfa_annex: bool = False
    text_main: bool = False
    text_annex: bool = False
    signed_main: bool = False
    signed_annex: bool = False
    pdf_version: str = ""
    min_annexes: int = 0
    combined: bool = True


class Flow(_Part):
    """How the wizard of a portal differs.

    Attributes:
        steps: Slugs in their order, from "organo" to "envio".
        reference: Whether there is a free field "Referencia interna".
        undetermined: The amount may be "indeterminada".
        signing: A PIN, or a .pfx file with its password.
        signers: The filing waits in a tray until every signer has signed.
        identifier: An identifier is asked for first; the main writ must quote it.
        overflow: Documents beyond the size may be declared and brought on physical media.
        copy_to_debtor: A copy must have gone to the debtor's e-mail address.
        urgent: There is a mark "Urgente".
        electronic_box: What the presenter's own mailbox number is called; "" when it is not asked for.
    """

    steps: tuple[str, ...]
    reference: Literal["optional", "required", "absent"] = "optional"
    undetermined: bool = False
    signing: Literal["pin", "pfx"] = "pin"
    signers: bool = False
    identifier: bool = False
    overflow: bool = False
    copy_to_debtor: bool = False
    urgent: bool = False
    electronic_box: str = ""


class Receipt(_Part):
    """What a filing is answered with.

    Attributes:
        title: Heading of the receipt and its page.
        number: Format of the registry number: fields year, n, check.
        case_number: Format of the number that the court gives when it takes the case: year, n, organ.
        nig: Format of the general number, "" where there is none.
    """

    title: str
    number: str
    case_number: str
    nig: str = ""


class Named(_Part):
    """A code with what the page says for it."""

    code: str
    label: str


class DocumentType(Named):
    """An entry of the catalogue of documents; `main` for the writ itself."""

    main: bool = False


class Procedure(Named):
    """A procedure; `max_amount` as a decimal text, "" without limit."""

    max_amount: str = ""
    main_type: str = ""


class Organ(Named):
    """A court; `efiling` False for one that takes paper only."""

    province: str
    locality: str
    efiling: bool = True


class Identifier(Named):
    """A kind of tax or identity number; `module` is python-stdnum's, "" for one without check digits."""

    module: str = ""


class Style(_Part):
    """How the portal looks."""

    primary: str
    accent: str
    motto: str


class Profile(_Part):
    """One portal."""

    slug: str
    name: str
    authority: str
    country: str
    subdivision: str = ""
    zone: str
    currency: str
    closing: str = Field("", description="HH:MM after which a filing counts for the next working day; empty: midnight")
    closed_months: tuple[int, ...] = ()
    visibility_lag_seconds: float
    scan_seconds: tuple[float, float] = (1.0, 8.0)
    notification_days: int = 3
    amend_days: int = 10
    draft_days: int = 30
    duplicates: Literal["none", "warn", "reject"] = "none"
    duplicate_days: int = 90
    certificate: bool = True
    words: dict[str, str] = {}
    style: Style
    limits: Limits
    flow: Flow
    receipt: Receipt
    kinds: tuple[Named, ...]
    roles: tuple[Named, ...]
    identifiers: tuple[Identifier, ...]
    procedures: tuple[Procedure, ...]
    catalogue: tuple[DocumentType, ...]
    organs: tuple[Organ, ...]
    holidays: tuple[str, ...] = ()

    @property
    def tz(self) -> ZoneInfo:
        """The portal's own time zone."""
        return ZoneInfo(self.zone)

    def organ(self, code: str) -> Organ | None:
        """The organ with a code, None without one."""
        return next((organ for organ in self.organs if organ.code == code), None)

    def procedure(self, code: str) -> Procedure | None:
        """The procedure with a code, None without one."""
        return next((one for one in self.procedures if one.code == code), None)

    def document_type(self, code: str) -> DocumentType | None:
        """The entry of the catalogue with a code, None without one."""
        return next((one for one in self.catalogue if one.code == code), None)

    def name_allowed(self, name: str) -> bool:
        """Whether a file may be called `name`, by its characters alone."""
        return re.fullmatch(self.limits.name_pattern, name) is not None


@cache
def load(slug: str) -> Profile:
    """The profile in ``profiles/<slug>.toml``.

    >>> load("es_lexnet").currency
    'EUR'
    """
    return Profile(**tomllib.loads((FOLDER / f"{slug}.toml").read_text(encoding="utf-8")))


def slugs() -> tuple[str, ...]:
    """Every profile there is, in alphabetical order."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))
