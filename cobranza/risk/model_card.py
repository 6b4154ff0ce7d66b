"""The card of a trained judge, as people read it: Spanish, Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from cobranza.kernel.spanish import write_day
from cobranza.risk.drift import SCORE
from cobranza.risk.features import CATALOGUE

_OUTCOMES: Final = {
    "pay_30": "Paga lo vencido en 30 días",
    "pay_60": "Paga lo vencido en 60 días",
    "pay_90": "Paga lo vencido en 90 días",
    "days_late": "Días de retraso",
    "recovery": "Parte que se cobra en 180 días",
    "first_miss": "Primer impago en 90 días",
    "relapse": "Recaída en 90 días",
}
_LIMITS: Final = """\
- Aprende de lo que consta en este libro: los importes en varias monedas de un mismo deudor se mezclan, y lo que el ERP
  da por saldado fuera cuenta desde el día en que se leyó.
- Lo que entró en los primeros 30 días de la empresa aquí se fecha por su propio día (emisión, operación), no por el de
  su lectura.
- Con pocos ejemplos de un resultado valoran las reglas; la tabla de ejemplos dice cuáles.
- Las razones suman exactamente el cociente de probabilidades del modelo antes de calibrarlo; la calibración no cambia
  ni su orden ni su signo.
- No decide nada: «caso legal», negar un plan o comunicar a un fichero de solvencia lo decide una persona (RGPD,
  art. 22).
- No usa ni adivina datos protegidos; la equidad se mira por tamaño y país, que es lo que un acreedor puede mirar."""


def written(card: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    parts = [
        f"# Ficha de «{card['name']}»",
        f"Entrenado con lo conocido el {_day(card['trained_on'])}; observaciones del {_day(card['span'][0])} al "
        f"{_day(card['span'][1])}: {card['observations']} de {card['debtors']} deudores. "
        f"Lo comprueban {card['check_rows']} de otros {card['check_debtors']} deudores, que nunca enseñan.",
        _verdict(card),
        "## Resultados en el conjunto de comprobación",
        _results(card),
        "## Calibración por decilas (paga en 60 días)",
        _calibration(card),
        "## Equidad (paga en 60 días)",
        _groups(card),
        "## Estabilidad",
        _stability(card),
        "## Límites",
        _LIMITS,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _day(text: str) -> str:
    return write_day(date.fromisoformat(text))


def _verdict(card: Mapping[str, Any]) -> str:
    before = card["before"]["name"]
    if not card["refused"]:
        return f"No es peor que «{before}» en nada de lo que se comprueba: puede entrar en uso."
    return f"**Rechazado** frente a «{before}»: {'; '.join(card['refused'])}."


def _results(card: Mapping[str, Any]) -> str:
    rows = ["| Resultado | Enseñan | Comprueban | AUC | Brier | ECE | Antes (AUC, Brier) |", "| --- |" + " ---: |" * 6]
    for name, title in _OUTCOMES.items():
        found, before = card["check"].get(name), card["before"]["check"].get(name, {})
        taught = card["examples"].get(name, 0)
        if found is None:
            rows.append(f"| {title} | {taught} | pocos | | | | |")
        elif "mae" in found:
            old = f"{before['mae']:.1f} días" if "mae" in before else ""
            rows.append(f"| {title} | {taught} | {found['count']} | error medio {found['mae']:.1f} días | | | {old} |")
        else:
            old = f"{before['auc']:.3f}, {before['brier']:.4f}" if "auc" in before else ""
            order = f"{found['auc']:.3f}" if "auc" in found else ""
            error = f"{found['brier']:.4f} | {found['ece']:.3f}"
            rows.append(f"| {title} | {taught} | {found['count']} | {order} | {error} | {old} |")
    return "\n".join(rows)


def _calibration(card: Mapping[str, Any]) -> str:
    found = card["check"].get(SCORE)
    if found is None:
        return "Hay muy pocos casos."
    rows = ["| Dice | Ocurre | Casos |", "| ---: | ---: | ---: |"]
    rows += [f"| {100 * row['said']:.1f} % | {100 * row['found']:.1f} % | {row['count']} |" for row in found["deciles"]]
    return "\n".join(rows)


def _groups(card: Mapping[str, Any]) -> str:
    if not card["groups"]:
        return "Hay muy pocos casos por grupo."
    rows = ["| Grupo | Casos | Dice | Ocurre | AUC | Brier |", "| --- |" + " ---: |" * 5]
    rows += [
        f"| {row['kind']}: {row['group']} | {row['count']} | {100 * row['said']:.1f} % | {100 * row['found']:.1f} % "
        f"| {row['auc']:.3f} | {row['brier']:.4f} |"
        for row in card["groups"]
    ]
    return "\n".join(rows)


def _stability(card: Mapping[str, Any]) -> str:
    said = [f"{title(name)} {value:.2f}" for name, value in list(card["stability"].items())[:5]]
    score = card["stability"].get(SCORE, 0.0)
    return (
        f"Índice de estabilidad (PSI) entre la primera mitad del periodo y la segunda: valoración {score:.2f}; "
        f"lo que más ha cambiado: {', '.join(said)}."
    )


def title(name: str) -> str:
    """A feature, or the score, as people read it."""
    return "valoración" if name == SCORE else CATALOGUE[name].title.lower()
