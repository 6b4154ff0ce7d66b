"""The model card: what the model in use is, what it learned from, how good it is and what it cannot do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from classifiers.disputes import category_files, labelled
from classifiers.disputes.opinion import PLAIN, VECTORS, Model

FILE = Path(__file__).with_name("MODEL_CARD.md")
_WAYS = {PLAIN: "words and rules alone", VECTORS: "words, rules and sentence vectors"}
_LIMITS = """\
- The corpus is fiction, written for this project by one hand with a guide; real mail is messier, and a company's own
  words are learned only from its own corrections (`cobranza disputes train --corpus FOLDER`).
- Figures of cross-validation are on mails of the same hand. They are split by thread and author, so that no mail tests
  a near copy of itself; mails of other hands may be easier or harder.
- The ledger's part (what is open, paid, paid twice) is set by hand and small: no labelled corpus carries a ledger.
- Spanish, Portuguese and English. Other languages are judged by what they share with these.
- Attachments are judged by their names; their content is not read.
- A mail that names an account number is always treated as a possible change of bank details, whatever the model says,
  unless its words are only about a payment of the past. Machine mail is decided by headers and phrases, not the model.
- Nothing about bank details, insolvency, denial of a debt, treatment or personal data is ever closed automatically.
"""


def render(model: Model, lines: Sequence[labelled.Line]) -> str:
    """The card in Markdown. Same model and corpus, same text."""
    figures: Mapping[str, Any] = model.about.get("cross_validation", {})  # type: ignore[assignment]
    parts = [
        "# Model card: what a debtor's message is about",
        "Made by `cobranza disputes card`; change the program, not this page.",
        f"Model `{model.version}`, encoder `{model.encoder or 'none'}`, code `{model.about.get('code', '')}`, corpus "
        f"`{model.about.get('corpus', '')}` ({model.about.get('mails', 0)} mails with the categories' seed examples).",
        "## What it does",
        "Sorts a message into one of the categories below, names a second matter where there is one, says how sure "
        "it is and why, and leaves to a person what it is not sure of. Linear heads over counts of words and letters, "
        "rules (`flags.toml`) and, where it is built, a multilingual sentence encoder (multilingual-e5-small, MIT, "
        "8-bit ONNX"
        + (", tuned contrastively on the corpus)" if "+" in model.encoder else ")")
        + ". Their log-probabilities are weighted, and confidence is calibrated, on messages that no head had seen.",
        "## What it learned from",
        _corpus(lines),
        "## How good it is",
        _about_measuring(model),
    ]
    for way, found in figures.items():
        parts += [f"### With {_WAYS.get(way, way)}", _summary(found), _by_label(found, model, way)]
    parts += ["## Limits", _LIMITS]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _about_measuring(model: Model) -> str:
    held = model.about.get("held_out")
    if not held:
        return "Five-fold cross-validation over the corpus, split by thread and author."
    return (
        f"Measured on {held} mails of the corpus (whole threads and authors) that the tuning of the encoder never saw, "
        "each judged by heads that had not seen it either. The heads that ship learned from all mails."
    )


def _corpus(lines: Sequence[labelled.Line]) -> str:
    languages = Counter(line.lang for line in lines)
    countries = Counter(line.country for line in lines if line.country)
    labels = Counter(line.label for line in lines)
    names = category_files.shipped()
    rows = "\n".join(f"| `{slug}` | {names[slug].name} | {labels[slug]} |" for slug in sorted(names))
    return (
        f"{len(lines)} mails of our own (`corpus/`, licence there): "
        + ", ".join(f"{count} {lang}" for lang, count in languages.most_common())
        + "; countries "
        + ", ".join(f"{country} {count}" for country, count in countries.most_common())
        + f"; {sum(1 for line in lines if line.secondary)} with a second matter; "
        f"{len(labelled.near_duplicates(lines))} pairs that are nearly the same text.\n\n"
        "| label | name | mails |\n| --- | --- | --- |\n" + rows
    )


def _summary(found: Mapping[str, Any]) -> str:
    surest = ", ".join(
        f"{100 * value:.1f} % of the surest {float(share):.0%}" for share, value in found["surest"].items()
    )
    return (
        f"{found['count']} mails: accuracy {100 * found['accuracy']:.1f} %, macro-F1 {100 * found['macro_f1']:.1f} %, "
        f"calibration error (ECE, ten bins) {found['ece']:.3f}; right are {surest}."
    )


def _by_label(found: Mapping[str, Any], model: Model, way: str) -> str:
    thresholds = model.ways[way].thresholds
    rows = "\n".join(
        f"| `{label}` | {entry['count']} | {entry['precision']:.2f} | {entry['recall']:.2f} | {entry['f1']:.2f} "
        f"| {thresholds.get(label, 1.0):.2f} |"
        for label, entry in found["labels"].items()
    )
    head = "| label | mails | precision | recall | F1 | confidence below which a person decides |"
    return f"{head}\n| --- | --- | --- | --- | --- | --- |\n{rows}"
