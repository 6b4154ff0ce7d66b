"""Registers the room with the filing, without loading it: most commands never hand anything over."""

from __future__ import annotations

from collections.abc import Sequence

from cobranza.legal.filing import handover
from cobranza.legal.filing.handover import Notice, Outcome, ReadyCase, Room
from cobranza.legal.ports import CaseStatus


class LateRoom:
    """The room, loaded when it is first asked; see `handover.Room`."""

    def signed_off(self) -> Sequence[ReadyCase]:
        """See `Room.signed_off`."""
        return _room().signed_off()

    def still_signed_off(self, case_id: str, package_hash: str) -> bool:
        """See `Room.still_signed_off`."""
        return _room().still_signed_off(case_id, package_hash)

    def settled(self, case_id: str, outcome: Outcome) -> None:
        """See `Room.settled`."""
        _room().settled(case_id, outcome)

    def freed(self, case_id: str, filing: int, by: str) -> None:
        """See `Room.freed`."""
        _room().freed(case_id, filing, by)

    def followed(self, case_id: str, status: CaseStatus) -> None:
        """See `Room.followed`."""
        _room().followed(case_id, status)

    def noticed(self, case_id: str, notice: Notice) -> None:
        """See `Room.noticed`."""
        _room().noticed(case_id, notice)


def join() -> None:
    """Make this room the one that hands over."""
    handover.register(LateRoom())


def _room() -> Room:
    from cobranza.legal.handing import LegalRoom

    return LegalRoom()
