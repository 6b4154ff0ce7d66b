"""Webhooks of a double: kept until somebody delivers them, late, twice and disordered, and only on this machine."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from cobranza.kernel.errors import BusinessError

_SECONDS = 10
_TEXT = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """A webhook call as it goes out, signed."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What we answered: the status, 0 when nobody did, and how its text begins."""

    status: int
    text: str

    @property
    def good(self) -> bool:
        """Whether the call need not be made again."""
        return 200 <= self.status < 300


def due(everything: Iterable[T], told: Callable[[T], object], orders: Mapping[str, Any]) -> list[T]:
    """Which calls to make now, in which order.

    Args:
        everything: All calls, oldest first.
        told: Whether one was answered well before.
        orders: ``times`` each (1), ``shuffle`` (seed of the disorder), ``again``: also what was told before.
    """
    calls = [call for call in everything if orders.get("again") or not told(call)] * int(orders.get("times", 1))
    if "shuffle" in orders:
        random.Random(int(orders["shuffle"])).shuffle(calls)  # noqa: S311 - a test's choice
    return calls


async def post(calls: Sequence[T], made: Callable[[T], Call], heard: Callable[[T, Answer], None]) -> None:
    """Make each call, one after the other; `heard` is told of every answer at once."""
    async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False) as client:
        for one in calls:
            call = made(one)
            try:
                given = await client.post(call.url, content=call.body, headers=dict(call.headers))
                answer = Answer(given.status_code, given.text[:_TEXT])
            except httpx.HTTPError:
                answer = Answer(0, "")
            heard(one, answer)


def ours(url: str, error: type[BusinessError], whose: str) -> str:
    """The address, if it is of this machine.

    Raises:
        BusinessError: `error`: it is not.
    """
    if urlsplit(url).hostname != "127.0.0.1":
        raise error(f"{whose} solo avisa a 127.0.0.1, no a «{url}».")
    return url
