"""What the demo company's debtors write: a dozen messages about documents that they really have in the ERP.

Nothing tells the robot what a message is about. The texts are written as such people write; names of documents,
amounts and addresses are the ledger's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from cobranza.kernel.spanish import write_amount, write_day

OURS = "disputas@ferreteria-demo.example"
_ACCOUNT = "ES91 2100 0418 4502 0005 1332"  # the bank's own example of an IBAN: belongs to nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A document and who owes it.

    Attributes:
        number: Of the document.
        gross: Its total, EUR.
        due_on: When it was due.
        name: The debtor's.
        address: The debtor's e-mail address.
    """

    number: str
    gross: Decimal
    due_on: date
    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message: the name of its file, its bytes, and whether a person wrote it for the first time."""

    name: str
    raw: bytes
    human: bool = True
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    name: str
    subject: str
    body: str
    human: bool = True


def needed() -> tuple[int, int]:
    """How many open documents, of different debtors, and how many settled ones `compose` wants."""
    return 9, 1


def compose(open_ones: Sequence[Owed], settled: Sequence[Owed], *, today: date) -> list[Letter]:
    """Write the messages.

    Args:
        open_ones: Open documents of different debtors; see `needed`.
        settled: Documents that have been paid.
        today: When they are written.
    """
    sent = datetime.combine(today, time(9, 12), tzinfo=UTC) - timedelta(days=1)
    letters: list[Letter] = []
    first: EmailMessage | None = None
    for number, (owed, text) in enumerate(_texts(open_ones, settled[0], today)):
        message = _message(owed, text, sent + timedelta(minutes=11 * number), number)
        first = first or message
        letters.append(Letter(name=text.name, raw=message.as_bytes(policy=SMTP), human=text.human))
    if first is None:
        return letters
    later = sent + timedelta(hours=5)
    letters.append(Letter(name="11-sigue-el-hilo", raw=_reply(first, open_ones[0], later).as_bytes(policy=SMTP)))
    letters.append(Letter(name="12-otra-entrega", raw=_delivered_again(letters[0].raw), human=False, again=True))
    letters.append(Letter(name="13-fuera-de-la-oficina", raw=_away(open_ones[8], later), human=False))
    letters.append(Letter(name="14-rebote", raw=_bounce("antigua@c999.example", later), human=False))
    return letters


def _texts(open_ones: Sequence[Owed], paid: Owed, today: date) -> Iterator[tuple[Owed, _Text]]:
    def of(place: int, name: str, subject: str, body: Callable[[Owed], str]) -> tuple[Owed, _Text]:
        owed = open_ones[place]
        return owed, _Text(name=name, subject=subject.format(n=owed.number), body=body(owed))

    soon = write_day(today + timedelta(days=6))
    yield of(
        0,
        "01-importe-discutido",
        "Error en la factura {n}",
        lambda owed: (
            f"Buenos días:\n\nLa factura {owed.number} no coincide con nuestro pedido: nos han cobrado "
            f"{write_amount(_part(owed))} € de más porque el precio unitario que pusieron no es el de la confirmación. "
            "El resto de la factura es correcto y se pagará a su vencimiento, pero esa diferencia no la vamos a abonar "
            "hasta que nos manden la rectificativa.\n\nUn saludo,\nMarta Ibarra\nAdministración\n"
            f"{owed.name}\n"
        ),
    )
    yield (
        paid,
        _Text(
            name="02-ya-pagada",
            subject=f"RE: Recordatorio de pago {paid.number}",
            body=(
                f"Hola,\n\nnosotros ya pagamos la {paid.number} por transferencia, pueden comprobarlo en su banco. "
                "No entiendo por qué nos la siguen reclamando.\n\nGracias\nJulián\n\n"
                "El lun, a las 10:02, Cobros escribió:\n> Les recordamos que tienen pendiente de pago la factura\n"
                f"> {paid.number}. Si ya la han pagado, no tengan en cuenta este mensaje.\n"
            ),
        ),
    )
    yield of(
        1,
        "03-cambio-de-cuenta",
        "Nuevos datos bancarios",
        lambda owed: (
            "Estimados señores:\n\nLes comunicamos que hemos cambiado de entidad. A partir de hoy todas las "
            f"devoluciones y abonos deben ingresarse en la cuenta {_ACCOUNT}. Rogamos actualicen sus registros hoy "
            f"mismo.\n\nAtentamente,\nDepartamento financiero\n{owed.name}\n"
        ),
    )
    yield of(
        2,
        "04-plan-de-pago",
        "{n}",
        lambda owed: (
            f"Buenas tardes, estamos pasando un mal trimestre y no podemos pagar la factura {owed.number} de golpe. "
            "¿Sería posible dividirla en tres plazos mensuales, empezando a fin de mes? Quedo a la espera de lo que "
            "me digan.\n\nPilar\n\nEnviado desde mi iPhone\n"
        ),
    )
    yield of(
        3,
        "05-promesa",
        "Pago pendiente",
        lambda owed: (
            f"Confirmamos que la {owed.number} por {write_amount(owed.gross)} € sale en la remesa del {soon}, sin "
            "falta. No hace falta que nos llamen más.\n\nTesorería\n"
        ),
    )
    yield of(
        4,
        "06-no-ha-llegado",
        "Pedido sin recibir",
        lambda owed: (
            f"Buenas,\n\nde lo que pone en la factura {owed.number} aquí no ha llegado nada. He preguntado en el "
            "almacén y no hay albarán firmado. Mientras no venga el material no vamos a pagarla.\n\n"
            f"Un saludo\nEl encargado de {owed.name}\n"
        ),
    )
    yield of(
        5,
        "07-copia",
        "Copia de factura",
        lambda owed: (
            f"Hola, necesitamos un duplicado en PDF de la factura {owed.number} para la auditoría. La tenemos "
            "contabilizada pero no encontramos el original. Gracias de antemano.\n"
        ),
    )
    yield of(
        6,
        "08-em-portugues",
        "Fatura {n}",
        lambda owed: (
            f"Bom dia,\n\na fatura {owed.number} veio com peças partidas. Vamos devolver o material e ficamos à espera "
            "da nota de crédito.\n\nCom os melhores cumprimentos,\nInês Carvalho\n"
        ),
    )
    yield of(
        7,
        "09-trato",
        "Queja",
        lambda owed: (
            "Llevan tres días llamándome a las diez de la noche y ayer le contaron a mi suegra lo que debemos. Esto "
            "no se hace. Quiero que me llame un responsable.\n"
        ),
    )
    yield of(8, "10-poco-claro", "", lambda owed: "Esto no es lo que hablamos.\n")


def _part(owed: Owed) -> Decimal:
    """About a fifth of the document, to the cent."""
    return (owed.gross / 5).quantize(Decimal("0.01"))


def _message(owed: Owed, text: _Text, sent: datetime, number: int) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = f"<demo-{number:02d}.{owed.address.replace('@', '.')}>"
    message["Date"] = format_datetime(sent)
    message["From"] = f'"{owed.name}" <{owed.address}>'
    message["To"] = OURS
    message["Subject"] = text.subject
    message.set_content(text.body)
    return message


def _reply(first: EmailMessage, owed: Owed, sent: datetime) -> EmailMessage:
    body = "Perdón, se me olvidó: el pedido era el 4471. ¿Nos pueden decir cuándo llegará la rectificativa?\n\nMarta\n"
    text = _Text(name="", subject=f"RE: {first['Subject']}", body=body)
    message = _message(owed, text, sent, 90)
    message["In-Reply-To"] = first["Message-ID"]
    message["References"] = first["Message-ID"]
    return message


def _delivered_again(raw: bytes) -> bytes:
    """The same message as another server hands it over: other bytes, no other message."""
    return b"Received: from relevo.example by mx.ferreteria-demo.example; otra entrega\r\n" + raw


def _away(owed: Owed, sent: datetime) -> bytes:
    text = _Text(
        name="",
        subject="Respuesta automática: su mensaje",
        body="Estoy fuera de la oficina hasta el lunes. Para lo urgente, llamen a centralita.\n",
    )
    message = _message(owed, text, sent, 91)
    message["Auto-Submitted"] = "auto-replied"
    return message.as_bytes(policy=SMTP)


def _bounce(address: str, sent: datetime) -> bytes:
    """A delivery report as RFC 3464 has it."""
    lines = (
        "Message-ID: <demo-92@mx.c999.example>",
        f"Date: {format_datetime(sent)}",
        "From: Mail Delivery System <mailer-daemon@mx.c999.example>",
        f"To: {OURS}",
        "Subject: Undelivered Mail Returned to Sender",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="corte"',
        "",
        "--corte",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        f"<{address}>: host mx.c999.example said: 550 5.1.1 User unknown",
        "",
        "--corte",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.c999.example",
        "",
        f"Final-Recipient: rfc822; {address}",
        "Action: failed",
        "Status: 5.1.1",
        "Diagnostic-Code: smtp; 550 5.1.1 User unknown",
        "",
        "--corte--",
        "",
    )
    return "\r\n".join(lines).encode("ascii")
