"""Taking a sign-off back: honoured while nothing has left, refused while a filing may be with the court.

The room asks here first, in the transaction that takes the sign-off back and before it locks anything of its own. The
robot asks for the sign-off under the same lock in the transaction that says it is sending (`Held.launch`): of the two,
one comes first.
"""

from __future__ import annotations

from django.db.models import Q

from cobranza.kernel.errors import BusinessError
from cobranza.legal.filing.machine import MAYBE_SENT, State
from cobranza.legal.filing.models import CourtFiling

_ENDED_UNTOLD = (State.FILED.value, State.REVIEW.value)


class OnItsWay(BusinessError):
    """The filing has been sent, or may have been: its sign-off cannot be taken back any more."""

    code = "COB-PRE-013"
    remedy = "Espere a que el robot aclare qué ha sido de ella; si no se registró, podrá retirar el visto bueno."


def hold_back(case: str) -> None:
    """Lock the filings of a case until the end of the transaction. No robot begins to send one meanwhile.

    Raises:
        OnItsWay: one is being sent, may have been, or was and the room has not been told yet.
    """
    rows = CourtFiling.objects.select_for_update().filter(case=case).order_by("pk")
    late = Q(state__in=[state.value for state in MAYBE_SENT]) | Q(state__in=_ENDED_UNTOLD, sends__gt=0, told=False)
    # All of them are locked before any is judged: one that is about to be sent counts.
    under_way = {row.pk for row in rows}
    found = CourtFiling.objects.filter(late, pk__in=under_way).first()
    if found is not None:
        raise OnItsWay(
            f"La presentación {found.pk} de {case} está en «{found.get_state_display()}»: ya puede estar en el juzgado."
        )
