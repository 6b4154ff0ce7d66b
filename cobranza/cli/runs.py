"""`cobranza run`, `runs`, `worker`, `items`, `schedule`, `credentials`: the engine from a terminal."""

from __future__ import annotations

import getpass
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from cobranza.kernel.errors import UsageError

if TYPE_CHECKING:
    from cobranza.runs.models import Run
    from cobranza.runs.rows import Progress

_POLL = 0.5
_SHOWN = 30
_as_json = click.option("--json", "as_json", is_flag=True, help="Para programas.")


def setup_django() -> None:
    """Make models usable; does nothing when Django is ready."""
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()


def _who() -> str:
    return f"cli:{getpass.getuser()}"


def _show(data: Any) -> None:
    click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))


@click.command("run")
@click.argument("robot")
@click.option("--var", "given", multiple=True, metavar="NOMBRE=VALOR", help="Variable del robot; se puede repetir.")
@click.option("--rehearse", is_flag=True, help="Ensayo: muestra lo que haría y no hace nada fuera.")
@click.option("--queue", "queued", is_flag=True, help="Lo deja en la cola para un trabajador y vuelve.")
@click.option("--wait", "waited", is_flag=True, help="Lo deja en la cola y espera a que termine.")
@_as_json
def run_command(robot: str, given: tuple[str, ...], rehearse: bool, queued: bool, waited: bool, as_json: bool) -> None:
    """Lanza ROBOT aquí y ahora, o en la cola. Un secreto se da por su sitio: --var CLAVE=env:NOMBRE."""
    setup_django()
    from cobranza.runs import engine

    variables = dict(_split(text) for text in given)
    if queued or waited:
        run = engine.submit(robot, variables, started_by=_who(), rehearse=rehearse)
        if not waited:
            _show(run.as_dict()) if as_json else click.echo(f"En cola: ejecución {run.pk}.")
            return
        run = _follow(run, quiet=as_json)
    else:
        run = engine.create(robot, variables, started_by=_who(), rehearse=rehearse, foreground=True)
        run = _execute(run, quiet=as_json)
    _tell(run, as_json)
    sys.exit(run.exit_code)


def _split(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"«{text}» no es NOMBRE=VALOR.")
    return name, value


def _execute(run: Run, *, quiet: bool) -> Run:
    """Run it in this process; a first Ctrl-C stops the robot cleanly."""
    import signal
    import threading

    from cobranza.runs import engine, runner

    drain = threading.Event()

    def stop(number: int, frame: object) -> None:
        if drain.is_set():
            raise KeyboardInterrupt
        drain.set()
        threading.Thread(target=engine.cancel, args=(run.pk, _who()), daemon=True).start()

    before = {sign: signal.signal(sign, stop) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        with _bar(run.title, quiet=quiet) as advance:
            return runner.execute(run.pk, worker="cli", on_progress=advance)
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _follow(run: Run, *, quiet: bool) -> Run:
    from cobranza.runs.rows import Progress

    with _bar(run.title, quiet=quiet) as advance:
        while run.is_active:
            time.sleep(_POLL)
            run.refresh_from_db()
            advance(Progress(run.task, run.keyword, run.done, run.total))
    return run


@contextmanager
def _bar(title: str, *, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """A progress bar on a terminal, nothing in a pipe."""
    if quiet or not sys.stderr.isatty():
        yield lambda _progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task(title, total=None)

        def advance(progress: Progress) -> None:
            text = progress.keyword or progress.task or title
            bar.update(shown, description=text[:70], completed=progress.done, total=progress.total or None)

        yield advance


def _tell(run: Run, as_json: bool) -> None:
    if as_json:
        _show(run.as_dict())
        return
    seconds = f" en {run.duration.total_seconds():.1f} s" if run.duration else ""
    click.echo(f"Ejecución {run.pk}: {run.get_state_display()}{seconds}.")
    if run.evidence_folder is not None:
        click.echo(f"Pruebas: {run.evidence_folder}")
    if run.error_code:
        click.echo(f"{run.error_code}: {run.error_message} → {run.error_remedy}", err=True)


@click.group("runs", invoke_without_command=True)
@click.option("--robot", help="Solo las de este robot.")
@click.option("--limit", default=_SHOWN, show_default=True, type=click.IntRange(1, 1000), help="Cuántas.")
@_as_json
@click.pass_context
def runs_group(ctx: click.Context, robot: str | None, limit: int, as_json: bool) -> None:
    """Lista las últimas ejecuciones."""
    if ctx.invoked_subcommand is not None:
        return
    setup_django()
    from cobranza.runs.models import Run

    rows = Run.objects.filter(robot=robot) if robot else Run.objects.all()
    if as_json:
        _show([run.as_dict() for run in rows[:limit]])
        return
    for run in rows[:limit]:
        moment = run.started_at or run.created_at
        line = f"{run.pk:>6}  {_local(moment)}  {run.get_state_display():<22}  {run.robot}  {run.error_message[:60]}"
        click.echo(line.rstrip())


@runs_group.command("show")
@click.argument("number", metavar="NÚMERO", type=int)
@_as_json
def show_run(number: int, as_json: bool) -> None:
    """Enseña la ejecución NÚMERO con sus elementos y sus pruebas."""
    setup_django()
    run = _run(number)
    files = [
        {"path": file.path, "kind": str(file.kind), "title": file.title, "sha256": file.sha256, "size": file.size}
        for file in run.evidence_files.all()
    ]
    items = [item.as_dict() for item in run.items.all()]
    if as_json:
        _show(run.as_dict() | {"items": items, "evidence_files": files})
        return
    _tell(run, False)
    click.echo(f"Robot: {run.robot}   intento {run.attempt} de {run.max_attempts}   por {run.started_by}")
    for item in items:
        click.echo(f"  {item['reference']}: {item['state']}")
    for file in files:
        click.echo(f"  {file['title']}: {file['path']}")


@runs_group.command("cancel")
@click.argument("number", metavar="NÚMERO", type=int)
def cancel_run(number: int) -> None:
    """Detiene la ejecución NÚMERO."""
    setup_django()
    from cobranza.runs import engine

    run = _run(number)
    if engine.cancel(run.pk, by=_who()):
        click.echo(f"Ejecución {number}: se detiene.")
    else:
        click.echo(f"Ejecución {number}: ya había terminado ({run.get_state_display()}).")


def _run(number: int) -> Run:
    from cobranza.runs.errors import RunUnknown
    from cobranza.runs.models import Run

    run = Run.objects.filter(pk=number).first()
    if run is None:
        raise RunUnknown(f"No existe la ejecución {number}.")
    return run


@click.command("worker")
@click.option("--trabajadores", type=click.IntRange(1, 64), help="Procesos; si no, los de config/runs.toml.")
def worker_command(trabajadores: int | None) -> None:
    """Toma trabajo de la base de datos con otra máquina más. No programa nada: eso lo hace «cobranza up»."""
    setup_django()
    from cobranza.runs.supervisor import Supervisor

    sys.exit(Supervisor(workers=trabajadores, clock=False).run())


@click.group("items")
def items_group() -> None:
    """Los elementos de trabajo que comparten los robots."""


@items_group.command("list")
@click.option("--queue", "name", help="Solo los de esta cola.")
@click.option("--state", help="Solo en este estado, por ejemplo necesita_persona.")
@click.option("--limit", default=_SHOWN, show_default=True, type=click.IntRange(1, 1000), help="Cuántos.")
@_as_json
def list_items(name: str | None, state: str | None, limit: int, as_json: bool) -> None:
    """Lista los elementos, los más recientes primero."""
    setup_django()
    from cobranza.runs.models import ItemState, WorkItem

    if state and state not in ItemState.values:
        raise UsageError(f"«{state}» no es un estado (hay: {', '.join(ItemState.values)}).")
    rows = WorkItem.objects.order_by("-id")
    rows = rows.filter(queue=name) if name else rows
    rows = rows.filter(state=state) if state else rows
    if as_json:
        _show([item.as_dict() for item in rows[:limit]])
        return
    for item in rows[:limit]:
        what = item.question or item.error_message
        click.echo(f"{item.pk:>6}  {item.get_state_display():<22}  {item.queue}/{item.reference}  {what[:70]}".rstrip())


@items_group.command("answer")
@click.argument("number", metavar="NÚMERO", type=int)
@click.argument("text", metavar="RESPUESTA")
def answer_item(number: int, text: str) -> None:
    """Contesta a la pregunta del elemento NÚMERO; su robot sigue con él."""
    setup_django()
    from cobranza.runs import items

    item = items.answer(number, text, by=_who())
    click.echo(f"{item}: contestado; el robot seguirá con él.")


@items_group.command("reopen")
@click.argument("number", metavar="NÚMERO", type=int)
def reopen_item(number: int) -> None:
    """Da otro intento al elemento NÚMERO, que había fallado."""
    setup_django()
    from cobranza.runs import items

    item = items.reopen(number, by=_who())
    click.echo(f"{item}: vuelve a la cola.")


@click.command("schedule")
@_as_json
def schedule_command(as_json: bool) -> None:
    """Enseña qué arranca solo y cuándo será la próxima vez."""
    setup_django()
    from cobranza.runs import schedules

    found = schedules.upcoming()
    if as_json:
        _show(
            [
                {
                    "name": name,
                    "robot": entry.robot,
                    "cron": entry.cuando,
                    "active": entry.activo,
                    "next_at": when.isoformat() if when else None,
                }
                for name, entry, when in found
            ]
        )
        return
    if not found:
        click.echo(f"No hay nada programado en {schedules.file()}.")
    for name, entry, when in found:
        click.echo(f"{_local(when) if when else 'desactivado     '}  {name}  ({entry.robot}, {entry.cuando})")


@click.group("credentials")
def credentials_group() -> None:
    """Las credenciales que los robots han dejado de usar."""


@credentials_group.command("list")
@_as_json
def list_credentials(as_json: bool) -> None:
    """Lista las credenciales bloqueadas y por qué."""
    setup_django()
    from cobranza.runs.models import CredentialBlock

    rows = CredentialBlock.objects.filter(cleared_at__isnull=True)
    if as_json:
        _show(
            [
                {"name": row.name, "reason": row.reason, "run": row.run_id, "blocked_at": row.blocked_at.isoformat()}
                for row in rows
            ]
        )
        return
    for row in rows:
        click.echo(f"{row.name}  desde {_local(row.blocked_at)}: {row.reason}")
    if not rows:
        click.echo("Ninguna credencial está bloqueada.")


@credentials_group.command("clear")
@click.argument("name", metavar="CREDENCIAL")
def clear_credential(name: str) -> None:
    """Reactiva CREDENCIAL después de comprobar su clave."""
    setup_django()
    from cobranza.runs import credentials

    done = credentials.clear(name, by=_who())
    click.echo(f"«{name}» reactivada." if done else f"«{name}» no estaba bloqueada.")


def _local(moment: Any) -> str:
    from cobranza.kernel import clock
    from cobranza.runs.config import instance_zone

    return str(moment.astimezone(clock.zone(instance_zone())).strftime("%d/%m/%Y %H:%M"))


commands = [
    run_command,
    runs_group,
    worker_command,
    items_group,
    schedule_command,
    credentials_group,
]
