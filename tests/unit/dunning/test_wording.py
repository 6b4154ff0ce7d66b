"""Templates: every field filled or nothing leaves, no way out of a template, and the shipped ones pass the linter."""

from __future__ import annotations

from datetime import date

import pytest

from cobranza.dunning import wording
from cobranza.dunning.account import DunningError
from cobranza.dunning.settings import names, strategy
from cobranza.dunning.wording import FIELDS, TemplateFile, fill, template
from cobranza.gate import policy
from cobranza.gate.texts import Message, lint

VALUES = {
    "deudor": "Talleres Ribera SL",
    "acreedor": "Suministros Norte SA",
    "remitente": "Cobros Norte, por cuenta de Suministros Norte SA",
    "importe": "1.210,00 EUR",
    "documentos": "F-117",
    "vence": "18/11/2026",
    "dias": "12",
    "enlace": "https://pagos.example.com/d/123456-Zx8fj2kQp0aLmN7rTbVcYw",  # as long as real ones are
    "baja": "Para no recibir más por aquí, conteste BAJA.",
    "telefono": "910 000 000",
    "cuota": "2 de 6",
}
SHORT = {"remitente": "Cobros Norte"}
SMS_STOP = {"es": {"baja": "Conteste BAJA para parar."}, "en": {}, "pt": {}}
STOP = {"es": "Para no recibir más por aquí, conteste BAJA.", "en": "Answer STOP to stop.", "pt": "Responda PARAR."}
SHIPPED = [(language, name) for language in ("es", "en", "pt") for name in wording.names(language)]


def test_every_channel_of_every_step_has_a_template_written_for_it() -> None:
    for name in names():
        for step in strategy(name).steps:
            for channel in step.channels:
                assert any(channel in written for written in step.templates.values()), (step.id, channel)


@pytest.mark.parametrize(("language", "name"), SHIPPED)
def test_shipped_templates_fill_and_pass_the_linter(language: str, name: str) -> None:
    written = template(name, language)
    for channel in written.canales:
        filled = fill(
            written, VALUES | {"baja": STOP[language]} | (SHORT | SMS_STOP[language] if channel == "sms" else {})
        )
        for country in ("ES", "MX", "CO", "PE", "CL", "AR", "EC"):
            message = Message(
                text=filled.text,
                subject=filled.subject,
                channel=channel,
                on=date(2026, 11, 30),
                senders=("Cobros Norte",),
                creditors=("Suministros Norte SA",),
                own_hosts=frozenset({"pagos.example.com"}),
                language=language,
                overdue_days=12,
            )
            findings = [each for each in lint(message, policy.law(country)) if not _spoken(channel, each.told)]
            assert findings == [], (country, channel)


def _spoken(channel: str, told: str) -> bool:
    """A call says for whom only after the listener has said who they are: its opening names no creditor."""
    return channel in {"ivr", "call"} and "acreedor" in told.lower()


@pytest.mark.parametrize("missing", ["importe", "enlace"])
@pytest.mark.parametrize("value", ["", "   ", None])
def test_an_empty_field_blocks_the_message(missing: str, value: str | None) -> None:
    values = {key: text for key, text in VALUES.items() if key != missing}
    if value is not None:
        values[missing] = value
    with pytest.raises(DunningError, match="no se sabe") as caught:
        fill(template("recordatorio_amable", "es"), values)
    assert FIELDS[missing] in str(caught.value)


@pytest.mark.parametrize(
    "text", ["{deudor.__class__}", "{deudor!r}", "{0}", "{}", "{deudor:>10}", "{desconocido}", "{deudor", "{deudor[0]}"]
)
def test_a_template_cannot_reach_beyond_its_fields(text: str) -> None:
    with pytest.raises(ValueError, match=r"campo|llaves"):
        TemplateFile.model_validate({"canales": ["email"], "texto": text})


def test_a_value_brings_no_line_of_its_own_and_is_not_read_as_a_template() -> None:
    written = TemplateFile(canales=("email",), asunto="{deudor}", texto="Hola, {deudor}.")
    filled = fill(written, {"deudor": "A\r\nBcc: x@example.com {importe}"})
    assert filled.subject == "A Bcc: x@example.com {importe}"
    assert "\n" not in filled.text


def test_a_language_that_is_not_there_is_refused() -> None:
    with pytest.raises(DunningError, match="«fr»"):
        template("recordatorio_amable", "fr")
    with pytest.raises(DunningError):
        template("../es/recordatorio_amable", "es")
