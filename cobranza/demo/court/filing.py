"""Sending: numbers, stamps, duplicates, and when a filing can be seen. The only place where a filing comes to be."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from datetime import datetime, timedelta

from cobranza.demo.court import aftermath, clock, drafts, receipt
from cobranza.demo.court.checks import Reason
from cobranza.demo.court.court import Court, Portal
from cobranza.demo.court.store import Row

# What a filing takes over from its draft as it stands.
_COPIED = (
    *("profile", "user", "mailbox", "kind", "organ", "urgent", "procedure", "amount", "undetermined", "subject"),
    *("reference", "identifier", "corrects", "case", "parties", "documents", "signers", "signed_by"),
)


def duplicates(portal: Portal, draft: Row) -> list[Row]:
    """Filings with the same parties and amount within the profile's days."""
    since = portal.now() - timedelta(days=portal.profile.duplicate_days)
    return [
        filing
        for filing in portal.mine("filing")
        if filing["kind"] == draft["kind"] == "iniciador"
        and _claim(filing) == _claim(draft)
        and datetime.fromisoformat(filing["filed_at"]) >= since
    ]


def _claim(row: Row) -> tuple[str, Counter[tuple[str, str]]]:
    return row["amount"], Counter((party["role"], party["id_number"]) for party in row["parties"])


def refusals(portal: Portal, draft: Row) -> list[Reason]:
    """Why a draft cannot be sent now; nothing is registered then."""
    found = list(drafts.missing(portal, draft))
    if draft["status"] != drafts.SIGNED:
        found.append(Reason("ENV-08", "El envío no está firmado."))
    organ = portal.profile.organ(draft["organ"])
    if portal.fault("F16", "envio"):
        found.append(Reason("ENV-09", f"«{organ.label if organ else ''}» no admite presentaciones en este momento."))
    if policy(portal) == "reject" and duplicates(portal, draft):
        found.append(Reason("ENV-10", "Ya consta una presentación con las mismas partes y cuantía."))
    return found


def policy(portal: Portal) -> str:
    """What happens to a duplicate: none, warn or reject."""
    return str(portal.faults.setting("duplicates") or portal.profile.duplicates)


def commit(portal: Portal, draft: Row, at: datetime, orders: Row) -> Row:
    """Register a draft: it is filed from here on, whatever the caller hears of it.

    Args:
        portal: Where.
        draft: Signed and without refusals.
        at: The true moment.
        orders: What faults make of it: ``stamp`` (ISO) on the receipt instead of `at`, ``renumber_after`` seconds.
    """
    store = portal.store
    with store.together():
        filing = _row(portal, draft, at, datetime.fromisoformat(orders["stamp"]) if orders.get("stamp") else at)
        if orders.get("renumber_after") is not None:
            filing["renumber_at"] = (at + timedelta(seconds=float(orders["renumber_after"]))).isoformat()
            watch(portal, filing)
        store.put("filing", filing["id"], filing)
        draft |= {"status": drafts.SENT, "shown_until": filing["visible_at"]}
        drafts.save(portal, draft)
        aftermath.corrected(portal, filing)
        receipt.xml(portal, filing)
        portal.log(draft["user"], "registro", draft=draft["id"], filing=filing["id"], registry=filing["registry"])
    return filing


def _row(portal: Portal, draft: Row, at: datetime, stamp: datetime) -> Row:
    profile = portal.profile
    n = portal.store.number(f"filing/{portal.slug}")
    id_ = f"P{portal.store.number('filing'):06d}"
    registry = profile.receipt.number.format(year=at.astimezone(profile.tz).year, n=n, check=n % 10)
    stamped_at = stamp.astimezone(profile.tz).isoformat(timespec="seconds")
    signer = portal.access.holder_of(draft["signed_by"]) or {}
    return {key: draft[key] for key in _COPIED} | {
        "id": id_,
        "draft": draft["id"],
        "registry": registry,
        "receipt_registry": registry,
        "former_registry": "",
        "filed_at": at.astimezone(profile.tz).isoformat(timespec="milliseconds"),
        "stamped_at": stamped_at,
        "counts_on": clock.counts_on(profile, stamp).isoformat(),
        "visible_at": (at + portal.lag).isoformat(),
        "renumber_at": "",
        "signed_name": signer.get("name", ""),
        "csv": _csv(portal, id_),
        "state": "presentado",
        "history": [{"at": stamped_at, "state": "presentado", "text": "Escrito presentado."}],
        "reasons": [],
        "answer_by": "",
        "court": "",
        "case_number": "",
        "nig": "",
        "auto": False,
    }


def _csv(portal: Portal, id_: str) -> str:
    digest = hashlib.sha256(f"{portal.court.seed}|{portal.slug}|{id_}".encode()).digest()
    text = base64.b32encode(digest)[:16].decode()
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))


def visible(portal: Portal, mailbox: str) -> list[Row]:
    """Filings of a mailbox that its lists show by now, newest first."""
    order = portal.fault("F11", "enviados")
    late = timedelta(seconds=float(order["lag"])) if order and order["mode"] == "lag" else timedelta()
    if order and order["mode"] == "error":
        raise ListDown
    if order and order["mode"] == "empty":
        return []
    now = portal.now() - late
    found = [one for one in portal.mine("filing", mailbox) if datetime.fromisoformat(one["visible_at"]) <= now]
    return found[::-1]


class ListDown(Exception):
    """A list that cannot be shown now."""


def seems_open(portal: Portal, draft: Row) -> bool:
    """Whether the list of drafts still shows a draft: it reads the same late copy as the tray of sent filings."""
    if draft["status"] in (drafts.OPEN, drafts.SIGNED):
        return True
    return draft["status"] == drafts.SENT and datetime.fromisoformat(draft["shown_until"]) > portal.now()


def later(portal: Portal, draft: Row, seconds: float, orders: Row) -> None:
    """Register a draft some court seconds from now (F4); whoever sends it again meanwhile files it twice."""
    due = portal.now() + timedelta(seconds=seconds)
    number = portal.store.number("later")
    portal.store.put(
        "later",
        number,
        {"id": number, "profile": portal.slug, "draft": draft, "due": due.isoformat(), "orders": orders},
    )


def tick(court: Court) -> None:
    """Let happen what was due since somebody last looked."""
    for row in court.store.all("later"):
        due = datetime.fromisoformat(row["due"])
        if due <= court.clock.now():
            with court.store.together():
                court.store.drop("later", row["id"])
                commit(court.portals[row["profile"]], row["draft"], due, row["orders"])
    for watched in court.store.all("watch"):
        filing = court.store.get("filing", watched["id"]) or {}
        portal = court.portals[filing["profile"]]
        if filing["renumber_at"] and datetime.fromisoformat(filing["renumber_at"]) <= court.clock.now():
            _renumber(portal, filing)
        if filing["auto"]:
            aftermath.progress(portal, filing)
    aftermath.serve_expired(court)


def watch(portal: Portal, filing: Row) -> None:
    """Let `tick` look after a filing: time alone changes it. The others it need not read again and again."""
    portal.store.put("watch", filing["id"], {"id": filing["id"]})


def _renumber(portal: Portal, filing: Row) -> None:
    n = portal.store.number(f"filing/{portal.slug}")
    year = datetime.fromisoformat(filing["filed_at"]).year
    filing |= {
        "former_registry": filing["registry"],
        "registry": portal.profile.receipt.number.format(year=year, n=n, check=n % 10),
        "renumber_at": "",
    }
    portal.store.put("filing", filing["id"], filing)
    portal.log("", "renumerado", filing=filing["id"], registry=filing["registry"], former=filing["former_registry"])
