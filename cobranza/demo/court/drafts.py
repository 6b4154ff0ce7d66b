"""A filing in preparation: what each step of the wizard takes, and what is still missing before it can be sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

from cobranza.demo.court import checks
from cobranza.demo.court.checks import Reason
from cobranza.demo.court.court import Portal
from cobranza.demo.court.profiles import Profile
from cobranza.demo.court.store import Row
from cobranza.kernel import spanish
from cobranza.kernel.errors import BusinessError

PENDING, CLEAN, INFECTED = "pendiente", "limpio", "infectado"
OPEN, SIGNED, SENT, DELETED, EXPIRED = "abierto", "firmado", "presentado", "eliminado", "caducado"
_EICAR = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"


class StepError(BusinessError):
    """A step of the wizard that is not filled in as it must be; `reasons` are shown on its page."""

    code = "COB-DEM-032"
    remedy = "Corrija los campos indicados."

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(" ".join(reason.text for reason in reasons))
        self.reasons = reasons


def create(portal: Portal, user: str, mailbox: str, kind: str) -> Row:
    """A new, empty draft."""
    number = portal.store.number(f"draft/{portal.slug}")
    now = portal.now()
    draft: Row = {
        "id": f"B{now.year}-{number:05d}",
        "profile": portal.slug,
        "user": user,
        "mailbox": mailbox,
        "kind": kind,
        "status": OPEN,
        "created": now.isoformat(),
        "updated": now.isoformat(),
        "shown_until": "",
        "expires": (now + timedelta(days=portal.profile.draft_days)).isoformat(),
        "done": [],
        "organ": "",
        "urgent": False,
        "procedure": "",
        "amount": "",
        "undetermined": False,
        "subject": "",
        "reference": "",
        "electronic_box": "",
        "copy_sent": False,
        "identifier": "",
        "corrects": "",
        "case": "",
        "parties": [],
        "documents": [],
        "signers": [],
        "signed_by": "",
        "signed_at": "",
    }
    save(portal, draft)
    portal.log(user, "borrador", draft=draft["id"])
    return draft


def save(portal: Portal, draft: Row) -> None:
    """Keep a draft."""
    draft["updated"] = portal.now().isoformat()
    portal.store.put("draft", f"{portal.slug}/{draft['id']}", draft)


def find(portal: Portal, id_: str, mailbox: str) -> Row | None:
    """A draft of a mailbox in any state, None without one."""
    draft = portal.store.get("draft", f"{portal.slug}/{id_}")
    if draft is None or draft["mailbox"] != mailbox:
        return None
    expire(portal, draft)
    return draft


def expire(portal: Portal, draft: Row) -> None:
    """Close a draft that nobody sent in time."""
    if draft["status"] in (OPEN, SIGNED) and portal.now() > datetime.fromisoformat(draft["expires"]):
        draft["status"] = EXPIRED
        save(portal, draft)


def touch(portal: Portal, draft: Row, step: str) -> None:
    """A step was filled in; whatever had been signed before is signed no more."""
    if step not in draft["done"]:
        draft["done"].append(step)
    if step not in ("resumen", "firmantes", "firma"):
        unsign(draft)
    save(portal, draft)


def unsign(draft: Row) -> None:
    """Take all signatures off."""
    draft |= {"status": OPEN, "signed_by": "", "signed_at": ""}
    for signer in draft["signers"]:
        signer["state"] = "pendiente"


# --- steps


def choose_organ(portal: Portal, draft: Row, code: str, province: str, locality: str, urgent: bool) -> None:
    """Step "organo"."""
    organ = portal.profile.organ(code)
    if organ is None or (province and organ.province != province) or (locality and organ.locality != locality):
        raise StepError(Reason("ORG-01", "Elija el órgano destinatario."))
    if not organ.efiling:
        raise StepError(Reason("ORG-02", f"«{organ.label}» no admite presentación electrónica."))
    if portal.fault("F16", "organo"):
        raise StepError(Reason("ORG-03", f"«{organ.label}» no admite presentaciones en este momento."))
    draft |= {"organ": code, "urgent": urgent and portal.profile.flow.urgent}


def describe(portal: Portal, draft: Row, given: Row) -> None:
    """Step "procedimiento": `given` has procedure, amount, undetermined, subject, reference, electronic_box, case."""
    profile, flow = portal.profile, portal.profile.flow
    reasons = []
    procedure = profile.procedure(given["procedure"])
    if procedure is None:
        reasons.append(Reason("PRO-01", "Elija el tipo de procedimiento."))
    undetermined = bool(given["undetermined"]) and flow.undetermined
    amount = Decimal(0)
    if not undetermined:
        try:
            amount = spanish.amount(given["amount"])
        except spanish.FormatError:
            reasons.append(Reason("PRO-02", "Escriba la cuantía como 1.234,56."))
        else:
            if amount <= 0 or amount != amount.quantize(Decimal("0.01")):
                reasons.append(Reason("PRO-03", "La cuantía debe ser mayor que cero y tener dos decimales."))
            if procedure and procedure.max_amount and amount > Decimal(procedure.max_amount):
                limit = spanish.write_amount(Decimal(procedure.max_amount))
                reasons.append(Reason("PRO-04", f"La cuantía máxima de este procedimiento es {limit}."))
    if not given["subject"].strip():
        reasons.append(Reason("PRO-05", "Escriba el asunto."))
    if flow.reference == "required" and not given["reference"].strip():
        reasons.append(Reason("PRO-06", "Escriba la referencia interna."))
    if draft["kind"] == "tramite" and not given["case"].strip():
        reasons.append(Reason("PRO-09", "Escriba el número del procedimiento al que se dirige el escrito."))
    if len(given["reference"]) > 40:
        reasons.append(Reason("PRO-07", "La referencia interna admite 40 caracteres."))
    if flow.electronic_box and not (given["electronic_box"].isdigit() and len(given["electronic_box"]) <= 6):
        reasons.append(Reason("PRO-08", f"Escriba el número de su {flow.electronic_box.lower()}."))
    if reasons:
        raise StepError(*reasons)
    draft |= {
        "procedure": given["procedure"],
        "amount": "" if undetermined else str(amount.quantize(Decimal("0.01"))),
        "undetermined": undetermined,
        "subject": given["subject"].strip(),
        "reference": given["reference"].strip() if flow.reference != "absent" else "",
        "electronic_box": given["electronic_box"] if flow.electronic_box else "",
        "case": given["case"].strip(),
    }


def add_party(portal: Portal, draft: Row, given: Row) -> None:
    """Step "intervinientes": one more."""
    profile = portal.profile
    reasons = []
    if given["role"] not in {role.code for role in profile.roles}:
        reasons.append(Reason("INT-01", "Elija la calidad del interviniente."))
    if not given["name"].strip():
        reasons.append(Reason("INT-02", "Escriba el nombre o la razón social."))
    kind = next((one for one in profile.identifiers if one.code == given["id_kind"]), None)
    number = given["id_number"].replace(" ", "").replace("-", "").replace(".", "").upper()
    if kind is None:
        reasons.append(Reason("INT-03", "Elija el tipo de documento de identidad."))
    elif not number:
        reasons.append(Reason("INT-04", f"Escriba el {kind.label}."))
    elif not _valid(kind.module, number):
        reasons.append(Reason("INT-05", f"El {kind.label} «{number}» no es correcto (dígito de control)."))
    if not given["address"].strip():
        reasons.append(Reason("INT-06", "Escriba el domicilio."))
    if profile.flow.copy_to_debtor and given["role"] == "demandado" and "@" not in given["email"]:
        reasons.append(Reason("INT-07", "Escriba el correo electrónico del demandado."))
    if any(party["id_number"] == number and party["role"] == given["role"] for party in draft["parties"]):
        reasons.append(Reason("INT-08", f"«{number}» ya figura con esa calidad."))
    if reasons:
        raise StepError(*reasons)
    party = {key: value.strip() for key, value in given.items()} | {"id_number": number}
    draft["parties"].append({"n": 1 + max((party["n"] for party in draft["parties"]), default=0)} | party)


def _valid(module: str, number: str) -> bool:
    if not module:
        return number.isalnum() and len(number) >= 5
    return bool(import_module(f"stdnum.{module}").is_valid(number))


def enough_parties(draft: Row) -> None:
    """Leaving "intervinientes"."""
    roles = {party["role"] for party in draft["parties"]}
    missing = [role for role in ("demandante", "demandado") if role not in roles]
    if missing:
        raise StepError(*(Reason("INT-09", f"Falta al menos un interviniente: {role}.") for role in missing))


# --- documents


def add_document(portal: Portal, draft: Row, given: Row, name: str, content: bytes, sha256: str) -> Row:
    """Step "documentos": one more file, refused with every reason at once.

    Args:
        portal: Where.
        draft: Of whom.
        given: ``type`` (catalogue code), ``order`` ("" for the next) and ``description``.
        name: Of the file.
        content: As received.
        sha256: Of what is kept: another than that of `content` when the portal damaged it.
    """
    profile = portal.profile
    entry = profile.document_type(given["type"])
    reasons = []
    if entry is None:
        reasons.append(Reason("DOC-30", "Elija el tipo de documento del catálogo."))
    main = bool(entry and entry.main)
    if main and any(one["main"] for one in draft["documents"]):
        reasons.append(Reason("DOC-31", "Ya hay un escrito principal; retírelo antes de incorporar otro."))
    if not given["description"].strip():
        reasons.append(Reason("DOC-32", "Escriba la descripción del documento."))
    if given["order"] and not given["order"].isdigit():
        reasons.append(Reason("DOC-33", "El orden es un número."))
    verdict = checks.look(profile, name=name, content=content, sha256=sha256, main=main, others=_files(draft))
    reasons += verdict.reasons
    if main and profile.flow.identifier and not reasons and draft["identifier"] not in checks.text_of(content):
        reasons.append(Reason("DOC-34", f"El escrito no cita el identificador {draft['identifier']}."))
    if reasons:
        raise StepError(*reasons)
    document = {
        "n": 1 + max((one["n"] for one in draft["documents"]), default=0),
        "order": int(given["order"] or 1 + max((one["order"] for one in draft["documents"]), default=0)),
        "type": given["type"],
        "main": main,
        "description": given["description"].strip(),
        "name": name,
        "size": len(content),
        "pages": verdict.pages,
        "format": verdict.format,
        "sha256": sha256,
        "uploaded": portal.now().isoformat(),
        "overflow": False,
    } | _scan(portal, draft, name, content)
    draft["documents"].append(document)
    sort(draft)
    return document


def add_overflow(portal: Portal, draft: Row, given: Row) -> None:
    """A document that goes on physical media because it does not fit."""
    entry = portal.profile.document_type(given["type"])
    if entry is None or entry.main or not given["description"].strip():
        raise StepError(Reason("DOC-35", "Indique tipo (no el escrito principal) y descripción del documento."))
    number = 1 + max((one["n"] for one in draft["documents"]), default=0)
    draft["documents"].append(
        {"n": number, "order": number, "type": entry.code, "main": False, "description": given["description"].strip()}
        | {"name": "", "size": 0, "pages": 0, "format": "", "sha256": "", "uploaded": portal.now().isoformat()}
        | {"overflow": True, "scan": CLEAN, "due": ""}
    )
    sort(draft)


def _scan(portal: Portal, draft: Row, name: str, content: bytes) -> Row:
    result = INFECTED if _EICAR in content else CLEAN
    given = portal.faults.setting("scan_seconds")
    low, high = portal.profile.scan_seconds
    seconds = portal.chance(low, high, draft["id"], name) if given is None else float(given)
    order = portal.fault("F7", "subida")
    if order:
        if order["mode"] == "stuck":
            return {"scan": result, "due": "never"}
        if order["mode"] == "slow":
            seconds = float(order["seconds"])
        else:
            result = INFECTED
    return {"scan": result, "due": (portal.now() + timedelta(seconds=seconds)).isoformat()}


def scan(portal: Portal, document: Row) -> str:
    """What the antivirus says by now."""
    due = document["due"]
    if due == "never" or (due and portal.now() < datetime.fromisoformat(due)):
        return PENDING
    return str(document["scan"])


def sort(draft: Row) -> None:
    """The main writ first, then by order, and numbers without gaps."""
    draft["documents"].sort(key=lambda one: (not one["main"], one["order"], one["n"]))
    for order, document in enumerate(draft["documents"], 1):
        document["order"] = order


def move(draft: Row, number: int, to: int) -> None:
    """Put a document at another place."""
    found = next((one for one in draft["documents"] if one["n"] == number), None)
    if found is None:
        return
    rest = [one for one in draft["documents"] if one is not found]
    rest.insert(max(0, to - 1), found)
    for order, document in enumerate(rest, 1):
        document["order"] = order
    sort(draft)


def _files(draft: Row) -> list[Row]:
    return [one for one in draft["documents"] if not one["overflow"]]


# --- what is missing


def missing(portal: Portal, draft: Row) -> Iterator[Reason]:
    """Everything that keeps a draft from being sent, in the portal's words."""
    profile = portal.profile
    for step in profile.flow.steps:
        if step in ("identificador", "organo", "procedimiento", "intervinientes") and step not in draft["done"]:
            yield Reason("ENV-01", f"Falta completar el paso «{step}».")
    if profile.flow.signers and "firmantes" not in draft["done"]:
        yield Reason("ENV-11", "Falta indicar los firmantes.")
    documents = draft["documents"]
    if not any(one["main"] for one in documents):
        yield Reason("ENV-02", "Falta el escrito principal.")
    annexes = sum(not one["main"] for one in documents)
    if draft["kind"] == "iniciador" and annexes < profile.limits.min_annexes:
        yield Reason("ENV-03", "Un escrito iniciador debe llevar sus anexos como documentos separados.")
    main_type = getattr(profile.procedure(draft["procedure"]), "main_type", "")
    if (
        draft["kind"] == "iniciador"
        and main_type
        and any(one["main"] and one["type"] != main_type for one in documents)
    ):
        yield Reason("ENV-04", "El tipo de documento del catálogo no corresponde al procedimiento.")
    for one in documents:
        state = scan(portal, one)
        if state == PENDING:
            yield Reason("ENV-05", f"«{one['name']}» está pendiente de análisis antivirus.")
        elif state == INFECTED:
            yield Reason("ENV-06", f"«{one['name']}» está infectado; retírelo.")
    if declares_copy(profile, draft) and not draft["copy_sent"]:
        yield Reason("ENV-07", "Declare que ha enviado copia de la demanda al demandado.")


def declares_copy(profile: Profile, draft: Row) -> bool:
    """Whether a copy must have gone to the debtor: with the claim, and with its amendment.

    Ley 2213 de 2022 (Colombia), art. 6, as recalled: it was not read for this.
    """
    return profile.flow.copy_to_debtor and draft["kind"] in ("iniciador", "subsanacion")


def spoken(profile: Profile, draft: Row) -> dict[str, Any]:
    """Names instead of codes, for pages and receipts: organ, procedure, amount, kind."""
    organ, procedure = profile.organ(draft["organ"]), profile.procedure(draft["procedure"])
    amount = spanish.write_amount(Decimal(draft["amount"])) + f" {profile.currency}" if draft["amount"] else ""
    return {
        "organ": organ.label if organ else "",
        "procedure": procedure.label if procedure else "",
        "amount": "Indeterminada" if draft["undetermined"] else amount,
        "kind": next((kind.label for kind in profile.kinds if kind.code == draft["kind"]), draft["kind"]),
    }
