"""Strategies as versioned data: checked, shown against today's portfolio, put in force, taken back; all on record.

The file in ``config/strategies/`` is what is in force. Every text that was ever in force is kept by its version, so
that what a message names ("general@2026-11-22") can be read for ever, and gone back to.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from pathlib import Path

from django.db import transaction

from cobranza import suite
from cobranza.dunning import config, differences, drafts, facts, settings, workflow
from cobranza.dunning.account import DunningError
from cobranza.dunning.config import DunningSettings, TrialEntry
from cobranza.dunning.models import StrategyVersion
from cobranza.dunning.strategy import Nothing, Strategy, answerable
from cobranza.dunning.workflow import Planned
from cobranza.kernel import clock
from cobranza.kernel.config import parse
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Creditor

_NAME = re.compile(r"^[a-z0-9_]{1,40}$")
_MOST = 2000
_LONGEST = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one account would get under another text.

    Attributes:
        name: The debtor's.
        before: What it gets today, in Spanish.
        after: What it would get.
    """

    debtor: int
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Today's portfolio under another text.

    Attributes:
        accounts: How many were looked at.
        before: Step → accounts; "" is nothing.
        after: The same under the other text.
        changes: Some of the accounts that would get something else.
        changed: How many there are.
    """

    accounts: int
    before: dict[str, int]
    after: dict[str, int]
    changes: tuple[Change, ...]
    changed: int


def text_of(name: str) -> str:
    """The file of a strategy as it stands."""
    if name not in settings.names():
        raise DunningError(f"No hay una estrategia «{name}».")
    return (settings.folder() / f"{name}.toml").read_text(encoding="utf-8")


def check(name: str, text: str) -> Strategy:
    """Read a text as the strategy `name`.

    Raises:
        DunningError: too long, no good name, a step without template, or one that asks for what no ledger tells.
        ConfigError: no TOML, or a key that is wrong; it is named.
    """
    if not _NAME.match(name):
        raise DunningError("El nombre de una estrategia lleva letras minúsculas, cifras y guiones bajos.")
    if len(text) > _LONGEST:
        raise DunningError("La estrategia es demasiado larga.")
    return answerable(settings.written(name, text.replace("\r\n", "\n")))


def preview(creditor: Creditor, name: str, text: str, now: datetime | None = None) -> Preview:
    """What `text` would change today for the first accounts of `creditor`. Changes nothing."""
    at = now or clock.now()
    old, new = settings.strategy(name), check(name, text)
    pairs = workflow.accounts(creditor)[:_MOST]
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    changes: list[Change] = []
    changed = 0
    for (debtor, _currency), known in zip(pairs, facts.read_many(pairs, at), strict=True):
        was, will = workflow.judge(known, old, at), workflow.judge(known, new, at)
        before[_step(was)] += 1
        after[_step(will)] += 1
        if (_step(was) or _step(will)) and _said(was) != _said(will):  # another reason for nothing is no change
            changed += 1
            if len(changes) < 20:
                changes.append(Change(debtor=debtor.pk, name=debtor.name, before=_said(was), after=_said(will)))
    return Preview(accounts=len(pairs), before=dict(before), after=dict(after), changes=tuple(changes), changed=changed)


def save(name: str, text: str, *, why: str, actor: Actor) -> StrategyVersion:
    """Put a text in force; the one before is kept.

    Raises:
        DunningError: the version it bears is another text's: what was sent under it would not be told apart.
        ConfigError: see `check`.
    """
    text = text.replace("\r\n", "\n").rstrip("\n") + "\n"
    chosen = check(name, text)
    with transaction.atomic():
        now = text_of(name) if name in settings.names() else ""
        before = _keep(name, now, "fichero", "La que había.") if now else None
        made = _keep(name, text, actor.name, why)
        payload = {
            "name": name, "version": chosen.version, "before": before.version if before else "",
            "sha256": made.sha256, "why": why,
        }  # fmt: skip
        record("strategy.changed", f"strategy:{name}", payload, actor, seals=[made])
        _write(settings.folder() / f"{name}.toml", text)
    return made


def next_version(name: str) -> str:
    """A version that no text of this strategy has borne."""
    taken = set(StrategyVersion.objects.filter(name=name).values_list("version", flat=True))
    today = clock.now().astimezone(clock.MADRID).date()
    return drafts.fresh(settings.strategy(name).version, taken, today)


def go_back(version: StrategyVersion, *, why: str, actor: Actor) -> StrategyVersion:
    """Put a former text in force again, under its own version."""
    return save(version.name, version.text, why=why, actor=actor)


def _keep(name: str, text: str, who: str, why: str) -> StrategyVersion:
    version = settings.written(name, text).version
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    there = StrategyVersion.objects.select_for_update().filter(name=name, version=version).first()
    if there is None:
        return StrategyVersion.objects.create(
            name=name, version=version, sha256=digest, text=text, saved_at=clock.now(), saved_by=who, why=why
        )
    if there.sha256 != digest:
        raise DunningError(
            f"La versión «{version}» de «{name}» ya fue otro texto.",
            remedy="Cambie «version» al principio del texto: los mensajes enviados la nombran.",
        )
    return there


def set_trial(creditor: Creditor, trial: TrialEntry | None, *, actor: Actor) -> None:
    """Start, change or end (None) the trial of a company's strategy in ``config/dunning.toml``.

    Raises:
        DunningError: the pilot's strategy is not there, or the shares are more than everybody.
        ConfigError: the file would be wrong.
    """
    if trial is not None:
        if trial.piloto and trial.piloto not in settings.names():
            raise DunningError(f"No hay una estrategia «{trial.piloto}» que probar.")
        if trial.cuota_piloto + trial.cuota_control > 100:
            raise DunningError("Piloto y control no pueden sumar más de 100 %.")
    file = suite.root() / "config" / DunningSettings.FILE
    config.company(creditor.key)
    text = with_trial(file.read_text(encoding="utf-8"), creditor.key, trial)
    parse(tomllib.loads(text), DunningSettings, str(file))
    with transaction.atomic():
        payload = {} if trial is None else trial.model_dump(mode="json")
        record("trial.changed", f"creditor:{creditor.pk}", payload, actor, creditor=creditor.pk)
        _write(file, text)


def with_trial(text: str, company: str, trial: TrialEntry | None) -> str:
    """A ``dunning.toml`` with that trial for a company instead of the one it has; all else stays to the letter."""
    header = f"[empresas.{company}.ensayo]"
    kept: list[str] = []
    inside = False
    for line in text.splitlines():
        if line.startswith("["):
            inside = line.split("#")[0].strip() == header
        if not inside:
            kept.append(line)
    plain = "\n".join(kept).rstrip("\n") + "\n"
    if trial is None:
        return plain
    lines = [header, f'nombre = "{_toml(trial.nombre)}"', f'piloto = "{_toml(trial.piloto)}"']
    lines += [f"cuota_piloto = {trial.cuota_piloto}", f"cuota_control = {trial.cuota_control}"]
    lines += [f"sombra = {'true' if trial.sombra else 'false'}", f"desde = {trial.desde.isoformat()}"]
    lines += [f"hasta = {trial.hasta.isoformat()}"] if trial.hasta is not None else []
    return plain + "\n" + "\n".join(lines) + "\n"


def versions(name: str) -> Sequence[tuple[StrategyVersion, tuple[str, ...]]]:
    """What was in force, the latest first, each with what it changed of the one before, in Spanish."""
    rows = list(StrategyVersion.objects.filter(name=name).order_by("-saved_at", "-pk")[:100])
    pairs = zip_longest(rows, rows[1:])
    return [(row, differences.of_texts(was.text, row.text) if was else ()) for row, was in pairs]


def _toml(text: str) -> str:
    return "".join(each for each in text if each.isprintable()).replace("\\", "\\\\").replace('"', '\\"')


def _write(file: Path, text: str) -> None:
    """Whole or not at all."""
    fresh = file.with_suffix(".nuevo")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)


def _step(planned: Planned) -> str:
    return "" if isinstance(planned.found, Nothing) else planned.found.step


def _said(planned: Planned) -> str:
    found = planned.found
    if isinstance(found, Nothing):
        return f"nada ({found.why})"
    return f"{found.step} · {found.channel}" if found.channel else f"{found.step} · tarea"
