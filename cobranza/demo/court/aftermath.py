"""What the court does with a filing: states, numbers, rejections, and notifications with their clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from cobranza.demo.court import clock
from cobranza.demo.court.court import Court, Portal
from cobranza.demo.court.store import Row
from cobranza.kernel import spanish
from cobranza.kernel.errors import BusinessError

UNOPENED, OPENED, SERVED = "pendiente", "abierta", "vencida"


@dataclass(frozen=True, slots=True)
class State:
    """A state of a filed case.

    Attributes:
        label: As the portal shows it.
        after: States that it may follow.
        notice: Title of the notification that comes with it, "" for none.
        text: Of the resolution; may use number, nig, court, reasons, answer_by.
    """

    label: str
    after: tuple[str, ...]
    notice: str
    text: str


STATES: Mapping[str, State] = {
    "presentado": State("Presentado", (), "", "Escrito presentado."),
    "rechazado": State(
        "Rechazado",
        ("presentado",),
        "Escrito rechazado",
        "El escrito se rechaza por los motivos siguientes: {reasons} Puede presentarlo de nuevo como subsanación.",
    ),
    "repartido": State(
        "Repartido",
        ("presentado",),
        "Diligencia de reparto",
        "El asunto corresponde por reparto a {court}, con el número {number}. {nig}",
    ),
    "subsanacion": State(
        "Requerido de subsanación",
        ("repartido", "subsanado"),
        "Requerimiento de subsanación",
        "Se requiere a la parte actora para que subsane lo siguiente antes del {answer_by}: {reasons}",
    ),
    "subsanado": State("Subsanado", ("subsanacion", "rechazado"), "", "Presentada la subsanación."),
    "inadmitido": State(
        "Inadmitido",
        ("repartido", "subsanacion", "subsanado"),
        "Auto de inadmisión",
        "Se inadmite la petición por los motivos siguientes: {reasons}",
    ),
    "admitido": State(
        "Admitido",
        ("repartido", "subsanado"),
        "Decreto de admisión",
        "Se admite la petición y se acuerda requerir de pago al deudor por veinte días.",
    ),
    "requerido": State(
        "Requerimiento practicado",
        ("admitido", "requerimiento_negativo"),
        "Diligencia de requerimiento de pago",
        "Requerido de pago el deudor en la fecha de esta diligencia.",
    ),
    "requerimiento_negativo": State(
        "Requerimiento negativo",
        ("admitido",),
        "Diligencia negativa de requerimiento",
        "No se ha hallado al deudor en el domicilio indicado. Señale otro domicilio antes del {answer_by}.",
    ),
    "pagado": State(
        "Pago del deudor",
        ("requerido",),
        "Diligencia de ingreso",
        "El deudor ha ingresado la cantidad reclamada en la cuenta de consignaciones.",
    ),
    "oposicion": State(
        "Oposición del deudor",
        ("requerido",),
        "Traslado de la oposición",
        "El deudor se opone. Puede impugnar la oposición antes del {answer_by}.",
    ),
    "decreto": State(
        "Decreto fin del monitorio",
        ("requerido",),
        "Decreto de terminación",
        "El deudor no ha pagado ni se ha opuesto. Puede solicitar la ejecución.",
    ),
    "archivado": State(
        "Archivado",
        ("pagado", "inadmitido", "decreto", "oposicion", "requerimiento_negativo"),
        "Archivo",
        "Se archivan las actuaciones.",
    ),
}
REASONS = {
    "CAT-01": "El tipo de documento del catálogo no corresponde al escrito.",
    "REP-02": "No se acredita la representación procesal.",
    "MASC-03": "No se acredita el intento de negociación previa (MASC).",
    "DOM-04": "El domicilio del deudor no pertenece al partido judicial.",
    "TAS-05": "No se aporta el justificante de la tasa.",
    "LEG-06": "Hay documentos ilegibles.",
}
# (state, days after filing): how a case goes by itself once the clock drives it.
TIMETABLE = (("repartido", 2), ("admitido", 6), ("requerido", 20), ("decreto", 52))
_ANSWER_DAYS = {"requerimiento_negativo": 10, "oposicion": 10}


class CourseError(BusinessError):
    """A step of a case that cannot follow where it stands."""

    code = "COB-DEM-033"
    remedy = "Pida el estado con GET /__verdad; COURT.md dice qué sigue a qué."


def move(
    portal: Portal, filing: Row, state: str, *, reasons: list[str] | None = None, at: datetime | None = None
) -> Row:
    """Bring a case to its next state, with the notification that goes with it.

    Args:
        portal: Where.
        filing: Which.
        state: A key of `STATES`.
        reasons: Codes of `REASONS` or plain sentences.
        at: The moment; now by default.

    Raises:
        CourseError: there is no such state or it cannot follow.
    """
    if state not in STATES:
        raise CourseError(f"No hay ningún estado «{state}»; hay: {', '.join(STATES)}.")
    if filing["state"] not in STATES[state].after:
        raise CourseError(f"«{state}» no puede seguir a «{filing['state']}».")
    profile, moment = portal.profile, (at or portal.now()).astimezone(portal.profile.tz)
    filing["state"], filing["answer_by"] = state, ""
    filing["reasons"] = [f"{one}: {REASONS[one]}" if one in REASONS else one for one in reasons or []]
    if state in ("rechazado", "subsanacion", "inadmitido") and not filing["reasons"]:
        filing["reasons"] = [f"CAT-01: {REASONS['CAT-01']}"]
    if state == "repartido":
        _number(portal, filing, moment)
    days = profile.amend_days if state == "subsanacion" else _ANSWER_DAYS.get(state, 0)
    if days:
        filing["answer_by"] = clock.working_days_after(profile, moment.date(), days).isoformat()
    text = (
        STATES[state]
        .text.format(
            number=filing["case_number"],
            nig=f"NIG {filing['nig']}." if filing["nig"] else "",
            court=filing["court"],
            reasons=" ".join(filing["reasons"]),
            answer_by=spanish.write_day(date.fromisoformat(filing["answer_by"])) if filing["answer_by"] else "",
        )
        .strip()
    )
    filing["history"].append({"at": moment.isoformat(timespec="seconds"), "state": state, "text": text})
    with portal.store.together():
        portal.store.put("filing", filing["id"], filing)
        if STATES[state].notice:
            notify(portal, filing, STATES[state].notice, text, moment)
        portal.log("", "estado", filing=filing["id"], state=state)
    return filing


def _number(portal: Portal, filing: Row, moment: datetime) -> None:
    profile = portal.profile
    n = portal.store.number(f"case/{portal.slug}")
    names = {"year": moment.year, "n": n, "check": n % 10}
    filing["case_number"] = profile.receipt.case_number.format(**names)
    filing["nig"] = profile.receipt.nig.format(**names)
    organ = profile.organ(filing["organ"])
    plaza = 1 + int(portal.chance(0, 30, filing["id"], "court"))
    filing["court"] = f"{organ.label if organ else filing['organ']} · plaza n.º {plaza}"


def notify(portal: Portal, filing: Row, title: str, text: str, moment: datetime) -> Row:
    """Put a notification into the mailbox that filed."""
    number = portal.store.number("notice")
    days = portal.profile.notification_days
    notice = {
        "id": f"N{number:06d}",
        "profile": portal.slug,
        "mailbox": filing["mailbox"],
        "filing": filing["id"],
        "title": title,
        "text": text,
        "at": moment.isoformat(timespec="seconds"),
        "until": clock.working_days_after(portal.profile, moment.date(), days).isoformat(),
        "state": UNOPENED,
        "opened_at": "",
        "opened_by": "",
    }
    portal.store.put("notice", notice["id"], notice)
    portal.store.put("unopened", notice["id"], {"id": notice["id"], "profile": portal.slug, "until": notice["until"]})
    if portal.profile.flow.copy_to_debtor:
        # Colombia sends its acta de reparto and its orders by e-mail too.
        mail = {"id": notice["id"], "profile": portal.slug, "subject": f"{title} {filing['registry']}", "text": text}
        portal.store.put("mail", notice["id"], mail)
    return notice


def open_notice(portal: Portal, notice: Row, user: str) -> Row:
    """Open a notification: it is served from now on, unless it was already."""
    if notice["state"] == UNOPENED:
        notice |= {"state": OPENED, "opened_at": portal.now().isoformat(timespec="seconds"), "opened_by": user}
        portal.store.put("notice", notice["id"], notice)
        portal.store.drop("unopened", notice["id"])
        portal.log(user, "notificacion_abierta", notice=notice["id"])
    return notice


def serve_expired(court: Court) -> None:
    """Mark as served what nobody opened in time."""
    for waiting in court.store.all("unopened"):
        portal = court.portals[waiting["profile"]]
        if portal.now() <= clock.end_of(portal.profile, date.fromisoformat(waiting["until"])):
            continue
        notice = court.store.get("notice", waiting["id"]) or {}
        court.store.put("notice", notice["id"], notice | {"state": SERVED})
        court.store.drop("unopened", notice["id"])
        portal.log("", "notificacion_vencida", notice=notice["id"])


def progress(portal: Portal, filing: Row) -> None:
    """Let the clock move a case along `TIMETABLE`."""
    filed = datetime.fromisoformat(filing["filed_at"])
    for state, days in TIMETABLE:
        due = filed + timedelta(days=days)
        if due <= portal.now() and filing["state"] in STATES[state].after:
            move(portal, filing, state, at=due)


def corrected(portal: Portal, filing: Row) -> None:
    """A filing that amends another one: the other is amended now."""
    other = by_registry(portal, filing["corrects"]) if filing["corrects"] else None
    if other is not None and other["state"] in STATES["subsanado"].after:
        move(portal, other, "subsanado", at=datetime.fromisoformat(filing["filed_at"]))


def by_registry(portal: Portal, registry: str) -> Row | None:
    """A filing by its number, also by the one it had before, or by its id."""
    wanted = registry.strip()
    return next(
        (
            one
            for one in portal.mine("filing")
            if wanted and wanted in (one["registry"], one["former_registry"], one["id"])
        ),
        None,
    )


def amendable(portal: Portal, mailbox: str) -> list[Row]:
    """Filings that wait for an amendment."""
    return [one for one in portal.mine("filing", mailbox) if one["state"] in STATES["subsanado"].after]


def shown(filing: Row) -> dict[str, Any]:
    """What the page of a case shows besides the row."""
    return {"state_label": STATES[filing["state"]].label, "labels": {k: v.label for k, v in STATES.items()}}
