"""A robot in a process of its own that files at the test court and may be killed.

``python -m tests.crash.filing_robot ARGUMENT``, JSON with `url`, `authority`, `packages`, `out`, `cases`, `wait`
(seconds), `lease` (seconds) and `browser` (numbers of the cases that go through Chromium; the rest over plain HTTP);
`deaf` (the mailbox is not read).
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta
from pathlib import Path

from cobranza.database import session


def main() -> None:
    """File until every case is settled."""
    asked = json.loads(sys.argv[1])
    with session.opened(migrate=False):
        _work(asked)


def _work(asked: dict[str, object]) -> None:
    from cobranza.kernel.errors import CobranzaError
    from cobranza.legal.filing.journal import DatabaseJournal
    from cobranza.legal.filing.protocol import Filer
    from cobranza.legal.filing.settings import Protocol
    from cobranza.legal.requirements import Waiting
    from connectors.courts import portal
    from connectors.courts.es_lexnet import WORDS
    from connectors.courts.portal import WebCourt, in_browser
    from tests import court_http

    if asked.get("deaf"):  # the mailbox is not read: for the control, which has to be worse than we are
        portal.trays.notifications = lambda _desk, _since: ()  # type: ignore[assignment]
    entry = court_http.entry(str(asked["url"]), Path(str(asked["authority"])), seconds=3.0)
    policy = Protocol(reintento_segundos=1, fallos=12, envios=20, antivirus_segundos=60, desvio_sello_minutos=100_000)
    wait = float(str(asked["wait"]))

    def filer(opener: object) -> Filer:
        made = Filer(
            WebCourt(WORDS, opener=opener, entries=lambda _slug, _credential: entry),  # type: ignore[arg-type]
            DatabaseJournal(timedelta(seconds=float(str(asked["lease"])))),
            waiting=Waiting(fuente="prueba", espera_incierto=1),
            policy=policy,
            evidence=Path(str(asked["out"])),
            approved=lambda _case, _package: True,
            sleep=lambda _seconds: time.sleep(0.1),
        )
        made._means.patience = timedelta(seconds=wait)  # fractions of a second, for the control that waits too short
        return made

    plain, chromium = filer(court_http.surface), filer(in_browser)
    browser = set(map(int, asked["browser"]))  # type: ignore[call-overload]
    left = list(range(1, int(str(asked["cases"])) + 1))
    print("listo", flush=True)
    while left:
        for number in list(left):
            claim = court_http.claim(Path(str(asked["packages"])), number, write=False)
            try:
                progress = (chromium if number in browser else plain).file(claim)
            except CobranzaError as exc:
                print(f"{number}: {exc}", file=sys.stderr, flush=True)
                continue
            if progress.settled:
                left.remove(number)
        time.sleep(0.1)


if __name__ == "__main__":
    main()
