"""Teaches the judges of payers from the company's own ledger, and watches whether what they learned still holds.

Debtors are looked at once a month of the past, with the features of that day and what became known since. A share of
them (`reserva`, by their id, always the same ones) never teaches: it is the check set, frozen at the first training,
and no version goes into use that is worse on it than the one in use (or than the rules).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cobranza import suite
from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.ledger.models import Creditor
from cobranza.risk import drift, measuring, model_card, reading
from cobranza.risk.features import NAMES, History, table
from cobranza.risk.features.history import number
from cobranza.risk.learning import Examples, Learner
from cobranza.risk.model_settings import ModelEntry, model_settings
from cobranza.risk.outcomes import outcomes
from cobranza.risk.ports import OUTCOMES, Judge

RULES: Final = "reglas"
MOST_DEBTORS: Final = 20_000
"""Debtors that teach at most: more of them change nothing but the time it takes."""
_CHECK: Final = "check.npz"
_EPOCH: Final = date(1970, 1, 1)


class TrainingError(BusinessError):
    """There is nothing to learn from, or no such judge."""

    code = "COB-RIE-051"
    remedy = "Hace falta más historia en el libro; mientras tanto valora «reglas»."


@dataclass(frozen=True, kw_only=True)
class Training:
    """What came of a training.

    Attributes:
        judge: What was learned.
        card: Its card, as data; `text` as Markdown.
        refused: Why it does not go into use, Spanish; empty when it does.
        folder: Where it is kept; None when it was only tried.
    """

    judge: Judge
    card: dict[str, Any]
    text: str
    refused: tuple[str, ...]
    folder: Path | None


def learners() -> dict[str, Learner]:
    """The judges that can be taught, by slug."""
    found = suite.adapters("classifiers.payers")
    return {slug: cast(Learner, each) for slug, each in found.items() if hasattr(each, "learn")}


def learner(slug: str) -> Learner:
    """One of them.

    Raises:
        TrainingError: there is none of that name.
    """
    found = learners()
    if slug not in found:
        raise TrainingError(f"«{slug}» no aprende; aprenden {', '.join(found)}.", remedy="Elija uno de ellos.")
    return found[slug]


def rules() -> Judge:
    """The judge of the first day."""
    return cast(Judge, suite.adapters("classifiers.payers")[RULES])


def check_file() -> Path:
    """Where the frozen check set is."""
    return suite.data_folder() / "risk" / _CHECK


def looks(today: date, months: int, every: int) -> list[date]:
    """The past days on which debtors are looked at: one a month, the newest a month ago, oldest first.

    >>> looks(date(2026, 6, 30), 3, 1)
    [datetime.date(2026, 3, 31), datetime.date(2026, 4, 30), datetime.date(2026, 5, 31)]
    """
    found, first = [], today.replace(day=1)
    for _ in range(months):
        last = first - timedelta(days=1)
        found.append(last)
        first = last.replace(day=1)
    return sorted(found[::every])


def reserved(debtors: NDArray[np.int64], share: float) -> NDArray[np.bool_]:
    """Who never teaches: the same debtors whenever it is asked."""
    mixed = (debtors.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
    part: NDArray[np.bool_] = mixed.astype(np.float64) / 2**32 < share
    return part


def gather(histories: Iterator[History] | Sequence[History], days: Sequence[date], cut: date) -> Examples:
    """Debtors on past days with what became of them by `cut`; rows that teach nothing are left out.

    Raises:
        TrainingError: nothing is left.
    """
    tables, ends, known, debtors, when, countries = [], [], [], [], [], []
    for history in histories:
        country = history.debtors.set_index("debtor")["country"]
        for day in days:
            happened, known_on = outcomes(history, day, cut)
            keep = happened.notna().any(axis=1).to_numpy()
            if not keep.any():
                continue
            tables.append(table(history, day)[keep])
            ends.append(happened[keep])
            known.append(known_on[keep])
            ids = tables[-1].index.to_numpy(np.int64)
            debtors.append(ids)
            when.append(np.full(len(ids), number(day)))
            countries.append(country.reindex(pd.Index(ids)).to_numpy(object))
    if not tables:
        raise TrainingError("El libro no tiene historia de la que aprender.")
    return Examples(
        table=pd.concat(tables, ignore_index=True),
        outcomes=pd.concat(ends, ignore_index=True),
        known=pd.concat(known, ignore_index=True),
        debtor=np.concatenate(debtors),
        as_of=np.concatenate(when),
        country=np.concatenate(countries),
    )


def from_ledger(creditor: Creditor | None, today: date, settings: ModelEntry) -> Examples:
    """Examples of a company's ledger, or of all companies here.

    Raises:
        TrainingError: it holds no history.
    """
    ids = np.concatenate([np.zeros(0, dtype=np.int64), *reading.batches(creditor)])
    if len(ids) > MOST_DEBTORS:
        ids = np.sort(np.random.default_rng(settings.semilla).choice(ids, MOST_DEBTORS, replace=False))
    days = looks(today, settings.meses, settings.pasos)
    parts = (reading.read(ids[start : start + 5000]) for start in range(0, len(ids), 5000))
    return gather(parts, days, today)


def train(
    slug: str,
    creditor: Creditor | None = None,
    *,
    today: date | None = None,
    apply: bool = False,
    new_check: bool = False,
    tell: Callable[[str], None] = lambda _text: None,
) -> Training:
    """Teach a judge from the ledger; see the module.

    Args:
        slug: Of a judge that learns.
        creditor: Only this company's debtors.
        today: What is known by the end of this day teaches.
        apply: Keep it, and put it into use unless it is worse.
        new_check: Freeze the check set anew, of today's reserved debtors.
        tell: Told what is being done, Spanish.

    Raises:
        TrainingError: there is nothing to learn from.
    """
    settings = model_settings()
    day = today or clock.now().astimezone(clock.MADRID).date()
    tell("Leyendo el libro…")
    examples = from_ledger(creditor, day, settings)
    return teach(learner(slug), examples, day, settings, apply=apply, new_check=new_check, tell=tell)


def teach(
    who: Learner,
    examples: Examples,
    day: date,
    settings: ModelEntry,
    *,
    apply: bool,
    new_check: bool = False,
    tell: Callable[[str], None] = lambda _text: None,
) -> Training:
    """The same from examples that were gathered already."""
    apart = reserved(examples.debtor, settings.reserva)
    taught, aside = examples.where(~apart), examples.where(apart)
    frozen = None if new_check else read_check()
    check = aside if frozen is None else frozen
    tell(f"Aprendiendo de {len(taught)} observaciones; {len(check)} apartadas comprueban…")
    judge = who.learn(taught, seed=settings.semilla, least=settings.minimo)
    before = who.live() or rules()
    judged, judged_before = judge.judge(check.table), before.judge(check.table)
    now, new = measuring.figures(judged_before, check), measuring.figures(judged, check)
    refused = measuring.worse(now, new)
    recent = taught.where(taught.as_of > int(taught.as_of.max()) - 365)
    scores = judge.judge(recent.table)[drift.SCORE].to_numpy(np.float64)
    first, last = _halves(taught)
    stability = drift.indices(
        drift.reference(first.table, judge.judge(first.table)[drift.SCORE].to_numpy(np.float64)),
        last.table,
        judge.judge(last.table)[drift.SCORE].to_numpy(np.float64),
    )
    card = {
        "name": judge.name,
        "trained_on": day.isoformat(),
        "span": [_written(taught.as_of.min()), _written(taught.as_of.max())],
        "debtors": len(np.unique(taught.debtor)),
        "observations": len(taught),
        "examples": {name: int(taught.outcomes[name].notna().sum()) for name in OUTCOMES},
        "check_rows": len(check),
        "check_debtors": len(np.unique(check.debtor)),
        "check": new,
        "before": {"name": before.name, "check": now},
        "groups": measuring.by_group(judged, check, drift.SCORE),
        "stability": stability,
        "reference": drift.reference(recent.table, scores),
        "refused": list(refused),
        "settings": settings.model_dump(),
    }
    text = model_card.written(card)
    folder = None
    if apply:
        if frozen is None:
            write_check(check)
        folder = who.admit(judge, card, text, refused=refused)
    return Training(judge=judge, card=card, text=text, refused=refused, folder=folder)


def watch(slug: str, *, today: date | None = None, creditor: Creditor | None = None) -> dict[str, Any]:
    """How far today's debtors are from those that the version in use learned from.

    Returns:
        name, day, debtors, psi (by feature, and of the score; the largest first), warned, alarmed (names).

    Raises:
        TrainingError: nothing was trained.
    """
    settings = model_settings()
    who = learner(slug)
    judge = who.live()
    if judge is None:
        raise TrainingError(f"«{slug}» no tiene ninguna versión en uso.", remedy="Entrénelo con «cobranza risk train».")
    day = today or clock.now().astimezone(clock.MADRID).date()
    ids = np.concatenate([np.zeros(0, dtype=np.int64), *reading.batches(creditor)])
    if len(ids) > MOST_DEBTORS:
        ids = np.sort(np.random.default_rng(settings.semilla).choice(ids, MOST_DEBTORS, replace=False))
    found = table(reading.read(ids), day)
    # the judge learned from debtors of whom something could be learned: who has an invoice in two years, or owes
    found = found[(found["invoices_year"] > 0) | (found["open_count"] > 0)]
    if found.empty:
        raise TrainingError("Ahora no hay deudores con los que comparar.")
    card, _ = who.card(judge.name.partition("/")[2])
    psi = drift.indices(card["reference"], found, judge.judge(found)[drift.SCORE].to_numpy(np.float64))
    return {
        "name": judge.name,
        "day": day.isoformat(),
        "debtors": len(found),
        "psi": psi,
        "warned": [name for name, value in psi.items() if settings.deriva_aviso <= value < settings.deriva_alarma],
        "alarmed": [name for name, value in psi.items() if value >= settings.deriva_alarma],
    }


def read_check() -> Examples | None:
    """The frozen check set; None before the first training, or when the features have changed since."""
    try:
        with np.load(check_file(), allow_pickle=False) as found:
            if found["names"].tolist() != list(NAMES) or found["outcomes_names"].tolist() != list(OUTCOMES):
                return None
            return Examples(
                table=pd.DataFrame(found["table"], columns=list(NAMES)),
                outcomes=pd.DataFrame(found["outcomes"], columns=list(OUTCOMES)),
                known=pd.DataFrame(found["known"], columns=list(OUTCOMES)),
                debtor=found["debtor"],
                as_of=found["as_of"],
                country=found["country"].astype(object),
            )
    except (FileNotFoundError, KeyError, ValueError):
        return None


def write_check(check: Examples) -> None:
    """Freeze a check set."""
    file = check_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    waiting = file.with_suffix(".new.npz")
    np.savez_compressed(
        waiting,
        allow_pickle=False,
        names=np.array(NAMES),
        outcomes_names=np.array(OUTCOMES),
        table=check.table[list(NAMES)].to_numpy(np.float64),
        outcomes=check.outcomes[list(OUTCOMES)].to_numpy(np.float64),
        known=check.known[list(OUTCOMES)].to_numpy(np.float64),
        debtor=check.debtor,
        as_of=check.as_of,
        country=check.country.astype(str),
    )
    waiting.replace(file)


def _halves(examples: Examples) -> tuple[Examples, Examples]:
    middle = np.median(np.unique(examples.as_of))
    late = examples.as_of > middle
    return (examples.where(~late), examples.where(late)) if late.any() else (examples, examples)


def _written(day: np.int64) -> str:
    return (_EPOCH + timedelta(days=int(day))).isoformat()
