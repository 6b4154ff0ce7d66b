"""Pages become advices: tables found, facts gathered, lines read and proved."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from cobranza import suite
from cobranza.kernel.spanish import write_amount
from cobranza.reconciliation.advice import facts, layout, lines, lists, proof, values
from cobranza.reconciliation.advice.facts import Facts
from cobranza.reconciliation.advice.lines import Raw
from cobranza.reconciliation.advice.ports import MAX_BYTES, AdviceFormat, Page, Row
from cobranza.reconciliation.advice.proof import Read
from cobranza.reconciliation.advice.records import ZERO, AdviceError, RemittanceAdvice, RemittanceLine
from cobranza.reconciliation.advice.vocabulary import Total, currency_in

HEAD_BYTES = 4096
MAX_LINES = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    file_name: str
    sha256: str
    format: str


@dataclass(slots=True)
class _Part:
    """Tables of one heading, with the facts that go with them."""

    raws: list[Raw]
    facts: Facts
    month_first: bool
    read: Read | None = field(default=None)


def read_file(file: Path) -> tuple[RemittanceAdvice, ...]:
    """Every advice of a file; see `read`."""
    try:
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise AdviceError(f"«{file.name}» ocupa {size} bytes y el máximo es {MAX_BYTES}.")
        raw = file.read_bytes()
    except OSError as exc:
        raise AdviceError(f"No se puede leer «{file.name}» ({exc.strerror}).") from exc
    return read(raw, file.name)


def read(raw: bytes, name: str) -> tuple[RemittanceAdvice, ...]:
    """Every advice that a file, an attachment or the body of a message holds; at least one.

    One that does not add up, or can be read in several ways, comes with its `objections`.

    Args:
        raw: The bytes.
        name: File name; for a body, ``cuerpo.txt`` or ``cuerpo.html``.

    Raises:
        AdviceError: unknown format, damaged, cut, encrypted, unsafe, too large, only pictures, or nothing in it that
            looks like payments of documents.
    """
    if len(raw) > MAX_BYTES:
        raise AdviceError(f"«{name}» ocupa {len(raw)} bytes y el máximo es {MAX_BYTES}.")
    if not raw.strip():
        raise AdviceError(f"«{name}» está vacío.")
    reader = recognise(raw[:HEAD_BYTES], name)
    pages = reader.read(raw, name)
    source = _Source(file_name=name, sha256=hashlib.sha256(raw).hexdigest(), format=reader.slug)
    return understand(pages, file_name=source.file_name, sha256=source.sha256, format=source.format)


def recognise(head: bytes, name: str) -> AdviceFormat:
    """The reader that takes a file.

    Raises:
        AdviceError: none, or more than one, claims it.
    """
    found: dict[str, AdviceFormat] = suite.adapters("connectors.advices")  # type: ignore[assignment]
    takers = [reader for reader in found.values() if reader.recognises(head, name)]
    if len(takers) == 1:
        return takers[0]
    if takers:
        raise AdviceError(f"«{name}» puede ser de varios formatos ({', '.join(reader.slug for reader in takers)}).")
    raise AdviceError(f"«{name}» no es de ningún formato de aviso conocido ({', '.join(found)}).")


def understand(
    pages: Sequence[Page], *, file_name: str = "", sha256: str = "", format: str = ""
) -> tuple[RemittanceAdvice, ...]:
    """Make advices of pages; pure, the same for every format. Raises `AdviceError` when there is none."""
    source = _Source(file_name=file_name, sha256=sha256, format=format)
    tables, outside = layout.tables(pages)
    raws = [raw for raw in map(lines.take_apart, tables) if raw.lines or raw.totals]
    doubts = [doubt for page in pages for doubt in page.objections]
    result = _from_tables(raws, outside, source, doubts) if any(raw.lines for raw in raws) else ()
    if not result:
        result = _from_list(pages, outside, source, doubts)
    if not result:
        raise AdviceError(f"En «{file_name}» no se reconoce ningún detalle de facturas pagadas.")
    return result


# ---- tables


def _from_tables(
    raws: list[Raw], outside: Sequence[tuple[Page, list[Row]]], source: _Source, doubts: Sequence[str]
) -> tuple[RemittanceAdvice, ...]:
    withlines = [raw for raw in raws if raw.lines]
    whole = _part(withlines, outside)
    alike = _same_columns(withlines)
    if alike:
        whole.read = _best(whole)
        if len(withlines) == 1 or (whole.read is not None and whole.read.proved):
            return _advices(whole, source, doubts)
    parts = []
    for raw in withlines:
        mine = {record.page.name for record in raw.table.records}
        near = [(page, rows) for page, rows in outside if page.name in mine]
        part = _part([raw], near or outside)
        part.read = _best(part)
        if not (part.read and part.read.proved):  # its total may stand on another page
            wider = _part([raw], outside)
            wider.read = _best(wider)
            if wider.read is not None and wider.read.proved:
                part = wider
        parts.append(part)
    proved = [part for part in parts if part.read is not None and part.read.proved]
    if proved:
        return _distinct([advice for part in proved for advice in _advices(part, source, doubts)])
    if alike:
        return _advices(whole, source, doubts)
    most = max(parts, key=lambda part: len(part.raws[0].lines))
    rest = len(parts) - 1
    return _advices(
        most, source, [*doubts, f"hay otras {rest} tablas y ninguna cuadra con su total"] if rest else doubts
    )


def _same_columns(raws: Sequence[Raw]) -> bool:
    first = [column.role for column in raws[0].table.columns]
    return all([column.role for column in raw.table.columns] == first for raw in raws[1:])


def _part(raws: list[Raw], outside: Sequence[tuple[Page, list[Row]]]) -> _Part:
    notes = [note for raw in raws for note in raw.notes]
    days = [day for raw in raws for day in raw.days()]
    month_first = values.month_first(days)
    gathered = facts.collect([*outside, *lines.rows_of(notes)], month_first=month_first)
    return _Part(raws, gathered, month_first)


def _best(part: _Part) -> Read | None:
    if sum(len(raw.lines) for raw in part.raws) > MAX_LINES:
        raise AdviceError(f"El aviso tiene más de {MAX_LINES} líneas.")
    read = proof.best(part.raws, part.facts.totals, month_first=part.month_first)
    if read is not None and not read.proved and read.stated is None:
        _nameless_total(part.raws, read)
    return read


def _nameless_total(raws: Sequence[Raw], read: Read) -> None:
    """A figure under the column without a word beside it is its total when it is the sum."""
    for raw in raws:
        for total in raw.totals:
            if total.kind is Total.PLAIN and values.amount(total.value, read.hypothesis.decimal) == read.total:
                read.stated = read.total


def _distinct(found: Sequence[RemittanceAdvice]) -> tuple[RemittanceAdvice, ...]:
    """Without those that say the same (a summary and its detail)."""
    kept: dict[str, RemittanceAdvice] = {}
    for advice in found:
        kept.setdefault(advice.identity, advice)
    return tuple(kept.values())


def _advices(part: _Part, source: _Source, doubts: Sequence[str]) -> tuple[RemittanceAdvice, ...]:
    read = part.read
    if read is None:
        return ()
    currency, objections = _currency(part)
    objections += read.objections
    objections += [doubt for doubt in doubts if doubt not in objections]
    written = "; ".join(dict.fromkeys(proof.described(read, raw) for raw in part.raws))
    groups = _payments(part, read)
    stated = read.stated is not None
    result = []
    for reference, group in groups:
        single = len(groups) == 1
        result.append(
            _advice(
                part.facts,
                source,
                lines=tuple(group),
                total=read.stated if single and read.stated is not None else _sum(group),
                total_stated=stated and read.proved,
                currency=currency,
                reference=reference or part.facts.reference,
                layout=written,
                objections=tuple(dict.fromkeys(objections)),
            )
        )
    return tuple(result)


def _payments(part: _Part, read: Read) -> list[tuple[str, list[RemittanceLine]]]:
    """The lines by payment, where a column says to which payment each belongs."""
    raw_lines = [line for raw in part.raws for line in raw.lines]
    references = [line.payment for line in raw_lines]
    if len(read.lines) != len(raw_lines) or len(set(references)) < 2 or not all(references):
        return [(references[0] if references and len(set(references)) == 1 else "", list(read.lines))]
    groups: dict[str, list[RemittanceLine]] = {}
    for reference, line in zip(references, read.lines, strict=True):
        groups.setdefault(reference, []).append(line)
    if len(groups) > 1 and all(len(group) == 1 for group in groups.values()):
        return [("", list(read.lines))]  # a number for each line is no payment number
    return list(groups.items())


def _currency(part: _Part) -> tuple[str, list[str]]:
    named = {line.currency for raw in part.raws for line in raw.lines if len(line.currency) == 3}
    if len(named) > 1:
        return "", [f"hay líneas en varias monedas ({', '.join(sorted(named))})"]
    headed = {raw.table.currency for raw in part.raws if raw.table.currency}
    beside = {
        code
        for raw in part.raws
        for line in raw.lines
        for value in line.figures.values()
        if isinstance(value, str) and (code := currency_in(value))
    }
    for found in (named, headed, part.facts.currencies, beside):
        if len(found) == 1:
            return next(iter(found)), []
        if len(found) > 1:
            return "", [f"nombra varias monedas ({', '.join(sorted(found))})"]
    return "", []


# ---- lists


def _from_list(
    pages: Sequence[Page], outside: Sequence[tuple[Page, list[Row]]], source: _Source, doubts: Sequence[str]
) -> tuple[RemittanceAdvice, ...]:
    everything = [(page, list(page.rows)) for page in pages]
    gathered = facts.collect(everything)
    best: tuple[list[RemittanceLine], Decimal | None] | None = None
    for decimal in (",", "."):
        found = lists.read(pages, decimal)
        if not found:
            continue
        known = {abs(value) for _, text in gathered.totals if (value := values.amount(text, decimal)) is not None}
        total = lists.total(found)
        if total > 0 and total in known and total == max(known):
            best = (found, total)
            break
        if best is None:
            best = (found, max(known) if known else None)
    if best is None:
        return ()
    found, stated = best
    total = lists.total(found)
    objections = list(doubts)
    if stated is None:
        objections.append("es una lista sin cabecera y no declara ningún total que la confirme")
    elif stated != total:
        objections.append(f"las líneas suman {write_amount(total)} y el aviso declara {write_amount(stated)}")
    return (
        _advice(
            gathered,
            source,
            lines=tuple(found),
            total=stated if stated is not None else total,
            total_stated=stated is not None and stated == total,
            currency=gathered.currency,
            reference=gathered.reference,
            layout="lista de documentos con su importe",
            objections=tuple(objections),
        ),
    )


def _advice(
    gathered: Facts,
    source: _Source,
    *,
    lines: tuple[RemittanceLine, ...],
    total: Decimal,
    total_stated: bool,
    currency: str,
    reference: str,
    layout: str,
    objections: tuple[str, ...],
) -> RemittanceAdvice:
    return RemittanceAdvice(
        payer_name=gathered.payer_name,
        payer_tax_id=gathered.payer_tax_id,
        tax_ids=tuple(gathered.tax_ids),
        paid_on=gathered.paid_on,
        currency=currency,
        total=total,
        total_stated=total_stated,
        method=gathered.method,
        reference=reference,
        lines=lines,
        file_name=source.file_name,
        sha256=source.sha256,
        format=source.format,
        layout=layout,
        objections=objections,
    )


def _sum(found: Sequence[RemittanceLine]) -> Decimal:
    return sum((line.paid for line in found), ZERO)
