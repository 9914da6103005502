from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
from pydantic import ValidationError

from astroclf.errors import UserError
from astroclf.settings import Settings, read_settings, sections

Config = Callable[..., dict[str, Any]]
SECTIONS = [
    each
    for each in (Settings, *vars(sections).values())
    if isinstance(each, type) and issubclass(each, sections.Section)
]


def refusal(config: Config, *overrides: str) -> str:
    with pytest.raises(UserError) as refused:
        read_settings(config(*overrides))
    return str(refused.value)


@pytest.mark.parametrize(
    ("override", "wanted"),
    [
        ("augment.shift_px=1000", "less than or equal to 100"),
        ("augment.noise=white", "'auto' or a number"),
        ("augment.noise=1000", "'auto' or less than or equal to 100"),
    ],
)
def test_views_of_the_sky_are_bounded(config: Config, override: str, wanted: str) -> None:
    sentence = refusal(config, "augment=sky", override)
    assert sentence == f"{override} does not fit: it should be {wanted}."


def test_every_group_is_read_by_the_class_that_its_name_chooses(config: Config) -> None:
    settings = read_settings(config("model=galaxy_cnn", "loss=focal", "augment=sky"))
    assert isinstance(settings.model, sections.GalaxyCnn)
    assert isinstance(settings.loss, sections.Focal)
    assert isinstance(settings.augment, sections.Sky)
    assert isinstance(settings.dataset, sections.Simulated)
    assert settings.model.widths == (64, 128, 256, 512)
    assert settings.loss.alpha == 0.25


def test_an_optimizer_that_is_not_ours_is_left_to_timm(config: Config) -> None:
    settings = read_settings(config("optimizer=timm", "optimizer.name=lion"))
    assert isinstance(settings.optimizer, sections.TimmOptimizer)
    assert settings.optimizer.name == "lion"


def test_settings_hold_exactly_what_was_composed(config: Config) -> None:
    plain = config("loss.class_weights=[1.0,2.0]", "model=mobilenet")
    read = read_settings(plain).model_dump(mode="json")
    del plain["resume"]
    assert read == plain


def test_every_path_has_its_home_directory(
    config: Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    paths = ("dataset.root", "dataset.cache", "model.weights", "evaluation.metadata")
    config_of_folder = (
        "dataset=image_folder",
        "evaluation.bin_columns=[r]",
        "evaluation.metadata_id=id",
    )
    settings = read_settings(config(*config_of_folder, *(f"{key}='~/x'" for key in paths)))
    assert isinstance(settings.dataset, sections.ImageFolder)
    found = (settings.dataset.root, settings.dataset.cache, settings.model.weights)
    assert {*found, settings.evaluation.metadata} == {str(tmp_path / "x")}
    table = read_settings(config("dataset=catalog", "dataset.table='~/t.csv'")).dataset
    assert isinstance(table, sections.Catalog)
    assert table.table == str(tmp_path / "t.csv")


def test_a_home_directory_that_is_unknown_is_one_sentence(config: Config) -> None:
    sentence = refusal(config, "dataset.cache='~nobody-of-that-name/x'")
    assert sentence == (
        "dataset.cache=~nobody-of-that-name/x does not fit: it should be a path without ~, "
        "since that home directory is unknown."
    )


def test_settings_cannot_be_changed(settings: Callable[..., Settings]) -> None:
    with pytest.raises(ValidationError):
        settings().trainer.epochs = 3


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
def test_a_value_that_will_not_do_is_one_sentence(
    config: Config, override: str, wanted: str
) -> None:
    assert refusal(config, override) == f"{override} does not fit: it should be {wanted}."


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("dataset.seeing_arcsec=[1]", "[1] does not fit: it should be a list of at least 2."),
        (
            "dataset.seeing_arcsec=[1,2,3]",
            "[1, 2, 3] does not fit: it should be a list of at most 2.",
        ),
        (
            "dataset.seeing_arcsec=[1,0]",
            "[1, 0] does not fit: it should be greater than or equal to 0.05 (in place 1).",
        ),
        (
            "loss.class_weights=[1,-1]",
            "[1, -1] does not fit: it should be 'none' or 'balanced' or greater than or equal to 0.000001 (in place 1).",
        ),
    ],
)
def test_what_is_wrong_in_a_list_is_named(config: Config, override: str, sentence: str) -> None:
    assert refusal(config, override) == f"{override.split('=')[0]}={sentence}"


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["~seed"], "seed is not set: conf/config.yaml must state it."),
        (["~augment"], "augment is not set: conf/config.yaml must state it."),
        (["~trainer.epochs"], "trainer.epochs is not set: conf/trainer/ must state it."),
        (
            ["+model.width=3"],
            "model.width=3 is not a setting of this model. Did you mean model.widths?",
        ),
        (["loss=ce", "+loss.gamma=2"], "loss.gamma=2 is not a setting of this loss."),
        (["loss.name=cee"], "loss.name=cee: choose one of bce, ce, focal, mse. Did you mean ce?"),
        (["augment.name=zzz"], "augment.name=zzz: choose one of dihedral, flips, none, sky."),
        (
            ["model.family=tim"],
            "model.family=tim: choose one of cnn, galaxy_cnn, timm. Did you mean timm?",
        ),
        (["dataset.name=[1]"], "dataset.name=[1]: choose one of catalog, image_folder, simulated."),
        (["loss.name={a:1}"], "loss.name={'a': 1}: choose one of bce, ce, focal, mse."),
        (["optimizer.name=null"], "optimizer.name=null: choose one of adam, adamw, sgd."),
    ],
)
def test_a_name_that_is_not_known_is_one_sentence(
    config: Config, overrides: list[str], sentence: str
) -> None:
    assert refusal(config, *overrides) == sentence


@pytest.mark.parametrize("override", ["+colour=1", "+colour.red=1"])
def test_a_group_that_is_not_known_names_those_there_are(config: Config, override: str) -> None:
    sentence = refusal(config, override)
    assert sentence.startswith("colour is not a group of settings; there are augment, dataset, ")
    assert "trainer" in sentence


def test_a_value_in_the_place_of_a_group_is_refused(config: Config) -> None:
    with pytest.raises(
        UserError, match=r"^loss='ce' is not a group of settings: choose loss=<name>"
    ):
        read_settings({**config(), "loss": "ce"})


def is_bounded(annotation: Any, constraints: Sequence[Any]) -> bool:
    """Whether every int and float of an annotation, at any depth, has an upper bound."""
    if annotation in (int, float):
        return any(hasattr(each, "le") or hasattr(each, "lt") for each in constraints)
    if get_origin(annotation) is Annotated:
        inner, *details = get_args(annotation)
        return is_bounded(inner, [each for one in details for each in getattr(one, "metadata", ())])
    if get_origin(annotation) is Literal:
        return True
    return all(is_bounded(inner, ()) for inner in get_args(annotation))


@pytest.mark.parametrize("section", SECTIONS)
def test_every_number_has_an_upper_bound(section: type[sections.Section]) -> None:
    fields = section.model_fields.items()
    unbounded = [name for name, field in fields if not is_bounded(field.annotation, field.metadata)]
    assert unbounded == []


@pytest.mark.parametrize(
    ("override", "section", "text"),
    [
        ("evaluation.positive_class=2", "evaluation", "2"),
        ("evaluation.positive_class=true", "evaluation", "True"),
        ("evaluation.positive_class=0.5", "evaluation", "0.5"),
        ("dataset.root=2020", "dataset", "2020"),
        ("dataset.cache=1", "dataset", "1"),
    ],
)
def test_names_that_look_like_numbers_are_texts(
    settings: Callable[..., Settings], override: str, section: str, text: str
) -> None:
    chosen = settings("dataset=image_folder", "dataset.root=x", override)
    key = override.partition("=")[0].partition(".")[2]
    assert getattr(getattr(chosen, section), key) == text


@pytest.mark.parametrize("model", ["cnn", "galaxy_cnn"])
def test_a_network_that_is_not_from_timm_takes_no_other_name(
    settings: Callable[..., Settings], model: str
) -> None:
    with pytest.raises(UserError, match=r"chosen by model=timm model\.name=resnet50"):
        settings(f"model={model}", "model.name=resnet50")
