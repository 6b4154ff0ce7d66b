"""A code is of no use tomorrow: what a debtor asked for on a page leaves at once, beside the answer to the page.

Beside it and not before it: whoever asks waits equally long whether anything is sent or not. Should the process end
meanwhile, the wish stands in the ledger and the next round of messages takes it up, or drops it when its time is over.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections, connections

from cobranza.dunning import workflow as dunning
from cobranza.kernel.errors import CobranzaError
from cobranza.ledger.models import Debtor
from cobranza.portal.visit import ROBOT

_log = logging.getLogger(__name__)
_sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="portal-envio")


def at_once(debtor: int) -> None:
    """Have what is wanted said to a debtor sent now."""
    _sender.submit(_send, debtor)


def _send(debtor: int) -> None:
    close_old_connections()
    try:
        dunning.say_now(Debtor.objects.select_related("creditor").get(pk=debtor), actor=ROBOT)
    except CobranzaError as exc:
        _log.warning("Lo pedido por el deudor %s espera a la siguiente ronda: %s", debtor, exc)
    finally:
        connections.close_all()
