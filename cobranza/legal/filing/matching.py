"""Is it this one? A row of the tray of sent filings, or a draft on the portal, against our package. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from cobranza.kernel import spanish
from cobranza.kernel.spanish import FormatError, plain
from cobranza.legal.package import Package, PackageFile
from cobranza.legal.ports import Draft, SentEntry, Uploaded


class Likeness(StrEnum):
    """How sure it is that a row of the tray is our filing."""

    SAME = "misma"
    OTHER_CONTENT = "otro_contenido"
    MAYBE = "posible"
    NO = "otra"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the tray holds of ours.

    Attributes:
        same: Rows with our reference or our hashes.
        doubtful: Rows with our reference and other files, or of the same debtor and amount where the portal shows
            neither references nor hashes.
    """

    same: tuple[SentEntry, ...] = ()
    doubtful: tuple[SentEntry, ...] = ()

    @property
    def one(self) -> SentEntry | None:
        """The filing, when there is no doubt about which."""
        return self.same[0] if len(self.same) == 1 and not self.doubtful else None

    @property
    def none(self) -> bool:
        """Nothing that could be it."""
        return not self.same and not self.doubtful


def search(
    tray: Iterable[SentEntry], package: Package, reference: str, *, names: Iterable[str], known: Collection[str]
) -> Found:
    """Look for our filing.

    Args:
        tray: Rows of the tray.
        package: What was, or will be, filed.
        reference: Our mark.
        names: Defendants' names and tax ids, for portals that show nothing better.
        known: Registry numbers of this case's earlier filings: they look like ours and are not.
    """
    who = {plain(name) for name in names if name}
    kept: dict[Likeness, list[SentEntry]] = {likeness: [] for likeness in Likeness}
    for row in tray:
        if row.registry not in known:
            kept[likeness(row, package, reference, who)].append(row)
    return Found(
        same=tuple(kept[Likeness.SAME]),
        doubtful=(*kept[Likeness.OTHER_CONTENT], *kept[Likeness.MAYBE]),
    )


def likeness(row: SentEntry, package: Package, reference: str, who: set[str]) -> Likeness:
    """Compare one row. Hashes decide where the portal lists them; then our reference; debtor and amount only hint."""
    ours = sorted(file.sha256 for file in package.files)
    if row.sha256:
        if sorted(each.lower() for each in row.sha256) == ours:
            return Likeness.SAME
        return Likeness.OTHER_CONTENT if row.reference and row.reference == reference else Likeness.NO
    if row.reference:
        return Likeness.SAME if row.reference == reference else Likeness.NO
    named = any(name in plain(row.defendant) for name in who) if row.defendant else False
    return Likeness.MAYBE if named and _same_amount(row.amount, package.total) else Likeness.NO


def _same_amount(shown: str, total: str) -> bool:
    """Whether the amount of a row may be ours; one that cannot be read may."""
    words = "".join(each for each in shown if each.isdigit() or each in ".,")
    try:
        return not words or spanish.amount(words) == spanish.amount(total)
    except FormatError:
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What has to be done to a draft so that it holds the package, in its order.

    Attributes:
        remove: Files of the draft that are not the package's, or not in their place.
        upload: Files of the package that are not there.
    """

    remove: tuple[Uploaded, ...] = ()
    upload: tuple[PackageFile, ...] = ()

    @property
    def none(self) -> bool:
        """The draft holds exactly the package."""
        return not self.remove and not self.upload


def compare(draft: Draft, package: Package) -> Difference:
    """Compare by name, size and hash, in order; from the first gap on everything is taken out and put in again.

    A portal lists files in the order of filing, so that a file that is missing in the middle cannot be added at the
    end. Where it gives no hash back, name and size have to do: the receipt's index has the last word.
    """
    held = list(draft.files)
    same = 0
    for file, there in zip(package.files, held, strict=False):
        if not same_file(file, there):
            break
        same += 1
    return Difference(remove=tuple(held[same:]), upload=package.files[same:])


def same_file(file: PackageFile, there: Uploaded) -> bool:
    """Whether the portal holds the bytes that we sent."""
    if there.sha256 and there.sha256.lower() != file.sha256:
        return False
    return there.name == file.name and (not there.size or there.size == file.size)
