"""Whose words are these: the sender's own, quoted, forwarded, or a signature.

A line classifier. Lines keep their ends, so the spans cover the body exactly. Published strippers lose Spanish threads:
their announcements («El lun, 3 mar 2025 a las 10:22, Cobros escribió:»), Outlook's «De: … Enviado: …» blocks and the
legal notices that stand before the quote; see `quote_marks` and `signature_marks`.

What is written after a quote of `>` lines is the sender's own again; what follows an announcement without such lines,
or a block of header fields, is quoted to the end.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from cobranza.disputes.ports import Span, Zone
from cobranza.disputes.reading import phrases
from cobranza.disputes.reading import quote_marks as quotes
from cobranza.disputes.reading import signature_marks as signatures
from cobranza.disputes.reading.html_text import Hint, Mark

_INTRO_LINES = 5
_BLOCK_LINES = 12
_TAIL_LINES = 16
_SHORT = 90
_HINTS = 100
_PARAGRAPH = 200
_ANNOUNCEMENTS = 200
"""Paragraphs longer than that are looked at from both ends; more lines like announcements than that are somebody's
list: what is beyond is left as it stands, so that the time is bounded."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the body; `text` is what patterns look at, without the end and cut."""

    start: int
    end: int
    text: str

    @property
    def blank(self) -> bool:
        """Nothing is written on it."""
        return not self.text


def find(body: str, subject: str, hints: Sequence[Hint] = ()) -> tuple[Span, ...]:
    """Zones of `body`, in order; they cover it exactly.

    >>> [(span.zone.value, span.start) for span in find("Ya pagué.\\n> ¿Cuándo paga?", "Re: factura")]
    [('new', 0), ('quoted', 10)]
    """
    lines = _lines(body)
    forwarding = bool(quotes.FORWARDING_SUBJECT.match(subject))
    zones: list[Zone | None] = [None] * len(lines)
    _quoted_by_signs(lines, zones, forwarding)
    _by_markup(lines, zones, hints, forwarding)
    _quoted_by_announcement(lines, zones, forwarding)
    _signatures(lines, zones)
    filled = [zone or Zone.NEW for zone in zones]
    return _spans(lines, filled, len(body))


def _lines(body: str) -> list[Line]:
    found, at = [], 0
    for piece in body.split("\n"):
        end = min(at + len(piece) + 1, len(body))
        found.append(Line(at, end, piece[: quotes.LONGEST].replace("\u00a0", " ").strip("\r\u200b \t")))
        at = end
    if len(found) > 1 and found[-1].start == found[-1].end:
        found.pop()  # the body ends with a line end
    return found


def _quoted_by_signs(lines: list[Line], zones: list[Zone | None], forwarding: bool) -> None:
    """Lines that begin with `>`; a line that a narrow mail program broke off the one before goes with it."""
    signed = [bool(quotes.QUOTED_LINE.match(line.text)) for line in lines]
    for at, line in enumerate(lines):
        broken_off = (
            0 < at < len(lines) - 1
            and (signed[at - 1] and signed[at + 1])
            and len(lines[at - 1].text) >= 68
            and 0 < len(line.text) <= 25
        )
        if signed[at] or broken_off:
            zones[at] = Zone.QUOTED
    if not any(signed):
        return
    first = signed.index(True)
    if forwarding and not any(not line.blank for line in lines[:first]):
        for at, zone in enumerate(zones):
            if zone is not None:
                zones[at] = Zone.FORWARDED


def _quoted_by_announcement(lines: list[Line], zones: list[Zone | None], forwarding: bool) -> None:
    at = tries = 0
    while at < len(lines) and tries < _ANNOUNCEMENTS:
        if zones[at] is not None or lines[at].blank:
            at += 1
            continue
        start = at
        tries += bool(quotes.INTRO_START.match(lines[at].text) or quotes.FIELD.match(lines[at].text))
        forward = bool(quotes.FORWARD.match(lines[at].text)) and _stands_as_mark(lines, at)
        zone = Zone.FORWARDED if forward or forwarding else Zone.QUOTED
        if (
            forward
            or quotes.SEPARATOR.match(lines[at].text)
            or (at > 0 and quotes.ABOVE.match(lines[at].text))
            or (quotes.RULE.match(lines[at].text) and _fields(lines, _next_written(lines, at + 1)))
        ):
            end = _after_fields(lines, at + 1)
        elif _fields(lines, at) and not (
            at == _next_written(lines, 0) and not forwarding and not _mail_like(lines, at)
        ):
            end = _after_fields(lines, at)
        else:
            length = _announcement(lines, zones, at) or _inline(lines, at)
            if not length:
                at += 1
                continue
            end = at + length
        at = _take(lines, zones, start, end, zone)


def _take(lines: list[Line], zones: list[Zone | None], start: int, end: int, zone: Zone) -> int:
    """Give the announcement its zone and what it announces too; the number of the line after."""
    follows = _next_written(lines, end)
    for at in range(start, min(end, len(lines))):
        zones[at] = zone
    if follows < len(lines) and zones[follows] is not None:  # signs tell where it ends
        for at in range(end, follows):
            zones[at] = zone
        at = follows
        while at < len(lines) and (zones[at] is not None or lines[at].blank):
            if zones[at] is not None:
                zones[at] = zone
            at += 1
        return at
    for at in range(end, len(lines)):
        zones[at] = zone
    return len(lines)


def _stands_as_mark(lines: list[Line], at: int) -> bool:
    """ "Mensaje reenviado" as words of a sentence is no mark: dashes, a colon or header fields prove it."""
    text = lines[at].text
    return text.startswith(("-", "_", "=", "*")) or text.endswith(":") or _fields(lines, _next_written(lines, at + 1))


def _fields(lines: list[Line], at: int) -> bool:
    """A block of header fields begins here: From and a subject, or From with an address and another field."""
    if at >= len(lines) or not quotes.FIELD.match(lines[at].text):
        return False
    kinds: set[str] = set()
    address = False
    blanks = 0
    for line in lines[at : at + _BLOCK_LINES]:
        if line.blank:
            blanks += 1
            if blanks > 1 or not kinds:
                break
            continue
        found = quotes.FIELD.match(line.text)
        if found is None:
            if not kinds or blanks or "to" not in kinds:
                break
            continue  # recipients go on over several lines
        blanks = 0
        kinds.add(str(found.lastgroup))
        address = address or "@" in line.text
    if "sender" not in kinds:
        return False
    return bool(kinds & {"subject", "sent"}) or (address and len(kinds) >= 2)


def _mail_like(lines: list[Line], at: int) -> bool:
    """Fields on top of a mail are its own words (a form, a telegram) unless an address stands in them."""
    return any("@" in line.text for line in lines[at : at + _BLOCK_LINES] if quotes.FIELD.match(line.text))


def _after_fields(lines: list[Line], at: int) -> int:
    at = _next_written(lines, at)
    last = at
    for number in range(at, min(at + _BLOCK_LINES, len(lines))):
        if quotes.FIELD.match(lines[number].text):
            last = number + 1
    return min(last, len(lines))


def _announcement(lines: list[Line], zones: list[Zone | None], at: int) -> int:
    """How many lines "El lun, 3 mar 2025 … escribió:" takes from here; 0 when there is none."""
    joined = ""
    for count in range(1, _INTRO_LINES + 1):
        number = at + count - 1
        if number >= len(lines) or zones[number] is not None or (lines[number].blank and count > 1):
            return 0
        joined = f"{joined} {lines[number].text}".strip()
        if len(joined) > quotes.LONGEST:
            return 0
        if count == 1 and not (quotes.INTRO_START.match(joined) and any(sign.isdigit() for sign in joined)):
            return 1 if _one_line_announcement(joined, lines, zones, number) else 0
        if quotes.INTRO_END.search(joined) and _proved(joined, lines, zones, number):
            # the shortest announcement that ends here counts: before it the sender speaks
            return 0 if any(_starts(lines, zones, below, number) for below in range(at + 1, number + 1)) else count
        if count == 1 and _one_line_announcement(joined, lines, zones, number):
            return 1
    return 0


def _inline(lines: list[Line], at: int) -> int:
    """1 where one line, after an empty one, announces and quotes."""
    return int(at > 1 and lines[at - 1].blank and bool(quotes.INTRO_INLINE.match(lines[at].text)))


def _starts(lines: list[Line], zones: list[Zone | None], at: int, end: int) -> bool:
    text = lines[at].text
    begins = quotes.INTRO_START.match(text) and any(sign.isdigit() for sign in text)
    return bool(begins) and _announcement(lines, zones, at) == end - at + 1


def _one_line_announcement(text: str, lines: list[Line], zones: list[Zone | None], number: int) -> bool:
    if quotes.DATED_ADDRESS.match(text) or quotes.INTRO_VERB_FIRST.match(text):
        return True
    if quotes.QUOTING.match(text):
        return "@" in text or _quote_follows(lines, zones, number)
    return bool(quotes.INTRO_END.search(text)) and (
        "@" in text or ("<" in text and ">" in text) or _quote_follows(lines, zones, number)
    )


def _proved(text: str, lines: list[Line], zones: list[Zone | None], number: int) -> bool:
    return bool(quotes.INTRO_PROOF.search(text)) or _quote_follows(lines, zones, number)


def _quote_follows(lines: list[Line], zones: list[Zone | None], number: int) -> bool:
    follows = _next_written(lines, number + 1)
    return follows < len(lines) and zones[follows] is not None


def _next_written(lines: list[Line], at: int) -> int:
    while at < len(lines) and lines[at].blank:
        at += 1
    return at


def _by_markup(lines: list[Line], zones: list[Zone | None], hints: Sequence[Hint], forwarding: bool) -> None:
    """What the markup wraps as quoted, unless nothing would be left: some people write inside the quote."""
    planned = list(zones)
    starts = [line.start for line in lines]
    for hint in hints[:_HINTS]:
        if hint.mark is Mark.SIGNATURE:
            zone = Zone.SIGNATURE
        else:
            forward = hint.mark is Mark.FORWARD or forwarding or _begins_forward(lines, starts, hint)
            zone = Zone.FORWARDED if forward else Zone.QUOTED
        for at in range(bisect_right(starts, hint.start) - 1, len(lines)):
            if lines[at].start >= hint.end:
                break
            if planned[at] is None and lines[at].end > hint.start:
                planned[at] = zone
    if any(zone is None and not line.blank for zone, line in zip(planned, lines, strict=True)) or forwarding:
        zones[:] = planned


def _begins_forward(lines: list[Line], starts: list[int], hint: Hint) -> bool:
    first = _next_written(lines, max(0, bisect_right(starts, hint.start) - 1))
    return first < len(lines) and bool(quotes.FORWARD.match(lines[first].text))


def _signatures(lines: list[Line], zones: list[Zone | None]) -> None:
    """Footers, notices and contact blocks in what is left; segment by segment between the quotes."""
    at = 0
    while at < len(lines):
        if zones[at] is not None:
            at += 1
            continue
        end = at
        while end < len(lines) and zones[end] is None:
            end += 1
        _notices(lines, zones, at, end)
        _footers(lines, zones, at, end)
        _contact_block(lines, zones, at, end)
        at = end


def _notices(lines: list[Line], zones: list[Zone | None], start: int, end: int) -> None:
    """From the line where a notice begins to the end of its paragraph."""
    at = start
    while at < end:
        if lines[at].blank:
            at += 1
            continue
        stop = at
        while stop < end and not lines[stop].blank:
            stop += 1
        places = range(at, stop) if stop - at <= _PARAGRAPH else (*range(at, at + 50), *range(stop - 150, stop))
        begins = next((number for number in places if _notice_at(lines, number, stop)), stop)
        for number in range(begins, stop):
            zones[number] = Zone.SIGNATURE
        at = stop


def _notice_at(lines: list[Line], number: int, stop: int) -> bool:
    return signatures.may_start_notice(lines[number].text) and signatures.is_notice(
        " ".join(line.text for line in lines[number : min(stop, number + 12)])
    )


def _footers(lines: list[Line], zones: list[Zone | None], start: int, end: int) -> None:
    """ "Enviado desde mi móvil", and all that stands after "-- "."""
    for at in range(start, end):
        text = lines[at].text
        if zones[at] is not None or not text:
            continue
        if signatures.DELIMITER.match(text) and at > start:
            left = [number for number in range(at, end) if not lines[number].blank]
            if len(left) <= _TAIL_LINES:
                for number in range(at, end):
                    zones[number] = Zone.SIGNATURE
                return
        elif len(text) <= 140 and signatures.MOBILE.match(text):
            zones[at] = Zone.SIGNATURE


def _contact_block(lines: list[Line], zones: list[Zone | None], start: int, end: int) -> None:
    """Firm, telephone, web and address under the name; sign-off and name stay the sender's words."""
    own = [at for at in range(start, end) if zones[at] is None and not lines[at].blank]
    tail = own[-_TAIL_LINES:]
    begins = _after_sign_off(lines, tail) or _last_paragraph(lines, tail, first=own[0] if own else 0)
    block = [at for at in tail if begins <= at]
    if not begins or not block or any(len(lines[at].text) > _SHORT or lines[at].text.endswith("?") for at in block):
        return
    if not any(signatures.CONTACT.search(lines[at].text) for at in block):
        return
    if len(block) > 1 and _is_name(lines[block[0]].text):
        begins = block[1]
    for at in range(begins, end):
        if zones[at] is None:
            zones[at] = Zone.SIGNATURE


def _after_sign_off(lines: list[Line], tail: list[int]) -> int:
    """The written line after the last sign-off; 0 without one."""
    for place in range(len(tail) - 2, -1, -1):
        text = lines[tail[place]].text
        if len(text) <= 60 and signatures.SIGN_OFF.match(text):
            return tail[place + 1]
    return 0


def _last_paragraph(lines: list[Line], tail: list[int], *, first: int) -> int:
    """Where the last paragraph begins, if it looks like a block of contact lines; 0 if not."""
    begins = len(tail)
    while begins > 0 and (begins == len(tail) or tail[begins] == tail[begins - 1] + 1):
        begins -= 1
    block = tail[begins:]
    if len(block) < 2 or block[0] == first:
        return 0
    contacts = sum(bool(signatures.CONTACT.search(lines[at].text)) for at in block)
    sentences = sum(len(lines[at].text) > 60 or lines[at].text.endswith((",", ":", ";", "?", "!")) for at in block)
    return block[0] if contacts and not sentences else 0


def _is_name(text: str) -> bool:
    """A bare name or post, as people write it under their mail."""
    return len(text.split()) <= 5 and not any(sign.isdigit() or sign in "|@:/–" for sign in text)


def _spans(lines: list[Line], zones: list[Zone], length: int) -> tuple[Span, ...]:
    """Join equal neighbours; empty lines go with what stands before them."""
    spans: list[Span] = []
    for line, zone in zip(lines, zones, strict=True):
        if line.blank and spans:
            zone = spans[-1].zone
        if spans and spans[-1].zone is zone:
            spans[-1] = Span(zone=zone, start=spans[-1].start, end=line.end)
        elif line.end > line.start:
            spans.append(Span(zone=zone, start=line.start, end=line.end))
    return tuple(spans) or ((Span(zone=Zone.NEW, start=0, end=length),) if length else ())


_HAND_OVER = phrases.pattern("hand_over", "words", r"\b", r"\b")
_WANTS = phrases.pattern("hand_over", "wants")
_HAND_OVER_LONGEST = 220
_ASKING_LONGEST = 60


def hands_over(new: str) -> bool:
    """Whether the sender's words only pass on what is forwarded below.

    >>> hands_over("Les paso esto para su gestión."), hands_over("¿Es de ustedes? No pago nada.")
    (True, False)
    """
    bare = " ".join(new.split())
    if len(bare) <= 12:
        return True
    if len(bare) > _HAND_OVER_LONGEST or _WANTS.search(bare) or ("?" in bare and len(bare) > _ASKING_LONGEST):
        return False
    return bool(_HAND_OVER.search(bare)) or len(bare) <= _ASKING_LONGEST


def own_words(body: str, spans: Sequence[Span]) -> str:
    """What the sender wrote; followed by what is forwarded where the words only hand it over."""
    new = _of(body, spans, Zone.NEW)
    forwarded = _of(body, spans, Zone.FORWARDED)
    if not forwarded or not hands_over(new):
        return new
    bare = without_fields(forwarded)
    return f"{new}\n\n{bare}".strip() if bare else new


def _of(body: str, spans: Sequence[Span], zone: Zone) -> str:
    return "\n".join(body[span.start : span.end].strip("\n") for span in spans if span.zone is zone).strip()


def without_fields(forwarded: str) -> str:
    """Forwarded text without its announcement, header fields and `>` signs."""
    lines = _lines(forwarded)
    kept: list[str] = []
    head = True
    for line in lines:
        text = forwarded[line.start : line.end].rstrip("\n")
        if head and (
            line.blank
            or quotes.FIELD.match(line.text)
            or quotes.FORWARD.match(line.text)
            or quotes.SEPARATOR.match(line.text)
            or quotes.RULE.match(line.text)
        ):
            continue
        head = False
        kept.append(re.sub(r"^[>\s]{1,20}", "", text) if text.startswith(">") else text)
    return "\n".join(kept).strip()
