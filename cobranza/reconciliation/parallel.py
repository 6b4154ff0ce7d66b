"""The parts of a matching run on several processes of this machine, or on a Dask cluster; the result is the same.

A process gets a part's tables and gives tables back, so that nothing is shared and nothing depends on who is first.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Protocol, Self

from cobranza.kernel.errors import ApplicationError, UsageError
from cobranza.reconciliation.partitions import Part, Solved, solve
from cobranza.reconciliation.policy import Policy


class WorkersError(ApplicationError):
    """A process or the cluster was lost before it answered."""

    code = "COB-CON-070"
    remedy = "Vuelva a lanzar la orden; si falta memoria, use --processes 1 o un equipo con más."


class ClusterMissing(UsageError):
    """Dask is not installed here."""

    code = "COB-CON-071"
    remedy = "Instale el extra con «pip install cobranza[cluster]» aquí y en cada equipo del clúster."


class Workers(Protocol):
    """Who matches the parts."""

    def solve(self, parts: Sequence[Part], policy: Policy, *, candidates: bool) -> list[Solved]:
        """Match every part; answers in the order of the parts."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Here:
    """This process alone."""

    def solve(self, parts: Sequence[Part], policy: Policy, *, candidates: bool) -> list[Solved]:
        """See `Workers.solve`."""
        return [_solve(part, policy, candidates) for part in parts]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class Processes:
    """Processes of this machine. Open it before reading: a fork is cheap and safe while there is but one thread."""

    def __init__(self, count: int) -> None:
        """Start `count` processes."""
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        self._pool = ProcessPoolExecutor(count, mp_context=multiprocessing.get_context(_method()))
        self._ready = self._pool.submit(os.getpid)

    def solve(self, parts: Sequence[Part], policy: Policy, *, candidates: bool) -> list[Solved]:
        """See `Workers.solve`."""
        from concurrent.futures.process import BrokenProcessPool

        try:
            futures = [self._pool.submit(_solve, part, policy, candidates) for part in parts]
            return [future.result() for future in futures]
        except BrokenProcessPool as exc:
            raise WorkersError("Un proceso de conciliación terminó antes de tiempo.") from exc

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=error is None, cancel_futures=True)


class Cluster:
    """A Dask cluster that somebody runs, by the address of its scheduler ("tcp://host:8786")."""

    def __init__(self, address: str, *, timeout_s: float = 30.0) -> None:
        """Connect; raises `ClusterMissing` without Dask, `WorkersError` when nobody answers in time."""
        try:
            from distributed import Client
        except ImportError as exc:
            raise ClusterMissing("Falta el paquete «distributed».") from exc
        try:
            connect: Any = Client  # untyped
            self._client = connect(address, timeout=timeout_s, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as exc:
            raise WorkersError(
                f"No responde ningún clúster en {address}.", remedy="Compruebe la dirección y que esté en marcha."
            ) from exc

    def solve(self, parts: Sequence[Part], policy: Policy, *, candidates: bool) -> list[Solved]:
        """See `Workers.solve`."""
        from distributed.scheduler import KilledWorker

        futures = [self._client.submit(_solve, part, policy, candidates, pure=False, retries=1) for part in parts]
        try:
            return list(self._client.gather(futures))
        except (KilledWorker, OSError) as exc:
            raise WorkersError("El clúster perdió un proceso de conciliación.") from exc

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _solve(part: Part, policy: Policy, candidates: bool) -> Solved:
    """Match a part without the cyclic garbage collector: millions of records, none of them in a cycle."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        return solve(part, policy, candidates=candidates)
    finally:
        if collecting:
            gc.enable()


def _method() -> str:
    return "fork" if sys.platform == "linux" else "spawn"
