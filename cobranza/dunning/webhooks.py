"""What providers tell by themselves: signature first, each event once, states only rise.

The address is public, `/dunning/avisos/<slug>/`, one for each connector. A call that cannot be proved is refused before
a word of it is read; one that was heard before changes nothing; when we cannot write, the provider calls again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from cobranza import suite
from cobranza.dunning import inbound, tasks
from cobranza.dunning.ports import Channel, Delivery, Event, ForgedEvent, Greets, Replies
from cobranza.dunning.store import StoredOutbox
from cobranza.kernel.errors import CobranzaError
from cobranza.screens.access import public

_MOST_BYTES = 256 * 1024
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came of one call.

    Attributes:
        done: Events by what they did: "nuevo_estado", "palabra", or "sin_cambio".
        reply: Content type and body of the answer, None for an empty one.
    """

    done: Counter[str]
    reply: tuple[str, str] | None = None


def receive(slug: str, headers: Mapping[str, str], body: bytes, url: str) -> Heard | None:
    """Take one call of a provider; None when there is no such connector.

    Args:
        slug: Folder of ``connectors/channels/``.
        headers: As received.
        body: As received: the signature covers its bytes.
        url: Public address that was called, with its query.

    Raises:
        ForgedEvent: the signature is wrong; nothing was read.
        CobranzaError: we cannot check it: no secret is set.
    """
    channel = _channel(slug)
    if channel is None:
        return None
    events = channel.events(headers, body, url)
    done: Counter[str] = Counter()
    for event in events:
        done[_take(inbound.named(event, slug), channel.channel, slug)] += 1
    reply = channel.reply(events) if isinstance(channel, Replies) else None
    return Heard(done=done, reply=reply)


def _take(event: Event, channel: str, slug: str) -> str:
    if event.state is None:
        heard = inbound.hear(event, channel=channel, slug=slug)
        return "sin_cambio" if heard is None else "palabra"
    row = StoredOutbox().hear(event)
    if row is None:
        return "sin_cambio"
    if row.state in {Delivery.BOUNCED, Delivery.REFUSED}:
        tasks.follow_up(row.key)
    return "nuevo_estado"


@public
@csrf_exempt
@require_http_methods(["GET", "POST"])
def notice(request: HttpRequest, slug: str) -> HttpResponse:
    """The webhook of one connector."""
    if request.method == "GET":
        channel = _channel(slug)
        said = channel.greet(request.GET.dict()) if isinstance(channel, Greets) else None
        return HttpResponse(status=404) if said is None else HttpResponse(said, content_type="text/plain")
    if not (request.META.get("CONTENT_LENGTH") or "0").isdecimal() or _declared(request) > _MOST_BYTES:
        return HttpResponse(status=413)
    try:
        heard = receive(slug, dict(request.headers), request.body, request.build_absolute_uri())
    except ForgedEvent as exc:
        _log.warning("webhook %s refused: %s", slug, exc.message)
        return HttpResponse(status=403)
    except CobranzaError as exc:
        _log.warning("webhook %s not taken: %s", slug, exc)
        return HttpResponse(status=503)  # the provider calls again
    if heard is None:
        return HttpResponse(status=404)
    if heard.reply is None:
        return HttpResponse(status=200)
    kind, text = heard.reply
    return HttpResponse(text, content_type=kind)


def _declared(request: HttpRequest) -> int:
    """Length that the call announces; Django reads no more than that."""
    return int(request.META.get("CONTENT_LENGTH") or 0)


def _channel(slug: str) -> Channel | None:
    return cast("Channel | None", suite.adapters("connectors.channels").get(slug))
