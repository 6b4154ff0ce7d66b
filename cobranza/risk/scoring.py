"""Scores put into the ledger: one debtor's at once, a company's overnight in one sweep. Both say the same.

A nightly score that hardly moves and treats the debtor as before is not written again: the one before says as much.
What changes the treatment is an event of its own; the sweep's event holds the digest of every row that it wrote.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from django.db import connection, transaction
from numpy.typing import NDArray
from pyarrow import csv

from cobranza.kernel.errors import BusinessError
from cobranza.ledger import ratings, tasks
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Chain, Creditor, Debtor, Rating, Task
from cobranza.risk import judging, reading, rows
from cobranza.risk.models import Cursor
from cobranza.risk.ports import OUTCOMES, Judge
from cobranza.risk.rows import Scored
from cobranza.risk.settings import RiskSettings, risk_settings
from cobranza.risk.treatment import LEGAL

CHUNK: Final = 50_000
"""Debtors that are looked at together: what memory a sweep needs."""
EACH_TOLD: Final = 2000
"""Changed treatments that are events of their own; of more, the sweep's event holds the digest."""
_LOCK: Final = 0x5C0E
_TREATED: Final = ("band", "segment", "to_person", "model", "tags")


class Scoring(BusinessError):
    """Another sweep over the same company runs now."""

    code = "COB-RIE-003"
    remedy = "Espere a que termine la otra valoración."


@dataclass(kw_only=True)
class Run:
    """What a sweep did.

    Attributes:
        debtors: Looked at.
        written: Whose score was written anew; of the others the one before stands.
        changed: Whose treatment changed, among those who had a score before.
        bands: Of all of them.
        segments: Of all of them.
        to_person: Whom a person has to lead.
        proposed: Whom the figures alone would take to court.
        reviews: Tasks opened for those.
        digest: SHA-256 over the rows written, in order.
    """

    model: str = ""
    debtors: int = 0
    written: int = 0
    changed: int = 0
    bands: dict[str, int] = field(default_factory=dict)
    segments: dict[str, int] = field(default_factory=dict)
    to_person: int = 0
    proposed: int = 0
    reviews: int = 0
    digest: str = ""


def score(
    debtors: Sequence[int], *, actor: Actor, as_of: date | None = None, judge: Judge | None = None
) -> list[Rating]:
    """Score some debtors now; a score that is the same as the one before is not written again.

    Returns:
        The score that stands for each of them, in the order of their ids.
    """
    settings = risk_settings()
    day = as_of or judging.today()
    found: list[Rating] = []
    with transaction.atomic():
        people = list(Debtor.objects.select_for_update(no_key=True).filter(pk__in=debtors).order_by("pk"))
        before = {row.debtor_id: row for row in Rating.objects.filter(debtor__in=people, current=True)}
        by = judge or judging.judge_in_use(settings)
        scores = _ratings(judging.look(reading.read([each.pk for each in people]), day, by, settings))
        for debtor in people:
            made, there = scores[debtor.pk], before.get(debtor.pk)
            if there is not None and _same(there, made):
                found.append(there)
                continue
            found.append(ratings.rate(debtor, made, actor=actor))
            if made.proposed == LEGAL:
                open_review(debtor, made, actor)
    return found


def score_creditor(creditor: Creditor, *, actor: Actor, as_of: date | None = None, judge: Judge | None = None) -> Run:
    """Score every debtor of a company in one transaction.

    Raises:
        Scoring: another sweep over it runs now.
    """
    settings = risk_settings()
    day = as_of or judging.today()
    by = judge or judging.judge_in_use(settings)
    head = Chain.objects.filter(name=f"acreedor:{creditor.pk}").values_list("seq", flat=True).first() or 0
    run, digest, changes = Run(model=by.name), hashlib.sha256(), hashlib.sha256()
    each: list[tuple[int, dict[str, str]]] = []
    legal: list[int] = []
    with transaction.atomic():
        if not _alone(creditor.pk):
            raise Scoring(f"Ya se está valorando a los deudores de {creditor.name}.")
        for ids in reading.batches(creditor, size=CHUNK):
            scored = judging.look(reading.read(ids), day, by, settings)
            before = _before(scored.table.index.to_numpy(np.int64))
            fresh, moved = _news(scored, before, settings)
            _count(run, scored, len(fresh), len(moved))
            legal += scored.table.index[scored.treated["proposed"].to_numpy() == LEGAL].tolist()
            for debtor, what in _changes(scored, moved):
                changes.update(json.dumps([debtor, what], ensure_ascii=False).encode())
                if len(each) < EACH_TOLD:
                    each.append((debtor, what))
            digest.update(_write(scored.only(fresh), [pk for pk in fresh.tolist() if pk in before.index]))
        run.digest = digest.hexdigest()
        payload = {
            "as_of": day.isoformat(), "model": run.model, "debtors": run.debtors, "written": run.written,
            "changed": run.changed, "changes": changes.hexdigest(), "rows": run.digest, "bands": run.bands,
            "segments": run.segments, "to_person": run.to_person, "proposed": run.proposed,
        }  # fmt: skip
        record("rating.run", creditor, payload, actor, creditor=creditor)
        if run.changed <= EACH_TOLD:
            for debtor, what in each:
                record("rating.changed", f"debtor:{debtor}", what, actor, creditor=creditor)
        run.reviews = _open_reviews(legal, settings.tratamiento.tareas_por_noche, actor)
        _move_cursor(creditor.pk, head)
    return run


def open_review(debtor: Debtor, rating: Rating, actor: Actor) -> Task:
    """Have a person look at whom the figures alone would take to court; once until it is done."""
    running = Task.objects.filter(debtor=debtor, source=REVIEW, done_at=None).first()
    if running is not None:
        return running
    told = "; ".join(str(each["text"]).rstrip(".") for each in rating.reasons)
    return tasks.open_task(
        debtor,
        f"riesgo:legal:{debtor.pk}:{rating.as_of.isoformat()}",
        kind=Task.Kinds.REVIEW.value,
        due_on=rating.as_of,
        why=f"Los números lo proponen como caso legal: decídalo una persona. {told}."[:2000],
        source=REVIEW,
        actor=actor,
    )


REVIEW: Final = "riesgo:legal"
"""Source of the tasks that look at proposed cases for the court."""


@contextmanager
def unless_swept(creditor: int) -> Iterator[bool]:
    """Tells whether no sweep over the company runs; none begins inside the block. In a transaction of its own."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock_shared(%s, %s)", [_LOCK, creditor])
            row = cursor.fetchone()
        yield bool(row and row[0])


def _alone(creditor: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCK, creditor])
        row = cursor.fetchone()
    return bool(row and row[0])


def _move_cursor(creditor: int, seq: int) -> None:
    Cursor.objects.update_or_create(chain=f"acreedor:{creditor}", defaults={"seq": seq})


# ---- one by one


def _ratings(scored: Scored) -> dict[int, Rating]:
    """The rows as models by debtor, not saved; the texts are those that a sweep would write."""
    told, entered = rows.reasons(scored).to_pylist(), rows.inputs(scored).to_pylist()
    made = {}
    for place, debtor in enumerate(scored.table.index.tolist()):
        judged, treated = scored.judged.iloc[place], scored.treated.iloc[place]
        made[debtor] = Rating(
            as_of=scored.as_of,
            at=scored.at,
            model=scored.model,
            **{name: _decimal(judged[name], 1 if name == "days_late" else 5) for name in OUTCOMES},
            band=treated["band"],
            segment=treated["segment"],
            proposed=treated["proposed"],
            to_person=treated["to_person"],
            reasons=json.loads(told[place]),
            inputs=json.loads(entered[place]),
            missing=scored.missing.get(debtor, []),
            tags=scored.tags.get(debtor, []),
        )
    return made


def _decimal(value: float, places: int) -> Decimal | None:
    return None if np.isnan(value) else Decimal(f"{np.round(value, places) + 0.0:.{places}f}")


def _same(one: Rating, other: Rating) -> bool:
    names = (*OUTCOMES, "as_of", "model", "band", "segment", "proposed", "to_person", "inputs", "missing", "tags")
    return all(getattr(one, name) == getattr(other, name) for name in names)


# ---- a company at once

_BEFORE = """
COPY (SELECT debtor_id, model, band, segment, to_person, pay_60, recovery, first_miss, tags::text FROM ledger_rating
WHERE current AND debtor_id = ANY(%s)) TO STDOUT (FORMAT csv)
"""


def _before(ids: NDArray[np.int64]) -> pd.DataFrame:
    """The scores that stand, by debtor."""
    names = ["debtor_id", "model", "band", "segment", "to_person", "pay_60", "recovery", "first_miss", "tags"]
    kinds = {name: pa.string() for name in (*_TREATED, "segment")} | {"debtor_id": pa.int64()}
    kinds |= {name: pa.float64() for name in ("pay_60", "recovery", "first_miss")}
    with connection.cursor() as cursor, cursor.cursor.copy(_BEFORE, [ids.tolist()]) as copied:
        content = b"".join(bytes(block) for block in copied)
    if not content:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in names}).set_index("debtor_id")
    found = csv.read_csv(
        io.BytesIO(content),
        read_options=csv.ReadOptions(column_names=names),
        convert_options=csv.ConvertOptions(column_types=kinds, strings_can_be_null=False),
    )
    frame: pd.DataFrame = found.to_pandas().set_index("debtor_id")
    return frame


def _news(scored: Scored, before: pd.DataFrame, settings: RiskSettings) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Whose score is written anew, and whose treatment changed."""
    index = scored.table.index
    there = index.isin(before.index)
    old = before.reindex(index)
    moved = np.zeros(len(index), dtype=bool)
    for name in ("band", "segment", "to_person"):
        moved |= scored.treated[name].to_numpy(object) != old[name].to_numpy(object)
    moved &= there
    tags = np.array([json.dumps(scored.tags.get(pk, []), ensure_ascii=False) for pk in index.tolist()], dtype=object)
    fresh = ~there | moved | (old["model"].to_numpy(object) != scored.model)
    fresh |= tags != old["tags"].to_numpy(object)
    for name in ("pay_60", "recovery", "first_miss"):
        was, now = old[name].to_numpy(np.float64), scored.judged[name].to_numpy(np.float64)
        fresh |= (np.isnan(was) != np.isnan(now)) | (np.abs(was - now) >= settings.cambio_minimo)
    ids = index.to_numpy(np.int64)
    return ids[fresh], ids[moved]


def _changes(scored: Scored, moved: NDArray[np.int64]) -> Iterator[tuple[int, dict[str, str]]]:
    names = ["band", "segment", "proposed", "to_person"]
    for debtor, *values in scored.treated.loc[moved, names].itertuples():
        what = dict(zip(names, map(str, values), strict=True))
        yield int(debtor), {"model": scored.model, "as_of": scored.as_of.isoformat(), **what}


def _write(scored: Scored, before: list[int]) -> bytes:
    """Write the rows and make them the current ones; returns the digest of what was written."""
    if not len(scored.table):
        return b""
    content = rows.content(scored)
    with connection.cursor() as cursor:
        if before:
            cursor.execute("UPDATE ledger_rating SET current = false WHERE current AND debtor_id = ANY(%s)", [before])
        columns = ", ".join(rows.COLUMNS)
        with cursor.cursor.copy(f"COPY ledger_rating ({columns}) FROM STDIN (FORMAT csv)") as copy:
            copy.write(content)
    return hashlib.sha256(content).digest()


def _count(run: Run, scored: Scored, written: int, changed: int) -> None:
    treated: Any = scored.treated
    run.debtors += len(treated)
    run.written += written
    run.changed += changed
    for name, into in (("band", run.bands), ("segment", run.segments)):
        for value, count in treated[name].value_counts().items():
            into[str(value)] = into.get(str(value), 0) + int(count)
    run.to_person += int((treated["to_person"].to_numpy(object) != "").sum())
    run.proposed += int((treated["proposed"].to_numpy(object) == LEGAL).sum())


def _open_reviews(legal: list[int], limit: int, actor: Actor) -> int:
    """Reviews of whom the figures would take to court, those owing most first; the rest wait for another night."""
    if not legal or not limit:
        return 0
    waiting = set(Task.objects.filter(source=REVIEW, done_at=None).values_list("debtor", flat=True))
    wanted = [pk for pk in legal if pk not in waiting]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT debtor_id FROM ledger_invoice WHERE vanished_at IS NULL AND debtor_id = ANY(%s)"
            " GROUP BY debtor_id ORDER BY sum(open) DESC, debtor_id LIMIT %s",
            [wanted, limit],
        )
        first = [row[0] for row in cursor.fetchall()]
    found = Rating.objects.filter(debtor__in=first, current=True).select_related("debtor")
    return len([open_review(row.debtor, row, actor) for row in found])
