"""Whether a day has any hour at which something may leave: what a strategy needs to know before it picks a day."""

from __future__ import annotations

from datetime import date, time

from cobranza.gate.hours import WHOLE_DAY
from cobranza.regimes.contact import ContactLaw, Hours

_END = time.max


def open_day(law: ContactLaw, day: date, *, debtor_type: str, channel: str, region: str = "") -> bool:
    """Whether the hours of `day` that every rule in force permits have at least one instant in common.

    Caps, consent and the debtor's own wishes are not looked at: the gate does that at the second of sending.

    >>> from cobranza.gate import policy
    >>> law = policy.law("CO")
    >>> open_day(law, date(2026, 3, 7), debtor_type="consumer", channel="sms")  # a Saturday
    True
    >>> open_day(law, date(2026, 3, 8), debtor_type="consumer", channel="sms")
    False
    """
    left: Hours = WHOLE_DAY
    holiday = law.is_holiday(day, region)
    for rule in law.hours:
        if rule.in_force(day) and rule.concerns(debtor_type, channel):
            left = _common(left, rule.hours(day, holiday=holiday))
    return bool(left)


def _common(one: Hours, other: Hours) -> Hours:
    """Spans in both; an end of None is midnight."""
    found = []
    for start, end in one:
        for other_start, other_end in other:
            first = max(start, other_start)
            last = min(end or _END, other_end or _END)
            if first < last:
                found.append((first, None if last == _END else last))
    return tuple(found)
