"""From the `Ntry` and `TxDtls` elements to a movement and its details.

Elements are looked up by local name among direct children: it works the same in every version and namespace prefix,
and is several times faster than path expressions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lxml import etree

from cobranza.ledger.statements import BankMovement, MovementDetail, StatementError
from connectors.statements.source import number, one_line

_NO_REFERENCE = frozenset({"", "NOTPROVIDED", "NOT PROVIDED", "NONREF"})
_ANNOUNCED = frozenset({"PDNG", "FUTR", "INFO"})
_TAX_SCHEMES = frozenset({"TXID", "NIDN"})


class Children(dict[str, etree._Element]):
    """The first child of each local name; `all` gives every one."""

    def __init__(self, parent: etree._Element) -> None:
        super().__init__()
        self.parent = parent
        for child in parent:
            self.setdefault(child.tag.rpartition("}")[2], child)

    def all(self, name: str) -> list[etree._Element]:
        """Every direct child called `name`, in document order."""
        return [child for child in self.parent if child.tag.rpartition("}")[2] == name]


def children(element: etree._Element) -> Children:
    """The children of `element`."""
    return Children(element)


def text(fields: Children, *path: str) -> str:
    """Text at the end of `path`, stripped; "" when there is none."""
    for name in path[:-1]:
        element = fields.get(name)
        if element is None:
            return ""
        fields = Children(element)
    element = fields.get(path[-1])
    return (element.text or "").strip() if element is not None else ""


def day(fields: Children, name: str) -> date | None:
    """The day at `name`, as the bank writes it: the date part of ``Dt`` or ``DtTm``, never moved to another zone."""
    element = fields.get(name)
    if element is None:
        return None
    inner = Children(element)
    written = text(inner, "Dt") or text(inner, "DtTm")
    if not written:
        return None
    try:
        return date.fromisoformat(written[:10])
    except ValueError as exc:
        raise StatementError(f"{name}: «{written[:40]}» no es una fecha.") from exc


@dataclass(frozen=True, slots=True)
class Detail:
    """A `TxDtls` before its entry is known: both parties, and every amount by currency."""

    amounts: tuple[tuple[str, Decimal], ...]
    direction: str
    debtor: tuple[str, str, str]
    creditor: tuple[str, str, str]
    end_to_end: str
    unstructured: tuple[str, ...]
    references: tuple[str, ...]
    return_reason: str
    additional: str


def detail(element: etree._Element, where: str) -> Detail:
    """Read one `TxDtls`."""
    fields = Children(element)
    debtor = creditor = ("", "", "")
    if "RltdPties" in fields:
        parties = Children(fields["RltdPties"])
        debtor, creditor = _party(parties, "Dbtr"), _party(parties, "Cdtr")
    unstructured, references = _remittance(fields)
    return Detail(
        amounts=_amounts(fields, where),
        direction=text(fields, "CdtDbtInd"),
        debtor=debtor,
        creditor=creditor,
        end_to_end=text(fields, "Refs", "EndToEndId"),
        unstructured=unstructured,
        references=references,
        return_reason=_return_reason(fields),
        additional=text(fields, "AddtlTxInf"),
    )


def _amounts(fields: Children, where: str) -> tuple[tuple[str, Decimal], ...]:
    found = []
    direct = fields.get("Amt")
    if direct is not None:
        found.append(direct)
    if "AmtDtls" in fields:
        inner = Children(fields["AmtDtls"])
        for name in ("TxAmt", "InstdAmt"):
            if name in inner:
                amount = Children(inner[name]).get("Amt")
                if amount is not None:
                    found.append(amount)
    return tuple((each.get("Ccy", ""), number((each.text or "").strip(), where + "TxDtls")) for each in found)


def _party(parties: Children, role: str) -> tuple[str, str, str]:
    """Name, account and tax id of ``Dbtr`` or ``Cdtr``; from version 08 on they stand one level deeper, in ``Pty``."""
    name = tax_id = ""
    for key in (role, f"Ultmt{role}"):
        element = parties.get(key)
        if element is None:
            continue
        inner = Children(element)
        if "Pty" in inner:
            inner = Children(inner["Pty"])
        name = name or text(inner, "Nm")
        tax_id = tax_id or _tax_id(inner)
    account = ""
    element = parties.get(f"{role}Acct")
    if element is not None:
        inner = Children(element)
        account = text(inner, "Id", "IBAN") or text(inner, "Id", "Othr", "Id") or text(inner, "Id", "PrtryAcct", "Id")
    return one_line(name), account.replace(" ", ""), tax_id


def _tax_id(party: Children) -> str:
    element = party.get("Id")
    if element is None:
        return ""
    for kind in Children(element).values():
        for other in Children(kind).all("Othr"):
            inner = Children(other)
            if text(inner, "SchmeNm", "Cd") in _TAX_SCHEMES:
                return text(inner, "Id")
    return ""


def _remittance(fields: Children) -> tuple[tuple[str, ...], tuple[str, ...]]:
    element = fields.get("RmtInf")
    if element is None:
        return (), ()
    lines, references = [], []
    for child in element:
        name = child.tag.rpartition("}")[2]
        if name == "Ustrd":
            lines.append(one_line(child.text or ""))
        elif name == "Strd":
            inner = Children(child)
            if "CdtrRefInf" in inner:
                reference = Children(inner["CdtrRefInf"])
                references.append(text(reference, "Ref") or text(reference, "CdtrRef"))
    return tuple(filter(None, lines)), tuple(filter(None, references))


def _return_reason(fields: Children) -> str:
    element = fields.get("RtrInf")
    if element is None:
        return ""
    inner = Children(element)
    return text(inner, "Rsn", "Cd") or text(inner, "Rsn", "Prtry") or text(inner, "RtrRsn", "Cd")


def movement(fields: Children, details: list[Detail], position: str, where: str) -> BankMovement:
    """The movement of one `Ntry`.

    A movement without any date comes out on `date.min`; the statement, read to its end, gives it one.
    """
    amount = fields.get("Amt")
    if amount is None:
        raise StatementError(f"{where}: falta el importe (Amt).")
    currency = amount.get("Ccy", "")
    value = number((amount.text or "").strip(), where)
    if value < 0:
        raise StatementError(f"{where}: el importe {value} es negativo; CAMT pone el signo en CdtDbtInd.")
    direction = text(fields, "CdtDbtInd")
    if direction not in {"CRDT", "DBIT"}:
        raise StatementError(f"{where}: CdtDbtInd es «{direction[:20]}» y debe ser CRDT o DBIT.")
    booked, valued = day(fields, "BookgDt"), day(fields, "ValDt")
    single = details[0] if len(details) == 1 else None
    name, account, tax_id = _other_side(single, direction) if single else ("", "", "")
    parts = [*single.unstructured, *single.references, single.additional] if single else []
    return BankMovement(
        booked_on=booked or valued or date.min,
        value_on=valued or booked or date.min,
        amount=value if direction == "CRDT" else -value,
        currency=currency,
        text=one_line(*parts, text(fields, "AddtlNtryInf")),
        reference=_reference(single) if single else "",
        counterparty_name=name,
        counterparty_account=account,
        counterparty_tax_id=tax_id,
        bank_code=_bank_code(fields),
        details=tuple(_final(each, direction, currency) for each in details),
        position=position,
        assumed=() if booked and valued else _assumed(booked, valued),
        booked=(text(fields, "Sts") or text(fields, "Sts", "Cd")) not in _ANNOUNCED,
    )


def _assumed(booked: date | None, valued: date | None) -> tuple[str, ...]:
    return (() if booked else ("booked_on",)) + (() if valued else ("value_on",))


def _final(each: Detail, entry_direction: str, currency: str) -> MovementDetail:
    direction = each.direction or entry_direction
    amount = next((value for written, value in each.amounts if written == currency), None)
    name, account, _ = _other_side(each, direction)
    return MovementDetail(
        amount=None if amount is None else (-amount if direction == "DBIT" else amount),
        end_to_end=None if each.end_to_end.upper() in _NO_REFERENCE else each.end_to_end,
        party=name or None,
        account=account or None,
        unstructured=each.unstructured,
        creditor_reference=each.references,
        return_reason=each.return_reason or None,
    )


def _other_side(each: Detail, direction: str) -> tuple[str, str, str]:
    """The party that is not us: who pays when we are credited, who is paid when we are debited."""
    return each.debtor if direction == "CRDT" else each.creditor


def _reference(single: Detail) -> str:
    if single.end_to_end.upper() not in _NO_REFERENCE:
        return single.end_to_end
    return single.references[0] if single.references else ""


def _bank_code(fields: Children) -> str:
    element = fields.get("BkTxCd")
    if element is None:
        return ""
    inner = Children(element)
    if "Domn" in inner:
        domain = Children(inner["Domn"])
        family = Children(domain["Fmly"]) if "Fmly" in domain else None
        parts = [text(domain, "Cd"), *((text(family, "Cd"), text(family, "SubFmlyCd")) if family is not None else ())]
        return "/".join(filter(None, parts))
    return text(inner, "Prtry", "Cd")
