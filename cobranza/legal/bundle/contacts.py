"""The *acta de gestiones*: what was done to collect, each act with the ledger's event that proves it."""

from __future__ import annotations

from datetime import datetime

from reportlab.platypus import Flowable

from cobranza.legal.bundle import typeset as page
from cobranza.legal.bundle.typeset import Typeset, table, text
from cobranza.legal.bundle.wording import listed, long_day
from cobranza.legal.case import Case, Contact

TITLE = "Acta de gestiones de cobro"


def contact_pages(case: Case) -> Typeset:
    """The acts of collection, oldest first."""
    proved = sum(1 for each in case.contacts if each.hash)
    chain = (
        "Las gestiones con huella son sucesos del registro encadenado del acreedor: cada uno lleva el SHA-256 del "
        "anterior, de modo que ninguno puede cambiarse ni quitarse sin que se note."
        if proved
        else "Ninguna de estas gestiones lleva huella del registro encadenado: proceden de lo anotado en el expediente."
    )
    story: list[Flowable] = [
        text(f"EXPEDIENTE {case.id}", page.KICKER),
        text(TITLE, page.TITLE),
        text(
            f"Gestiones hechas por {listed([party.name for party in case.claimants])} para cobrar de "
            f"{listed([party.name for party in case.defendants])}, a {long_day(case.prepared_on)}. {chain}",
            page.SUBTITLE,
        ),
        _table(case.contacts),
    ]
    return page.typeset(story, title=f"{TITLE} · {case.id}", running=f"{case.id} · {TITLE}")


def _table(contacts: tuple[Contact, ...]) -> Flowable:
    rows: list[list[Flowable]] = [
        [text(head, page.HEAD) for head in ("N.º", "Momento", "Canal", "Gestión", "Resultado")]
    ]
    for place, each in enumerate(contacts):
        told: list[Flowable] = [text(each.text, page.CELL)]
        if each.event or each.hash:
            told.append(text(f"{each.event} {each.hash}".strip(), page.HASH))
        rows.append(
            [
                text(str(place + 1), page.CELL),
                text(_moment(each.at), page.CELL),
                text(each.channel, page.CELL),
                told,  # type: ignore[list-item]
                text(each.outcome, page.CELL),
            ]
        )
    return table(rows, (26, 78, 66, 207, 90))


def _moment(at: str) -> str:
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return at
    offset = moment.strftime("%z")
    return f"{moment:%d/%m/%Y %H:%M} {offset[:3]}:{offset[3:]}" if offset else f"{moment:%d/%m/%Y %H:%M}"
