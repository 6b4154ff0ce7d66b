"""Tunes the sentence encoder on labelled messages: messages of one label are drawn together, others pushed apart.

Supervised contrastive learning (Khosla et al. 2020, arXiv 2004.11362) with a linear classifier beside it, over
low-rank changes of the upper layers' weights (Hu et al. 2021, arXiv 2106.09685). The lower layers stay as they are, so
what they make of each message is computed once. Needs PyTorch: the extra ``cobranza[train]``.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, TypeAlias

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
    batch: int = 32
    rank: int = 12
    rate: float = 1e-3
    frozen: int = 7
    temperature: float = 0.07
    tokens: int = 144
    threads: int = 1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """What an encoder is tuned on.

    Attributes:
        rows: Of the tuner's texts.
        answers: Index of the label of every text of the tuner, not only of `rows`.
        pairs: Of every text: those of one name are seen together; "" for none.
        ids: Of every text; the adapter keeps those of `rows`.
    """

    rows: NDArray[np.int64]
    answers: NDArray[np.int64]
    pairs: Sequence[str]
    ids: Sequence[str]


_LINEAR = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)


class Tuner:
    """An encoder that can be tuned several times, on several parts of the same texts.

    What the lower layers make of each text is computed once, with the first tuning.
    """

    def __init__(self, base: Base, texts: Sequence[str], plan: Plan, tell: Callable[[str], None]) -> None:
        """Prepare.

        Args:
            base: What to start from.
            texts: As the encoder reads them.
            plan: How.
            tell: Told what goes on, in Spanish.

        Raises:
            NoTorch: PyTorch is not installed.
        """
        try:
            import torch
        except ImportError as exc:
            raise NoTorch("Para ajustar el codificador hace falta PyTorch y no está instalado.") from exc
        torch.set_num_threads(plan.threads)
        self._torch: Any = torch
        self._base, self._texts, self._plan, self._tell = base, texts, plan, tell
        self._model, self._changed = _prepared(torch, base, plan)
        self._states: list[Any] = []

    def tune(self, known: Known, *, checkpoint: Path, look: Look | None = None) -> Adapter:
        """Tune on some of the texts.

        Args:
            known: On which.
            checkpoint: Written after every epoch and read again, so that a tuning that was cut off goes on from there.
            look: Called after every epoch with a function from rows to vectors; its words are told.
        """
        torch, plan = self._torch, self._plan
        torch.manual_seed(plan.seed)
        with torch.no_grad():
            for left, right in self._changed.values():
                left.copy_(torch.randn(left.shape) / left.shape[1] ** 0.5)
                right.zero_()
        classifier = torch.nn.Linear(bert_of(self._base).width, int(known.answers.max()) + 1)
        parameters = [part for pair in self._changed.values() for part in pair]
        optimiser = torch.optim.AdamW(
            [{"params": parameters, "weight_decay": 0.01}, {"params": classifier.parameters(), "lr": 5e-3}],
            lr=plan.rate,
        )
        targets = torch.as_tensor(known.answers)
        steps = plan.epochs * -(-len(known.rows) // plan.batch)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: min(1.0, (step + 1) / (0.08 * steps)) * max(0.02, 1 - step / steps)
        )
        saved = _Checkpoint(torch, checkpoint, self._mark(known), parameters, (classifier, optimiser, schedule))
        for epoch in range(saved.load(), plan.epochs):
            losses = []
            for rows in _batches(np.random.default_rng((plan.seed, epoch)), known, plan.batch):
                vectors = self._upper(rows)
                loss = _loss(torch, vectors, classifier, targets[rows], plan.temperature)
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(parameters, 1.0)
                optimiser.step()
                schedule.step()
                losses.append(float(loss.detach()))
            saved.save(epoch + 1)
            note = look(self.encode) if look is not None else ""
            self._tell(f"Vuelta {epoch + 1} de {plan.epochs}: pérdida {np.mean(losses):.3f} {note}".rstrip())
        return Adapter(
            base=self._base.identity,
            left={name: left.detach().numpy().copy() for name, (left, _) in self._changed.items()},
            right={name: right.detach().numpy().copy() for name, (_, right) in self._changed.items()},
            seen=tuple(known.ids[row] for row in known.rows),
        )

    def encode(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """Vectors of some of the texts as tuned so far, shape (n_rows, width)."""
        found = np.zeros((len(rows), bert_of(self._base).width), dtype=np.float32)
        with self._torch.no_grad():
            for start in range(0, len(rows), self._plan.batch):
                part = rows[start : start + self._plan.batch]
                found[start : start + len(part)] = self._upper(part).numpy()
        return found

    def _mark(self, known: Known) -> str:
        """Changes with everything that a checkpoint depends on."""
        made = hashlib.sha256(repr((self._base.identity, self._plan)).encode())
        for row in known.rows:
            made.update(f"{known.ids[row]}|{known.answers[row]}|{self._texts[row]}|".encode())
        return made.hexdigest()

    def _lower(self, rows: Sequence[int]) -> list[Any]:
        """What the untouched layers make of texts: float16 (n_tokens, width) each."""
        if not self._states:
            self._tell(f"Preparando {len(self._texts)} textos")
            cutter = _tokenizer(self._base)
            with self._torch.no_grad():
                for text in self._texts:
                    ids = self._torch.tensor([_cut(cutter, self._base.prefix + text, self._plan.tokens)])
                    state = self._model.embeddings(input_ids=ids)[0]
                    for layer in self._model.encoder.layer[: self._plan.frozen]:
                        state = _layer(self._torch, layer, state, _Places(self._torch, [len(state)]))
                    self._states.append(state.half())
        return [self._states[row] for row in rows]

    def _upper(self, rows: Sequence[int]) -> Any:
        """Vectors of length 1, shape (n_rows, width)."""
        states = self._lower(rows)
        places = _Places(self._torch, [len(state) for state in states])
        state = self._torch.cat(states).float()
        for layer in self._model.encoder.layer[self._plan.frozen :]:
            state = _layer(self._torch, layer, state, places)
        pooled = places.spread(state).sum(dim=1) / places.lengths[:, None]
        return self._torch.nn.functional.normalize(pooled, dim=1)


Look: TypeAlias = Callable[[Callable[[Sequence[int]], NDArray[np.float32]]], str]


class _Checkpoint:
    """Where a tuning stands, on disk: whole or not at all."""

    def __init__(self, torch: Any, file: Path, mark: str, parameters: Sequence[Any], parts: Sequence[Any]) -> None:
        self._torch, self._file, self._mark = torch, file, mark
        self._parameters, self._parts = parameters, parts

    def load(self) -> int:
        """Epochs that are done; what was reached is put back. 0 when there is no checkpoint of this very tuning."""
        try:
            found = self._torch.load(self._file, weights_only=True)
        except FileNotFoundError:
            return 0
        except (OSError, RuntimeError, ValueError, EOFError, UnpicklingError):
            return 0  # damaged: begin again
        if found.get("mark") != self._mark:
            return 0
        with self._torch.no_grad():
            for own, there in zip(self._parameters, found["parameters"], strict=True):
                own.copy_(there)
        for part, state in zip(self._parts, found["parts"], strict=True):
            part.load_state_dict(state)
        return int(found["epochs"])

    def save(self, epochs: int) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        waiting = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        state = {
            "mark": self._mark,
            "epochs": epochs,
            "parameters": [part.detach() for part in self._parameters],
            "parts": [part.state_dict() for part in self._parts],
        }
        self._torch.save(state, waiting)
        waiting.replace(self._file)


class _Places:
    """Where the tokens of several texts, one after another, stand in a table of one text a row."""

    def __init__(self, torch: Any, lengths: Sequence[int]) -> None:
        self.lengths = torch.tensor(lengths)
        self._longest = max(lengths)
        there = torch.arange(self._longest)[None, :] < self.lengths[:, None]
        self._flat = there.flatten().nonzero()[:, 0]
        self.mask = there[:, None, None, :]

    def spread(self, state: Any) -> Any:
        """Shape (n_tokens, width) to (n_texts, longest, width), zero where there is no token."""
        table = state.new_zeros((len(self.lengths) * self._longest, state.shape[1]))
        return table.index_copy(0, self._flat, state).view(len(self.lengths), self._longest, -1)

    def together(self, table: Any) -> Any:
        """The way back."""
        return table.reshape(-1, table.shape[-1])[self._flat]


def _layer(torch: Any, layer: Any, state: Any, places: _Places) -> Any:
    """One layer over texts of several lengths without padding: only attention looks at them as a table."""
    own = layer.attention.self
    heads = own.num_attention_heads
    parts = [
        places.spread(part(state)).unflatten(2, (heads, -1)).transpose(1, 2) for part in (own.query, own.key, own.value)
    ]
    mixed = torch.nn.functional.scaled_dot_product_attention(*parts, attn_mask=places.mask)
    mixed = places.together(mixed.transpose(1, 2).flatten(2))
    state = layer.attention.output.LayerNorm(layer.attention.output.dense(mixed) + state)
    wide = torch.nn.functional.gelu(layer.intermediate.dense(state))
    return layer.output.LayerNorm(layer.output.dense(wide) + state)


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
            left = torch.nn.Parameter(torch.zeros(plan.rank, layer.in_features))
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


def _batches(chance: np.random.Generator, known: Known, size: int) -> Iterator[list[int]]:
    """Every message once, so that each label of a batch occurs at least twice and pairs stay together.

    Messages of a label come in couples; couples are dealt at random.
    """
    couples: list[list[int]] = []
    by_pair: dict[str, list[int]] = {}
    for row in known.rows.tolist():
        if known.pairs[row]:
            by_pair.setdefault(known.pairs[row], []).append(row)
    of_row = known.answers[known.rows]
    for label in np.unique(of_row):
        rows = chance.permutation(known.rows[of_row == label]).tolist()
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
                waiting += [place[other] for other in by_pair.get(known.pairs[row], ()) if place[other] not in used][:1]
    for start in range(0, len(flat), size):
        rows = flat[start : start + size]
        if len(rows) > 1:
            yield rows
