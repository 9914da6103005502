from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from astroclf.errors import UserError
from astroclf.settings import read_settings

Refusal = Callable[..., str]


@pytest.mark.parametrize(
    ("override", "wanted"),
    [
        ("augment.shift_px=1000", "less than or equal to 100"),
        ("augment.noise=white", "'auto' or a number"),
        ("augment.noise=1000", "'auto' or less than or equal to 100"),
    ],
)
def test_a_number_beyond_its_bounds_is_refused_with_the_bound(
    refusal: Refusal, override: str, wanted: str
) -> None:
    sentence = refusal("augment=sky", override)
    assert sentence == f"{override}: should be {wanted}."


def test_an_unknown_home_directory_is_refused(refusal: Refusal) -> None:
    sentence = refusal("dataset.cache='~nobody-of-that-name/x'")
    assert sentence == (
        "dataset.cache=~nobody-of-that-name/x: should be a path without ~, "
        "since that home directory is unknown."
    )


@pytest.mark.parametrize(
    ("override", "wanted"),
    [
        ("seed=abc", "a whole number"),
        ("seed=-1", "greater than or equal to 0"),
        ("seed=null", "a whole number"),
        ("seed=18446744073709551616", "less than 9223372036854775808"),
        ("seeds=3", "a list, such as [3]"),
        ("trainer.epochs=0", "greater than or equal to 1"),
        ("trainer.epochs=many", "a whole number"),
        ("trainer.epochs=1.5", "a whole number"),
        ("trainer.patience=True", "a whole number"),
        ("trainer.precision=fp8", "'auto', 'fp32', 'tf32', 'bf16' or 'fp16'"),
        ("trainer.device_cache_fraction=1.5", "less than or equal to 1"),
        ("trainer.grad_clip_norm=0", "greater than 0"),
        ("optimizer.lr=0", "greater than 0"),
        ("optimizer.lr=inf", "a finite number"),
        ("optimizer.lr=nan", "a finite number"),
        ("finetune.head_lr=1e+300", "less than or equal to 1e30"),
        ("evaluation.calibration_bins=1000000", "less than or equal to 1000"),
        ("evaluation.bootstrap_resamples=1000000000", "less than or equal to 100000"),
        ("dataset.pixel_scale_arcsec=10", "less than or equal to 2"),
        ("dataset.image_px=1000000", "less than or equal to 4096"),
        ("dataset.image_px=null", "a whole number"),
        ("dataset.val_fraction=1", "less than 1"),
        ("model.widths=[]", "a list of at least 1"),
        ("model.pool=max", "'flatten' or 'average'"),
        ("loss.class_weights=often", "'none' or 'balanced' or a list"),
        ("evaluation.bin_columns=r", "a list, such as [r]"),
    ],
)
def test_a_wrong_value_is_refused_with_the_expected_values(
    refusal: Refusal, override: str, wanted: str
) -> None:
    assert refusal(override) == f"{override}: should be {wanted}."


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("dataset.seeing_arcsec=[1]", "[1]: should be a list of at least 2."),
        (
            "dataset.seeing_arcsec=[1,2,3]",
            "[1, 2, 3]: should be a list of at most 2.",
        ),
        (
            "dataset.seeing_arcsec=[1,0]",
            "[1, 0]: should be greater than or equal to 0.05 (in place 1).",
        ),
        (
            "loss.class_weights=[1,-1]",
            "[1, -1]: should be 'none' or 'balanced' or greater than or equal to 0.000001 (in place 1).",
        ),
    ],
)
def test_a_wrong_item_of_a_list_is_refused_with_its_position(
    refusal: Refusal, override: str, sentence: str
) -> None:
    assert refusal(override) == f"{override.split('=')[0]}={sentence}"


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["~seed"], "seed is not set. State it in conf/config.yaml."),
        (["~augment"], "augment is not set. State it in conf/config.yaml."),
        (["~trainer.epochs"], "trainer.epochs is not set. State it in conf/trainer/."),
        (
            ["+model.width=3"],
            "model.width=3: not a setting of this model. Did you mean model.widths?",
        ),
        (["loss=ce", "+loss.gamma=2"], "loss.gamma=2: not a setting of this loss."),
        (
            ["loss.name=cee"],
            "loss.name=cee: unknown. Choose one of bce, ce, custom, dirichlet_multinomial, focal, mse, multinomial. Did you mean ce?",
        ),
        (
            ["augment.name=zzz"],
            "augment.name=zzz: unknown. Choose one of custom, dihedral, flips, none, sky.",
        ),
        (
            ["model.family=tim"],
            "model.family=tim: unknown. Choose one of cnn, custom, galaxy_cnn, timm. Did you mean timm?",
        ),
        (
            ["dataset.name=[1]"],
            "dataset.name=[1]: unknown. Choose one of catalog, custom, cutouts, galaxy_zoo, hdf5, hub, image_folder, parquet, sdss_frames, simulated.",
        ),
        (
            ["loss.name={a:1}"],
            "loss.name={'a': 1}: unknown. Choose one of bce, ce, custom, dirichlet_multinomial, focal, mse, multinomial.",
        ),
        (["optimizer.name=null"], "optimizer.name=null: unknown. Choose one of adam, adamw, sgd."),
    ],
)
def test_an_unknown_name_is_refused_with_a_hint(
    refusal: Refusal, overrides: list[str], sentence: str
) -> None:
    assert refusal(*overrides) == sentence


@pytest.mark.parametrize("override", ["+colour=1", "+colour.red=1"])
def test_an_unknown_group_is_refused_with_the_groups(refusal: Refusal, override: str) -> None:
    sentence = refusal(override)
    assert sentence.startswith(
        "colour is not a group of settings. Choose one of augment, compare, dataset, "
    )
    assert "trainer" in sentence


def test_a_value_instead_of_a_group_is_refused(config: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(UserError, match=r"^loss='ce': not a group of settings. Choose loss=<name>"):
        read_settings({**config(), "loss": "ce"})
