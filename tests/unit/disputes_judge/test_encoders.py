"""Encoders: the ONNX that we write computes what a BERT computes; adapters, vocabularies and folders."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import erf, softmax

from classifiers.encoders import adapter, building, built, recipes, vocabulary
from classifiers.encoders.bert import Bert
from classifiers.encoders.errors import EncoderError

WIDTH, WIDE, HEADS, WORDS = 32, 64, 2, 12
PIECES = [["<s>", 0.0], ["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0], ["▁ya", -1.0], ["▁pagué", -2.0]]
PIECES += [["привет", -3.0], ["▁factura", -2.5], ["日本", -4.0], ["▁", -5.0], ["a", -6.0], ["<mask>", 0.0]]


def tokenizer() -> bytes:
    marks = [
        {"id": place, "content": PIECES[place][0], "special": True, "single_word": False}
        | {"lstrip": False, "rstrip": False, "normalized": False}
        for place in (0, 1, 2, 3, 11)
    ]
    template = [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    template += [{"SpecialToken": {"id": "</s>", "type_id": 0}}]
    special = {name: {"id": name, "ids": [place], "tokens": [name]} for name, place in (("<s>", 0), ("</s>", 2))}
    whole = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": marks,
        "normalizer": None,
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": template,
            "pair": template,
            "special_tokens": special,
        },
        "decoder": None,
        "model": {"type": "Unigram", "unk_id": 3, "vocab": PIECES, "byte_fallback": False},
    }
    return json.dumps(whole, ensure_ascii=False).encode()


def bert(seed: int = 0) -> Bert:
    chance = np.random.default_rng(seed)

    def random(*shape: int, around: float = 0.0) -> NDArray[np.float32]:
        return (around + 0.3 * chance.standard_normal(shape)).astype(np.float32)

    tensors = {
        "embeddings.word_embeddings.weight": random(WORDS, WIDTH),
        "embeddings.position_embeddings.weight": random(16, WIDTH),
        "embeddings.token_type_embeddings.weight": random(2, WIDTH),
        "embeddings.LayerNorm.weight": random(WIDTH, around=1.0),
        "embeddings.LayerNorm.bias": random(WIDTH),
    }
    for number in range(2):
        at = f"encoder.layer.{number}."
        for name, out, width in (
            ("attention.self.query", WIDTH, WIDTH),
            ("attention.self.key", WIDTH, WIDTH),
            ("attention.self.value", WIDTH, WIDTH),
            ("attention.output.dense", WIDTH, WIDTH),
            ("intermediate.dense", WIDE, WIDTH),
            ("output.dense", WIDTH, WIDE),
        ):
            tensors[f"{at}{name}.weight"], tensors[f"{at}{name}.bias"] = random(out, width), random(out)
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            tensors[f"{at}{name}.weight"], tensors[f"{at}{name}.bias"] = random(WIDTH, around=1.0), random(WIDTH)
    return Bert(tensors, layers=2, heads=HEADS, epsilon=1e-12)


def computed(model: Bert, ids: list[int]) -> NDArray[np.float64]:
    """The definition of BERT in plain NumPy, mean pooling, length 1."""
    of = {name: value.astype(np.float64) for name, value in model.tensors.items()}

    def normed(state: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        centred = state - state.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + model.epsilon)
        return centred / spread * of[f"{name}.weight"] + of[f"{name}.bias"]

    def linear(state: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        return state @ of[f"{name}.weight"].T + of[f"{name}.bias"]

    state = of["embeddings.word_embeddings.weight"][ids] + of["embeddings.position_embeddings.weight"][: len(ids)]
    state = normed(state + of["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for number in range(model.layers):
        at = f"encoder.layer.{number}."
        query, key, value = (
            linear(state, f"{at}attention.self.{name}").reshape(len(ids), HEADS, -1).transpose(1, 0, 2)
            for name in ("query", "key", "value")
        )
        attention = softmax(query @ key.transpose(0, 2, 1) / np.sqrt(WIDTH / HEADS), axis=-1)
        mixed = (attention @ value).transpose(1, 0, 2).reshape(len(ids), WIDTH)
        state = normed(state + linear(mixed, f"{at}attention.output.dense"), f"{at}attention.output.LayerNorm")
        wide = linear(state, f"{at}intermediate.dense")
        wide = wide * 0.5 * (1 + erf(wide / np.sqrt(2)))
        state = normed(state + linear(wide, f"{at}output.dense"), f"{at}output.LayerNorm")
    vector = state.mean(axis=0)
    return vector / np.linalg.norm(vector)


def written(folder: Path, model: Bert) -> built.Encoder:
    built.write(folder, recipes.Parts(model, tokenizer()), identity="small", prefix="")
    return built.Encoder(folder, tokens=16, threads=1)


def test_the_graph_computes_what_a_bert_computes(tmp_path: Path) -> None:
    encoder = written(tmp_path / "small", bert())
    vectors = encoder.encode(["ya pagué factura", "ya"])

    assert vectors.shape == (2, WIDTH)
    for vector, ids in zip(vectors, ([0, 4, 5, 7, 2], [0, 4, 2]), strict=True):
        assert float(vector @ computed(bert(), ids)) > 0.99  # eight bits


def test_a_vector_does_not_depend_on_its_neighbours(tmp_path: Path) -> None:
    encoder = written(tmp_path / "small", bert())

    alone = encoder.encode(["ya pagué"])[0]
    among = encoder.encode(["factura factura factura", "ya pagué", ""])[1]
    assert np.array_equal(alone, among)


def test_an_adapter_changes_the_encoder_as_its_matrices_say(tmp_path: Path) -> None:
    name = "encoder.layer.1.output.dense.weight"
    left, right = np.full((1, WIDE), 0.05, np.float32), np.full((WIDTH, 1), 0.5, np.float32)
    change = adapter.Adapter("small", {name: left}, {name: right})
    change.save(tmp_path / "adapter.npz")
    again = adapter.load(tmp_path / "adapter.npz")

    assert again is not None and again.digest() == change.digest()
    merged = again.merged(bert())
    assert np.allclose(merged.tensors[name] - bert().tensors[name], right @ left, atol=1e-3)
    with pytest.raises(EncoderError, match="no encaja"):
        adapter.Adapter("small", {"other": left}, {"other": right}).merged(bert())
    assert adapter.load(tmp_path / "none.npz") is None


def test_other_scripts_leave_the_vocabulary_and_latin_text_is_cut_as_before() -> None:
    from tokenizers import Tokenizer

    smaller, keep = vocabulary.latin(tokenizer())

    kept = [PIECES[place][0] for place in keep]
    assert "привет" not in kept and "日本" not in kept and "▁factura" in kept and "<mask>" in kept
    before, after = Tokenizer.from_str(tokenizer().decode()), Tokenizer.from_str(smaller.decode())
    text = "ya pagué factura a"
    assert after.encode(text).tokens == before.encode(text).tokens
    assert [int(keep[place]) for place in after.encode(text).ids] == before.encode(text).ids


def test_a_hugging_face_folder_is_an_encoder_too(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    folder = tmp_path / "hf"
    folder.mkdir()
    save_file({f"bert.{name}": value for name, value in bert().tensors.items()}, folder / "model.safetensors")
    (folder / "tokenizer.json").write_bytes(tokenizer())
    config = {"model_type": "bert", "num_hidden_layers": 2, "num_attention_heads": HEADS, "layer_norm_eps": 1e-12}
    (folder / "config.json").write_text(json.dumps(config))

    identity, parts = recipes.of_folder(folder)

    assert identity.startswith("folder-")
    assert isinstance(parts.model, Bert)
    assert np.array_equal(parts.model.tensors["embeddings.LayerNorm.bias"], bert().tensors["embeddings.LayerNorm.bias"])
    with pytest.raises(EncoderError, match=r"config\.json"):
        recipes.of_folder(tmp_path / "none")
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "gpt2"}))
    with pytest.raises(EncoderError, match="gpt2"):
        recipes.of_folder(folder)


def test_every_recipe_has_a_golden_vector() -> None:
    golden = json.loads((Path(building.__file__).with_name("golden.json")).read_text(encoding="utf-8"))

    assert set(golden["vectors"]) == set(recipes.RECIPES)
