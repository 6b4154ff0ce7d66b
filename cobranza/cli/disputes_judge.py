"""`cobranza disputes classify|train|card|benchmark`: judge tables of messages, learn from labelled ones."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cobranza.kernel.errors import EXIT_BUSINESS, BusinessError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from cobranza.disputes.ports import Judgement, ReadMail

NEEDS_DATABASE = False
PARENT = "disputes"
_TOGETHER = 64
_MANY = 400  # mails from which several processes are worth their start
_In = TypeVar("_In")
_Out = TypeVar("_Out")


class MailTableError(BusinessError):
    """A table of messages that cannot be read."""

    code = "COB-DIS-020"
    remedy = "Cada línea es un objeto JSON con id, from, subject y body; corrija la que se nombra."


@click.command()
@click.option(
    "--in",
    "source",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Correos, un objeto JSON por línea: id, from, subject, body y, si los hay, date, headers, attachments, "
    "country (dónde está el deudor).",
)
@click.option(
    "--out",
    "target",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Clasificación, un objeto JSON por línea, en el mismo orden.",
)
@click.option(
    "--processes",
    type=click.IntRange(0, 64),
    default=0,
    help="Procesos a la vez; 0, uno por núcleo cuando los correos son muchos.",
)
@click.option("--json", "as_json", is_flag=True, help="Resumen legible por máquina.")
def classify(source: Path, target: Path, processes: int, as_json: bool) -> None:
    """Clasifica una tabla de correos sin buzón, sin base de datos y sin libro de deudas."""
    counts: dict[str, int] = {}
    unsure = total = 0
    waiting = target.with_name(f".{target.name}.part")
    with waiting.open("w", encoding="utf-8") as out:
        for told in _in_processes(_classified, _batches(source), processes or _wanted(source)):
            for row in told:
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
                counts[row["label"]] = counts.get(row["label"], 0) + 1
                unsure += row["abstain"]
                total += 1
    waiting.replace(target)
    if as_json:
        summary = {"mails": total, "abstained": unsure, "labels": dict(sorted(counts.items()))}
        click.echo(json.dumps(summary, ensure_ascii=False, indent=2))
    else:
        click.echo(f"{total} correos clasificados en «{target}»; {unsure} quedan para una persona.")


@click.command()
@click.option(
    "--corpus",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Carpeta con correos etiquetados propios (.jsonl), además de los que trae el programa.",
)
@click.option("--decided", is_flag=True, help="Aprende también de lo que las personas decidieron en la bandeja.")
@click.option("--finetune", is_flag=True, help="Ajusta antes el codificador de frases (necesita cobranza[train]).")
@click.option(
    "--to",
    "target",
    type=click.Path(file_okay=False, path_type=Path),
    help="Carpeta del modelo nuevo; sin ella, la de esta instalación, que lo usa desde ese momento.",
)
@click.option("--rollback", is_flag=True, help="No entrena: vuelve al modelo que se usaba antes del actual.")
@click.option("--kept", is_flag=True, help="No entrena: enseña los modelos que se guardan y cuál está en uso.")
@click.option("--json", "as_json", is_flag=True, help="Resultado legible por máquina.")
def train(
    corpus: Path | None,
    decided: bool,
    finetune: bool,
    target: Path | None,
    rollback: bool,
    kept: bool,
    as_json: bool,
) -> None:
    """Entrena el modelo que clasifica los correos y mide cuánto acierta.

    El modelo nuevo se usa desde ese momento, salvo que sea peor que el que está en uso con el juego fijo de correos de
    comprobación: entonces se guarda, se dice por qué y el mandato sale con código 3.
    """
    if rollback and kept:
        raise click.UsageError("--rollback y --kept no van juntos.")
    if (rollback or kept) and (corpus or decided or finetune or target):
        raise click.UsageError("--rollback y --kept no entrenan: no llevan más opciones que --json.")
    if rollback:
        _roll_back(as_json)
        return
    if kept:
        _show_kept(as_json)
        return
    with ExitStack() as stack:
        own = _with_decisions(corpus, stack) if decided else corpus
        done = _judge().train(
            read_row, corpus=own, finetune=finetune, to=target, tell=lambda text: click.echo(f"· {text}", err=True)
        )
    if as_json:
        click.echo(json.dumps(done, ensure_ascii=False, indent=2))
    else:
        click.echo(f"Modelo {done['model']} en «{done['folder']}», de {done['mails']} correos.")
        for way, figures in done["figures"].items():
            name = {"plain": "sin codificador", "vectors": "con codificador"}[way]
            click.echo(
                f"  {name}: acierta el {100 * figures['accuracy']:.1f} % (F1 {100 * figures['macro_f1']:.1f} %)."
            )
        for reason in done["refused"]:
            click.echo(f"  No se usa: {reason}.")
    if done["refused"]:
        raise click.exceptions.Exit(EXIT_BUSINESS)


def _roll_back(as_json: bool) -> None:
    done = _judge().roll_back()
    if as_json:
        click.echo(json.dumps(done, ensure_ascii=False, indent=2))
    else:
        click.echo(f"Vuelve a usarse el modelo {done['model']} de «{done['folder']}».")


def _show_kept(as_json: bool) -> None:
    found = _judge().kept()
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for entry in found:
        origin = "de serie" if entry["shipped"] else f"entrenado aquí, {entry['trained']}"
        state = "EN USO" if entry["in_use"] else "no admitido" if entry["refused"] else "guardado"
        click.echo(f"{entry['model']}  {state:11}  {entry['mails']} correos, {origin}")
        for reason in entry["refused"]:
            click.echo(f"    {reason}")


@click.command()
@click.option("--check", is_flag=True, help="No escribe nada; dice si la ficha está al día.")
def card(check: bool) -> None:
    """Vuelve a escribir la ficha del modelo que trae el programa (MODEL_CARD.md)."""
    file, text = _judge().card()
    current = file.read_text(encoding="utf-8") if file.is_file() else ""
    if check and current != text:
        raise BusinessError("La ficha del modelo no está al día.", remedy="Lance «cobranza disputes card».")
    if not check:
        file.write_text(text, encoding="utf-8")
        click.echo(f"Escrita en «{file}».")


@click.command()
@click.option(
    "--train",
    "known",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV del que se aprende, con las columnas text y category.",
)
@click.option(
    "--test",
    "asked",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV con el que se mide.",
)
@click.option("--shots", type=click.IntRange(0, 1000), default=0, help="Ejemplos por categoría; 0, todos.")
@click.option("--seeds", type=click.IntRange(1, 50), default=3, help="Sorteos de los ejemplos.")
@click.option(
    "--encoders",
    default="e5,minilm,use",
    show_default=True,
    help="Codificadores, separados por comas; vacío, solo palabras. Los que faltan se construyen.",
)
@click.option("--json", "as_json", is_flag=True, help="Resultado legible por máquina.")
def benchmark(known: Path, asked: Path, shots: int, seeds: int, encoders: str, as_json: bool) -> None:
    """Mide la parte general del clasificador con una tabla cualquiera de textos etiquetados."""
    done = _judge().benchmark(
        known,
        asked,
        shots=shots,
        seeds=seeds,
        encoders=[name.strip() for name in encoders.split(",") if name.strip()],
        tell=lambda text: click.echo(f"· {text}", err=True),
    )
    if as_json:
        click.echo(json.dumps(done, ensure_ascii=False, indent=2))
        return
    click.echo(f"Acierta el {100 * done['accuracy']:.2f} % de {done['test']} textos, {done['labels']} categorías.")


commands = [classify, train, card, benchmark]


def _with_decisions(corpus: Path | None, stack: ExitStack) -> Path | None:
    """A folder with the labelled messages of `corpus` and those that people decided; None when there are none."""
    from cobranza.database import session

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cobranza-decisiones-")))
    with session.opened():
        from cobranza.disputes import teaching

        rows = [json.dumps(row, ensure_ascii=False) for row in teaching.lines()]
    click.echo(f"· {len(rows)} correos decididos por personas", err=True)
    if not rows:
        return corpus
    for file in sorted(corpus.glob("*.jsonl")) if corpus is not None else ():
        shutil.copy(file, folder / file.name)
    (folder / "~decisiones.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def read_row(row: Mapping[str, Any]) -> ReadMail:
    """A row of a table as the mailbox's reader reads it."""
    from cobranza.disputes.reading import reader

    return reader.from_parts(
        str(row.get("subject") or ""),
        str(row.get("body") or ""),
        str(row.get("from") or ""),
        headers=row.get("headers") or {},
        date=row.get("date") or None,
        attachments=[_name(file) for file in row.get("attachments") or ()],
        country_hint=_country(row.get("country")),
    )


def _country(given: Any) -> str:
    """Where the debtor is, as a code of two letters; anything else tells nothing."""
    code = str(given or "").strip().upper()
    return code if len(code) == 2 and code.isascii() and code.isalpha() else ""


def _name(file: Any) -> str:
    return str(file.get("name") or file.get("filename") or "") if isinstance(file, dict) else str(file)


def _classified(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    from cobranza.disputes.ports import Question

    mails = [read_row(row) for row in rows]
    judged = _judge().judge([Question(mail=mail) for mail in mails])
    return [_told(row["id"], mail, found) for row, mail, found in zip(rows, mails, judged, strict=True)]


def _wanted(source: Path) -> int:
    """Processes worth starting: each loads the model, which a short table does not repay."""
    with source.open("rb") as lines:
        many = sum(1 for _ in islice(lines, _MANY)) == _MANY
    return (os.cpu_count() or 1) if many else 1


def _in_processes(work: Callable[[_In], _Out], parts: Iterator[_In], processes: int) -> Generator[_Out, None, None]:
    """What `work` makes of each part, in order; a few parts ahead, never all of them, are read."""
    if processes == 1:
        yield from map(work, parts)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # a fresh interpreter each: the libraries below keep threads, which do not survive a fork
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting: deque[Future[_Out]] = deque()
        for part in parts:
            waiting.append(pool.submit(work, part))
            if len(waiting) > 2 * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _batches(source: Path) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    with source.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as exc:
                raise MailTableError(f"{source}, línea {number}: no es JSON ({exc.msg}).") from exc
            if not isinstance(row, dict) or "id" not in row:
                raise MailTableError(f"{source}, línea {number}: falta «id».")
            rows.append(row)
            if len(rows) == _TOGETHER:
                yield rows
                rows = []
    if rows:
        yield rows


def _told(key: Any, mail: ReadMail, judged: Judgement) -> dict[str, Any]:
    return {
        "id": key,
        "label": judged.label,
        "secondary": judged.secondary or None,
        "confidence": judged.confidence,
        "alternatives": [{"label": other.label, "confidence": other.confidence} for other in judged.alternatives],
        "abstain": judged.abstain,
        "reasons": list(judged.reasons),
        "model": judged.model,
        "kind": mail.kind.value,
        "lang": mail.lang,
        "country": mail.country,
        "own_text": mail.own_text,
        "entities": [
            {
                "type": entity.type,
                "text": entity.text,
                "value": entity.value,
                "start": entity.start,
                "end": entity.end,
                "in": entity.where,
                "zone": entity.zone.value,
                "valid": entity.valid,
            }
            for entity in mail.entities
        ],
    }


def _judge() -> Any:
    from cobranza import suite

    return suite.adapters("classifiers")["disputes"]
