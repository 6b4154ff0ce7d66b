"""Adapter of `RPA.Robocorp.WorkItems` on our work items: ordinary rpaframework robots run unchanged.

The launcher names it in ``RPA_WORKITEMS_ADAPTER``. Inputs come from the robot's metadata ``Cola``; outputs go to
``Cola de salida``, by default ``<Cola>.salida``. An output's reference is its parent's plus its number, so that a
second attempt at the same input meets the same outputs instead of doubling them.

Released as ``FAILED`` with type ``BUSINESS`` an item is `error_negocio`; with ``APPLICATION`` it is tried again.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from RPA.Robocorp.WorkItems import BaseAdapter, EmptyQueue, State

from cobranza.kernel.errors import ApplicationError, BusinessError
from cobranza.runs import catalogue, context, items
from cobranza.runs.errors import ItemUnknown, LeaseLost
from cobranza.runs.models import ItemState, WorkItem, WorkItemFile

_OUTPUT_METADATA = "Cola de salida"
_OUTPUT_SUFFIX = ".salida"


class RobotRefusedItem(BusinessError):
    """An rpaframework robot released an item as BUSINESS."""

    code = "COB-MOT-020"
    remedy = "Corrija el dato y vuelva a abrir el elemento."


class RobotFailedItem(ApplicationError):
    """An rpaframework robot released an item as APPLICATION, or without a type."""

    code = "COB-MOT-021"
    remedy = "Se reintentará; si se agotan los intentos, mire el registro de la ejecución."


class Adapter(BaseAdapter):  # type: ignore[misc]  # rpaframework is untyped
    """See the module. One instance per robot process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        here = context.current()
        self._queue = here.queue
        self._output_queue = _output_queue(here.robot, here.queue)
        self._held: dict[str, items.HeldItem] = {}
        self._outputs: Counter[str] = Counter()

    def reserve_input(self) -> str:
        """Take the next item; raises `EmptyQueue`."""
        if not self._queue:
            raise ItemUnknown("El robot usa elementos de trabajo y no declara «Cola» en sus metadatos.")
        item = items.claim(self._queue)
        if item is None:
            raise EmptyQueue("No quedan elementos en la cola.")
        self._held[str(item.id)] = item
        return str(item.id)

    def release_input(self, item_id: str, state: State, exception: dict[str, Any] | None = None) -> None:
        """Settle the item; one that is another's by now raises `LeaseLost`."""
        item = self._held.pop(item_id, None)
        if item is None:
            raise LeaseLost(f"El elemento {item_id} no es de este robot.")
        if state == State.DONE:
            item.complete()
            return
        said = exception or {}
        text = ": ".join(str(part) for part in (said.get("code"), said.get("message")) if part) or "sin explicación"
        item.fail(RobotRefusedItem(text) if said.get("type") == "BUSINESS" else RobotFailedItem(text))

    def create_output(self, parent_id: str, payload: Any = None) -> str:
        """Make, or meet again, the next output of `parent_id`."""
        parent = WorkItem.objects.get(pk=int(parent_id))
        self._outputs[parent_id] += 1
        item = items.add(self._output_queue, f"{parent.reference}#{self._outputs[parent_id]}", payload, parent=parent)
        if item.payload != payload:
            self._save(item.pk, payload)
        return str(item.pk)

    def load_payload(self, item_id: str) -> Any:
        """The payload as JSON."""
        return WorkItem.objects.values_list("payload", flat=True).get(pk=int(item_id))

    def save_payload(self, item_id: str, payload: Any) -> None:
        """Keep a changed payload; fenced while we hold the item."""
        held = self._held.get(item_id)
        if held is not None:
            held.save(payload)
        else:
            self._save(int(item_id), payload)

    def _save(self, item_id: int, payload: Any) -> None:
        """An output that another robot has begun with stays as it is."""
        WorkItem.objects.filter(pk=item_id, state=ItemState.NEW, attempts=0).update(payload=payload)

    def list_files(self, item_id: str) -> list[str]:
        """Names of the files that travel with the item."""
        return list(WorkItemFile.objects.filter(item_id=int(item_id)).order_by("name").values_list("name", flat=True))

    def get_file(self, item_id: str, name: str) -> bytes:
        """Content of a file; raises `FileNotFoundError`."""
        content = WorkItemFile.objects.filter(item_id=int(item_id), name=name).values_list("content", flat=True).first()
        if content is None:
            raise FileNotFoundError(name)
        return bytes(content)

    def add_file(self, item_id: str, name: str, *, original_name: str, content: bytes) -> None:
        """Attach or replace a file."""
        WorkItemFile.objects.update_or_create(item_id=int(item_id), name=name, defaults={"content": content})

    def remove_file(self, item_id: str, name: str) -> None:
        """Take a file away; harmless when it is not there."""
        WorkItemFile.objects.filter(item_id=int(item_id), name=name).delete()


def _output_queue(robot: str, queue: str) -> str:
    if robot:
        for name, value in catalogue.find(robot).metadata.items():
            if name.casefold() == _OUTPUT_METADATA.casefold():
                return value
    return f"{queue}{_OUTPUT_SUFFIX}"
