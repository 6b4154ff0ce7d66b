"""Where gateways call: no session, the signature first, nothing told to whoever calls without one."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from cobranza.kernel.errors import ApplicationError
from cobranza.payments import workflow
from cobranza.payments.accounts import NoGateway
from cobranza.payments.ports import ForgedCall
from cobranza.screens.access import public

_LARGEST = 512 * 1024
_LOG = logging.getLogger(__name__)


@public
@csrf_exempt
@require_POST
def notice(request: HttpRequest, slug: str) -> HttpResponse:
    """One call of a gateway: 204 when it was taken, or is known; 503 lets it call again."""
    length = request.headers.get("Content-Length", "")
    if not length.isdigit() or int(length) > _LARGEST:
        return HttpResponse(status=413)
    try:
        workflow.hear(slug, dict(request.headers), request.body, request.build_absolute_uri())
    except (ForgedCall, NoGateway) as exc:
        _LOG.warning("%s: %s", slug, exc)
        return HttpResponse(status=404)
    except ApplicationError as exc:
        _LOG.warning("%s: %s", slug, exc)
        return HttpResponse(status=503)
    return HttpResponse(status=204)
