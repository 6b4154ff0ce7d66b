"""The outbox at work: each message leaves once, with the gate's word of that very second, or not at all.

- A row is claimed (`SENDING`, with a token and a lease) and that is committed before anything is handed over.
- The gate is asked right before: allow fills the text with what is owed now; defer sets the row back; deny holds it
  back for good, with the rules that said so.
- Whoever dies while sending leaves `SENDING`; when its lease ends the row is `UNKNOWN`. An unknown message is looked up
  at the provider, never sent again before: found, it takes the provider's word; surely not there, after the time in
  which it would have shown up, it goes back to the queue. A channel that cannot be asked leaves it to a person; one
  that does not answer is asked for a day, then a person decides as well.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from cobranza.dunning import delivery
from cobranza.dunning.ports import (
    Channel,
    ChannelDown,
    ChannelRefused,
    Delivery,
    Event,
    Outcome,
    Outgoing,
    Row,
    SendResult,
)
from cobranza.gate.acts import Decision, Verdict
from cobranza.kernel.errors import BusinessError

LEASE = timedelta(minutes=5)
RETRY = timedelta(minutes=10)
MOST_TRIES = 5
ASKED_FOR = timedelta(days=1)
"""So long a provider is asked about a message whose fate nobody knows."""
FOR_A_PERSON = timedelta(days=3650)
NO_FACT = timedelta(hours=1)
"""A deferral without an instant waits for a fact (a fresh balance): asked again after this."""


class Outbox(Protocol):
    """Where messages are stored; every method is one committed transaction."""

    def queue(self, row: Row) -> bool:
        """Add a message; False when its key is there already, whatever its state."""

    def due(self, now: datetime, limit: int) -> list[Row]:
        """Queued rows whose time has come, oldest first."""

    def stuck(self, now: datetime, limit: int) -> list[Row]:
        """Rows that somebody was sending and whose lease is over, and unknown ones whose time has come."""

    def claim(self, key: str, token: str, until: datetime, /) -> Row | None:
        """Queued → sending under `token`, one more try; None when it is not queued any more."""

    def settle(self, key: str, token: str, expect: Delivery, /, **changes: object) -> bool:
        """Change a row that stands at `expect` under `token` ("" for nobody's); False when it does not any more.

        A change that brings `provider_id` applies what the provider told of that id before (see `hear`).
        """

    def hear(self, event: Event) -> Row | None:
        """Note an event and set its row to `delivery.after`; the row when that changed it.

        None for an event that was heard before, changes nothing, or is about no row yet: that one is kept until a row
        takes its provider's id, because a webhook may overtake the answer to the call that caused it.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The gate's word and the message as it would leave: `message` is None unless it allows."""

    decision: Decision
    message: Outgoing | None


Ask = Callable[[Row, datetime], Asked]
"""Reads the debtor anew, asks the gate, fills the template."""


class Sender:
    """Sends what is due.

    Args:
        outbox: Store.
        channels: By the gate's name of the channel.
        ask: See `Ask`.
        now: The clock, read for every message.
    """

    def __init__(
        self, outbox: Outbox, channels: Mapping[str, Channel], ask: Ask, *, now: Callable[[], datetime]
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._ask = ask
        self._now = now
        self._closed: set[str] = set()

    def run(self, limit: int = 500) -> Counter[Delivery]:
        """Settle what is stuck, then send what is due.

        Returns:
            How many messages were left in which state by this run.
        """
        done: Counter[Delivery] = Counter()
        for row in self._outbox.stuck(self._now(), limit):
            done[self._look_up(row)] += 1
        for row in self._outbox.due(self._now(), limit):
            state = self._send(row)
            if state is not None:
                done[state] += 1
        return done

    # ---- sending

    def _send(self, row: Row) -> Delivery | None:
        channel = self._channels.get(row.channel)
        if channel is None:
            return self._hold_back(row, f"No hay un conector para el canal {row.channel}.", ())
        if row.channel in self._closed:
            return None
        now = self._now()
        try:
            asked = self._ask(row, now)
        except BusinessError as exc:  # a field that is empty, an account that is gone: this message only
            return self._hold_back(row, exc.message, ())
        decision = asked.decision
        if decision.verdict is Verdict.DENY or (decision.allowed and asked.message is None):
            return self._hold_back(row, "; ".join(decision.reasons) or "No hay nada que decir.", decision.rules)
        if decision.verdict is Verdict.DEFER or asked.message is None:
            until = decision.until or now + NO_FACT
            why = "; ".join(decision.reasons)
            self._outbox.settle(row.key, "", Delivery.QUEUED, not_before=until, reason=why, rules=decision.rules)
            return Delivery.QUEUED
        token = uuid.uuid4().hex
        claimed = self._outbox.claim(row.key, token, now + LEASE)
        if claimed is None:
            return None
        return self._hand_over(claimed, token, asked.message, channel, decision)

    def _hand_over(
        self, row: Row, token: str, message: Outgoing, channel: Channel, decision: Decision
    ) -> Delivery | None:
        try:
            result = channel.send(message)
        except ChannelDown as exc:
            return self._later(row, token, exc.message)
        except ChannelRefused as exc:
            self._closed.add(row.channel)
            return self._later(row, token, exc.message, counts=False)
        return self._settle(row, token, result, decision)

    def _settle(self, row: Row, token: str, result: SendResult, decision: Decision) -> Delivery | None:
        if result.outcome is Outcome.ACCEPTED:
            state = Delivery.ACCEPTED
            changes: dict[str, object] = {"provider_id": result.provider_id, "rules": decision.rules, "reason": ""}
        elif result.outcome is Outcome.REFUSED:
            state = Delivery.REFUSED
            changes = {"reason": result.reason, "rules": decision.rules}
            if result.permanent or result.stopped:  # kept as if the provider had told it by itself
                told = Event(
                    id=f"envio:{row.key}"[:200], key=row.key, at=self._now(), reason=result.reason,
                    permanent=result.permanent, stopped=result.stopped,
                )  # fmt: skip
                self._outbox.hear(told)
        else:
            state = Delivery.UNKNOWN
            changes = {
                "provider_id": result.provider_id,
                "reason": result.reason or "El proveedor no contestó.",
                "unknown_since": self._now(),
                "not_before": self._now() + _settling(self._channels[row.channel]),
            }
        if state is not Delivery.UNKNOWN:  # of an unknown one the lease tells since when to look for it
            changes["leased_until"] = None
        kept = self._outbox.settle(row.key, token, Delivery.SENDING, state=state, token="", **changes)
        return state if kept else None

    def _later(self, row: Row, token: str, reason: str, *, counts: bool = True) -> Delivery | None:
        """Surely not taken: back to the queue, a bounded number of times."""
        if counts and row.tries >= MOST_TRIES:
            kept = self._outbox.settle(
                row.key, token, Delivery.SENDING, state=Delivery.REFUSED, token="", leased_until=None, reason=reason
            )
            return Delivery.REFUSED if kept else None
        kept = self._outbox.settle(
            row.key,
            token,
            Delivery.SENDING,
            state=Delivery.QUEUED,
            token="",
            leased_until=None,
            not_before=self._now() + RETRY * row.tries,
            reason=reason,
            **({} if counts else {"tries": row.tries - 1}),
        )
        return Delivery.QUEUED if kept else None

    def _hold_back(self, row: Row, reason: str, rules: Iterable[str]) -> Delivery | None:
        kept = self._outbox.settle(
            row.key, "", Delivery.QUEUED, state=Delivery.SUPPRESSED, reason=reason, rules=tuple(rules)
        )
        return Delivery.SUPPRESSED if kept else None

    # ---- what nobody knows

    def _look_up(self, row: Row) -> Delivery:
        channel = self._channels.get(row.channel)
        now = self._now()
        since = row.unknown_since or now
        if channel is None or not channel.capabilities().lookup:
            reason = "No se sabe si salió y el canal no se puede consultar: decide una persona."
            self._outbox.settle(
                row.key, row.token, row.state, state=Delivery.UNKNOWN, token="", leased_until=None, unknown_since=since,
                reason=reason, not_before=now + FOR_A_PERSON,
            )  # fmt: skip
            return Delivery.UNKNOWN
        settling = _settling(channel)
        if row.unknown_since is None:
            # It may have been handed over up to the last moment of its lease: wait from now on.
            self._outbox.settle(
                row.key, row.token, row.state, state=Delivery.UNKNOWN, token="", unknown_since=now,
                not_before=now + settling, reason="Quien lo enviaba se cortó.",
            )  # fmt: skip
            return Delivery.UNKNOWN
        try:
            claimed = (row.leased_until or row.unknown_since) - 2 * LEASE  # with room for clocks that disagree
            found = channel.lookup(row.key, row.provider_id, to=row.address, since=claimed)
        except (ChannelDown, ChannelRefused) as exc:
            again = RETRY if now < row.unknown_since + ASKED_FOR else FOR_A_PERSON
            self._outbox.settle(row.key, "", Delivery.UNKNOWN, not_before=now + again, reason=exc.message)
            return Delivery.UNKNOWN
        if found is not None:
            state = delivery.after(Delivery.ACCEPTED, found.state)
            self._outbox.settle(
                row.key, "", Delivery.UNKNOWN, state=state, provider_id=found.provider_id, reason=found.reason,
                leased_until=None,
            )  # fmt: skip
            return state
        if now < row.unknown_since + settling:
            self._outbox.settle(row.key, "", Delivery.UNKNOWN, not_before=row.unknown_since + settling)
            return Delivery.UNKNOWN
        self._outbox.settle(
            row.key,
            "",
            Delivery.UNKNOWN,
            state=Delivery.QUEUED,
            unknown_since=None,
            leased_until=None,
            not_before=now,
            reason="Consta que no salió.",
        )
        return Delivery.QUEUED


def _settling(channel: Channel) -> timedelta:
    return timedelta(seconds=channel.capabilities().settle_seconds)
