"""A new model goes into use only when it is not worse; the former one comes back with one order."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from classifiers.disputes import operating, store, versions
from classifiers.disputes.opinion import Model

GOOD = {"count": 800, "accuracy": 0.9, "macro_f1": 0.9, "log_loss": 0.3, "ece": 0.01}


@cache
def shipped() -> Model:
    return store.load(operating.SHIPPED)


def model(name: str, way: str = "vectors", **figures: float) -> Model:
    """A model whose figures on the check set are good but for these."""
    return replace(shipped(), version=name, about={"mails": 10, "check": {way: GOOD | figures}})


def trained(own: Path, made: Model) -> Path:
    """A folder as training leaves it."""
    folder = versions.staging(own)
    (folder / "model.json").write_text(made.version, encoding="utf-8")
    return folder


def admitted(own: Path, made: Model, in_use: Model) -> versions.Entry:
    return versions.admit(own, trained(own, made), made, in_use)


def used(own: Path) -> str:
    folder = versions.current(own)
    return (folder / "model.json").read_text(encoding="utf-8") if folder is not None else "shipped"


def test_a_model_that_is_as_good_goes_into_use_and_the_former_comes_back(tmp_path: Path) -> None:
    first, second = model("first", macro_f1=0.91), model("second", macro_f1=0.905, log_loss=0.31)
    assert used(tmp_path) == "shipped"

    assert not admitted(tmp_path, first, model("shipped")).refused
    assert used(tmp_path) == "first"
    assert not admitted(tmp_path, second, first).refused  # a little less is what other folds alone change
    assert used(tmp_path) == "second"

    assert versions.roll_back(tmp_path) == "first"
    assert used(tmp_path) == "first"
    assert versions.roll_back(tmp_path) == versions.SHIPPED
    assert used(tmp_path) == "shipped"
    with pytest.raises(versions.VersionError, match="anterior"):
        versions.roll_back(tmp_path)
    assert [entry.version for entry in versions.read(tmp_path).kept] == ["first", "second"]


@pytest.mark.parametrize(
    ("worse", "said"),
    [({"macro_f1": 0.88}, "acierta menos"), ({"log_loss": 0.35}, "probabilidades"), ({"ece": 0.04}, "confianza")],
)
def test_a_worse_model_is_kept_but_not_used(tmp_path: Path, worse: dict[str, float], said: str) -> None:
    found = admitted(tmp_path, model("bad", "vectors", **worse), model("shipped"))

    assert len(found.refused) == 1 and said in found.refused[0]
    assert used(tmp_path) == "shipped"
    assert (versions.folder_of(tmp_path, "bad") / "model.json").is_file()
    assert versions.read(tmp_path).kept == (found,)


def test_a_model_without_vectors_does_not_replace_one_with_them(tmp_path: Path) -> None:
    found = admitted(tmp_path, model("plain", "plain", macro_f1=0.99), model("shipped"))

    assert "codificador" in found.refused[0]
    assert used(tmp_path) == "shipped"


def test_the_same_model_again_changes_nothing(tmp_path: Path) -> None:
    made = model("same")
    admitted(tmp_path, made, model("shipped"))
    admitted(tmp_path, made, made)

    assert used(tmp_path) == "same"
    assert versions.read(tmp_path).before == (versions.SHIPPED,)


def test_only_the_last_models_are_kept_and_never_the_one_in_use_or_before_it_dropped(tmp_path: Path) -> None:
    admitted(tmp_path, model("used"), model("shipped"))
    for number in range(9):
        admitted(tmp_path, model(f"bad{number}", macro_f1=0.5), model("used"))

    names = [entry.version for entry in versions.read(tmp_path).kept]
    assert names[0] == "used" and names[-1] == "bad8" and len(names) <= 6
    assert {folder.name for folder in (tmp_path / "versions").iterdir()} == set(names)
    assert used(tmp_path) == "used"


def test_a_damaged_register_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "versions.json").write_text("{", encoding="utf-8")

    with pytest.raises(versions.VersionError) as caught:
        versions.read(tmp_path)
    assert "Bórrelo" in caught.value.remedy


def test_the_model_in_use_is_the_one_that_judges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operating, "own_folder", lambda: tmp_path)
    place = versions.staging(tmp_path)
    about: dict[str, Any] = {**shipped().about, "mails": 1}
    own = store.save(replace(shipped(), about=about), place)
    versions.admit(tmp_path, place, own, shipped())

    assert operating.bench().model.version == own.version != shipped().version
    assert [entry["model"] for entry in operating.kept() if entry["in_use"]] == [own.version]
    assert operating.roll_back()["model"] == shipped().version
    assert operating.bench().model.version == shipped().version


def test_a_model_of_other_rules_is_set_aside_and_the_shipped_one_judges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operating, "own_folder", lambda: tmp_path)
    place = versions.staging(tmp_path)
    with monkeypatch.context() as other:
        other.setattr(store, "rules_digest", lambda: "other")
        own = store.save(replace(shipped(), about={**shipped().about, "mails": 2}), place)
    versions.admit(tmp_path, place, own, shipped())

    assert operating.bench().model.version == shipped().version
    assert "reglas" in operating.state()["lost"]
    assert [entry["shipped"] for entry in operating.kept() if entry["in_use"]] == [True]
    with pytest.raises(store.ModelError, match="otras reglas"):
        store.load(versions.folder_of(tmp_path, own.version))
