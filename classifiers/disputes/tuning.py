"""Tunes the sentence encoder on labelled messages: messages of one label are drawn together, others pushed apart.

Supervised contrastive learning (Khosla et al. 2020, arXiv 2004.11362) with a linear classifier beside it, over
low-rank changes of the upper layers' weights (Hu et al. 2021, arXiv 2106.09685). The lower layers stay as they are, so
what they make of each message is computed once. Needs PyTorch: the extra ``cobranza[train]``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifiers.encoders.adapter import Adapter
from classifiers.encoders.building import Base, bert_of
from classifiers.encoders.errors import EncoderError


class NoTorch(EncoderError):
    """PyTorch is not installed."""

    code = "COB-COD-003"
    remedy = "Instálelo con «pip install 'cobranza[train]'» (solo CPU; no hace falta para clasificar)."


@dataclass(frozen=True, slots=True)
class Plan:
    """How to tune.

    Attributes:
        epochs: Times that every message is seen.
        seconds: When to stop at the latest, whatever was reached.
        batch: Messages at a time.
        rank: Of the changes.
        rate: Highest step size.
        frozen: Lowest layers that stay as they are.
        temperature: Small: near neighbours count most.
        tokens: Part of a message that is read.
        threads: Processor cores to use.
        seed: Of chance.
    """

    epochs: int = 5
    seconds: float = 2400.0
    batch: int = 32
    rank: int = 12
    rate: float = 1e-3
    frozen: int = 7
    temperature: float = 0.07
    tokens: int = 144
    threads: int = 1
    seed: int = 0


_LINEAR = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)


def tune(
    base: Base,
    texts: Sequence[str],
    answers: NDArray[np.int64],
    pairs: Sequence[str],
    ids: Sequence[str],
    *,
    plan: Plan,
    checkpoint: Path,
    tell: Callable[[str], None],
    look: Callable[[Callable[[Sequence[str]], NDArray[np.float32]]], str] | None = None,
) -> Adapter:
    """Tune an encoder.

    Args:
        base: What to start from.
        texts: As the encoder reads them.
        answers: Index of each one's label.
        pairs: Messages of one name are seen together; "" for none.
        ids: Of the messages; the adapter keeps them.
        plan: How.
        checkpoint: Written after every epoch, so that stopping early loses little.
        tell: Told what goes on, in Spanish.
        look: Called after every epoch with an encoding function; its words are told.

    Raises:
        NoTorch: PyTorch is not installed.
    """
    try:
        import torch
    except ImportError as exc:
        raise NoTorch("Para ajustar el codificador hace falta PyTorch y no está instalado.") from exc
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    model, changed = _prepared(torch, base, plan)
    tokenizer = _tokenizer(base)
    tell(f"Preparando {len(texts)} textos")
    lower = [_lower(torch, model, _cut(tokenizer, base.prefix + text, plan.tokens), plan.frozen) for text in texts]
    classifier = torch.nn.Linear(bert_of(base).width, int(answers.max()) + 1)
    parameters = [part for pair in changed.values() for part in pair]
    optimiser = torch.optim.AdamW(
        [{"params": parameters, "weight_decay": 0.01}, {"params": classifier.parameters(), "lr": 5e-3}], lr=plan.rate
    )
    targets = torch.as_tensor(answers)
    chance = np.random.default_rng(plan.seed)
    steps = plan.epochs * -(-len(texts) // plan.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / (0.08 * steps)) * max(0.02, 1 - step / steps)
    )
    begin = time.monotonic()
    for epoch in range(plan.epochs):
        total, count = 0.0, 0
        for rows in _batches(chance, answers, pairs, plan.batch):
            vectors = _upper(torch, model, [lower[row] for row in rows], plan.frozen)
            loss = _loss(torch, vectors, classifier, targets[rows], plan.temperature)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            schedule.step()
            total, count = total + float(loss.detach()), count + 1
            if time.monotonic() - begin > plan.seconds:
                break
        found = _adapter(base, changed, ids)
        found.save(checkpoint)
        note = look(lambda more: _encode(torch, model, tokenizer, base, plan, more)) if look is not None else ""
        tell(f"Vuelta {epoch + 1} de {plan.epochs}: pérdida {total / max(1, count):.3f} {note}".rstrip())
        if time.monotonic() - begin > plan.seconds:
            tell("Se acabó el tiempo previsto")
            break
    return _adapter(base, changed, ids)


def _prepared(torch: Any, base: Base, plan: Plan) -> tuple[Any, dict[str, tuple[Any, Any]]]:
    """The encoder as a `BertModel` whose upper linear layers carry low-rank changes, and those."""
    from transformers import BertConfig, BertModel

    bert = bert_of(base)
    config = BertConfig(
        vocab_size=bert.tensors["embeddings.word_embeddings.weight"].shape[0],
        hidden_size=bert.width,
        num_hidden_layers=bert.layers,
        num_attention_heads=bert.heads,
        intermediate_size=bert.tensors["encoder.layer.0.intermediate.dense.weight"].shape[0],
        max_position_embeddings=bert.longest,
        type_vocab_size=bert.tensors["embeddings.token_type_embeddings.weight"].shape[0],
        layer_norm_eps=bert.epsilon,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    model: Any = BertModel(config, add_pooling_layer=False)
    state = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in bert.tensors.items()}
    missing = [name for name in model.load_state_dict(state, strict=False).missing_keys if "position_ids" not in name]
    if missing:
        raise EncoderError(f"Al codificador le faltan pesos: {', '.join(missing[:3])}.")
    model.requires_grad_(False)
    model.eval()
    changed = {}
    for number in range(plan.frozen, bert.layers):
        for name in _LINEAR:
            layer = model.get_submodule(f"encoder.layer.{number}.{name}")
            left = torch.nn.Parameter(torch.randn(plan.rank, layer.in_features) / layer.in_features**0.5)
            right = torch.nn.Parameter(torch.zeros(layer.out_features, plan.rank))
            changed[f"encoder.layer.{number}.{name}.weight"] = (left, right)
            layer.register_forward_hook(_change(left, right))
    return model, changed


def _change(left: Any, right: Any) -> Any:
    def hook(_layer: Any, inputs: Any, output: Any) -> Any:
        return output + (inputs[0] @ left.T) @ right.T

    return hook


def _tokenizer(base: Base) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_str(base.parts.tokenizer.decode())


def _cut(tokenizer: Any, text: str, tokens: int) -> list[int]:
    found = list(tokenizer.encode(text).ids)
    return found if len(found) <= tokens else [*found[: tokens - 1], found[-1]]  # keeps the end mark


def _lower(torch: Any, model: Any, ids: list[int], frozen: int) -> Any:
    """What the untouched layers make of one text: float16 (n_tokens, width)."""
    with torch.no_grad():
        state = model.embeddings(input_ids=torch.tensor([ids]))
        for layer in model.encoder.layer[:frozen]:
            state = _first(layer(state))
    return state[0].half()


def _first(output: Any) -> Any:
    return output[0] if isinstance(output, tuple) else output


def _upper(torch: Any, model: Any, states: Sequence[Any], frozen: int) -> Any:
    """Vectors of length 1 from what the lower layers made, shape (n_texts, width)."""
    lengths = torch.tensor([len(state) for state in states])
    padded = torch.nn.utils.rnn.pad_sequence([state.float() for state in states], batch_first=True)
    there = torch.arange(padded.shape[1])[None, :] < lengths[:, None]
    mask = torch.zeros(there.shape).masked_fill(~there, torch.finfo(torch.float32).min)[:, None, None, :]
    state = padded
    for layer in model.encoder.layer[frozen:]:
        state = _first(layer(state, attention_mask=mask))
    pooled = (state * there[:, :, None]).sum(dim=1) / lengths[:, None]
    return torch.nn.functional.normalize(pooled, dim=1)


def _encode(
    torch: Any, model: Any, tokenizer: Any, base: Base, plan: Plan, texts: Sequence[str]
) -> NDArray[np.float32]:
    with torch.no_grad():
        lower = [_lower(torch, model, _cut(tokenizer, base.prefix + text, plan.tokens), plan.frozen) for text in texts]
        order = sorted(range(len(lower)), key=lambda row: len(lower[row]))  # little padding
        vectors = np.zeros((len(texts), bert_of(base).width), dtype=np.float32)
        for start in range(0, len(order), plan.batch):
            rows = order[start : start + plan.batch]
            vectors[rows] = _upper(torch, model, [lower[row] for row in rows], plan.frozen).numpy()
    return vectors


def _loss(torch: Any, vectors: Any, classifier: Any, targets: Any, temperature: float) -> Any:
    """Contrastive loss over the batch, and half the classifier's."""
    alike = vectors @ vectors.T / temperature
    same = targets[:, None] == targets[None, :]
    itself = torch.eye(len(targets), dtype=torch.bool)
    same = same & ~itself
    logs = alike - torch.logsumexp(alike.masked_fill(itself, -1e9), dim=1, keepdim=True)
    has = same.sum(dim=1) > 0
    contrast = -(logs * same).sum(dim=1)[has] / same.sum(dim=1)[has]
    guess = torch.nn.functional.cross_entropy(classifier(vectors) * 8.0, targets, label_smoothing=0.05)
    return contrast.mean() + 0.5 * guess


def _batches(
    chance: np.random.Generator, answers: NDArray[np.int64], pairs: Sequence[str], size: int
) -> Iterator[list[int]]:
    """Every message once, so that each label of a batch occurs at least twice and pairs stay together.

    Messages of a label come in couples; couples are dealt at random.
    """
    couples: list[list[int]] = []
    by_pair: dict[str, list[int]] = {}
    for row, pair in enumerate(pairs):
        if pair:
            by_pair.setdefault(pair, []).append(row)
    for label in np.unique(answers):
        rows = chance.permutation(np.flatnonzero(answers == label)).tolist()
        couples += [rows[start : start + 2] for start in range(0, len(rows), 2)]
    order = chance.permutation(len(couples))
    place = {row: number for number, couple in enumerate(couples) for row in couple}
    used: set[int] = set()
    flat: list[int] = []
    for number in order:
        waiting = [int(number)]
        while waiting:  # the couples that a pair ties together follow one another, up to a batch
            now = waiting.pop()
            if now in used:
                continue
            used.add(now)
            flat += couples[now]
            for row in couples[now]:
                waiting += [place[other] for other in by_pair.get(pairs[row], ()) if place[other] not in used][:1]
    for start in range(0, len(flat), size):
        rows = flat[start : start + size]
        if len(rows) > 1:
            yield rows


def _adapter(base: Base, changed: dict[str, tuple[Any, Any]], ids: Sequence[str]) -> Adapter:
    return Adapter(
        base=base.identity,
        left={name: left.detach().numpy().copy() for name, (left, _) in changed.items()},
        right={name: right.detach().numpy().copy() for name, (_, right) in changed.items()},
        seen=tuple(ids),
    )
