"""One class for each group of conf/: the type, unit and range of every key.

Defaults stand in conf/ alone. A key that conf/ does not state, or that no class here names, is
refused when the settings are read.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from astroclf.files import user_path


def _expanded(text: str) -> str:
    try:
        return str(user_path(text))
    except ValueError as error:
        raise PydanticCustomError(
            "path", "Input should be {wanted}", {"wanted": str(error)}
        ) from error


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, (bool, int, float)) else value


def _named(name: str) -> AfterValidator:
    """Refuse any other name: it would name a network of timm, and train this one."""

    def check(text: str) -> str:
        if text != name:
            wanted = f"{name}; a network of timm is chosen by model=timm model.name={text}"
            raise PydanticCustomError("name", "Input should be {wanted}", {"wanted": wanted})
        return text

    return AfterValidator(check)


Text = Annotated[str, BeforeValidator(_as_text)]  # a name, which may look like a number
UserPath = Annotated[Text, AfterValidator(_expanded)]  # of a file or folder, ~ expanded

# Every number has an upper bound: beyond it a run would overflow, or never end.
Positive = Annotated[float, Field(gt=0, le=1e6)]
NonNegative = Annotated[float, Field(ge=0, le=1e6)]
LearningRate = Annotated[float, Field(gt=0, le=1e30)]  # float32 holds 3e38
Count = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]  # strict: true is not 1
Patience = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
Pixels = Annotated[int, Field(ge=1, le=100_000, strict=True)]
# Within these bounds and the pixel scales of `Simulated`, every simulated source has a finite flux.
Seeing = Annotated[float, Field(ge=0.05, le=20)]
SignalToNoise = Annotated[float, Field(ge=0.1, le=1e5)]
Bins = Annotated[int, Field(ge=1, le=1000, strict=True)]
Seed = Annotated[int, Field(ge=0, lt=2**63, strict=True)]  # what PyTorch and NumPy both take
Seeds = Annotated[tuple[Seed, ...], Field(min_length=1, max_length=10_000)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


# The names of all metrics: those of classes, and those of vote fractions.
LABEL_METRICS = (
    "loss",
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "mcc",
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier",
    "ece",
)
VOTE_METRICS = ("loss", "rmse", "r2")
# What a training costs, which a search may optimise too.
COSTS = ("parameters", "trained_parameters", "train_s", "images_per_s")


class Section(BaseModel):
    """A group of conf/, read-only once it has been checked."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False
    )


# --- task -----------------------------------------------------------------------------------------


class Train(Section):
    name: Literal["train"]


class CrossVal(Section):
    name: Literal["crossval"]


class Benchmark(Section):
    name: Literal["benchmark"]
    steps: Count  # timed steps a round
    rounds: Count  # rounds in which the bare step and the loop take turns


class Sync(Section):
    name: Literal["sync"]
    folders: Annotated[tuple[UserPath, ...], BeforeValidator(_listed), Field(min_length=1)]


# --- dataset --------------------------------------------------------------------------------------


class Dataset(Section):
    """What every source of images is asked; `name` is the source."""

    name: str
    image_px: Pixels | None
    cache: UserPath
    val_fraction: Fraction
    test_fraction: Fraction
    split_seed: Seed


class Simulated(Dataset):
    name: Literal["simulated"]
    target: Literal["star_galaxy", "morphology", "votes"]
    n_images: Annotated[int, Field(ge=1, le=100_000_000, strict=True)]
    seed: Seed
    image_px: Annotated[int, Field(ge=1, le=4096, strict=True)]
    pixel_scale_arcsec: Annotated[float, Field(ge=0.01, le=2)]
    seeing_arcsec: tuple[Seeing, Seeing]  # full width at half maximum
    signal_to_noise: tuple[SignalToNoise, SignalToNoise]


class Files(Dataset):
    """Images that lie in files."""

    crop_px: Pixels | None
    channels: Literal["auto", 1, 3]
    stretch: Literal["linear", "asinh", "srgb"]
    pixel_scale_arcsec: Positive | None
    max_megapixels: Annotated[float, Field(gt=0, le=175)]  # Pillow refuses more than 178
    on_bad_image: Literal["stop", "skip"]


class ImageFolder(Files):
    name: Literal["image_folder"]
    root: UserPath | None


class Catalog(Files):
    name: Literal["catalog"]
    table: UserPath | None
    image_root: UserPath | None
    image_column: Text
    label_column: Text | None
    vote_columns: tuple[Text, ...] | None
    split_column: Text | None
    id_column: Text | None
    group_column: Text | None
    ra_column: Text | None
    dec_column: Text | None
    neighbour_arcsec: Annotated[float, Field(gt=0, le=648_000)] | None  # half the sky


# --- model, loss, optimizer, scheduler, finetune --------------------------------------------------


class Model(Section):
    """What every model is asked; `name` is the network, `family` says who builds it."""

    name: str
    hidden_units: tuple[Count, ...]
    dropout: Fraction
    weights: UserPath | None


class Cnn(Model):
    family: Literal["cnn"]
    name: Annotated[str, _named("cnn")]
    pretrained: Literal[False]
    widths: Annotated[tuple[Count, ...], Field(min_length=1)]
    pool: Literal["flatten", "average"]


class GalaxyCnn(Model):
    family: Literal["galaxy_cnn"]
    name: Annotated[str, _named("galaxy_cnn")]
    pretrained: Literal[False]
    widths: Annotated[tuple[Count, ...], Field(min_length=4, max_length=4)]


class Timm(Model):
    family: Literal["timm"]
    pretrained: Literal["auto"] | bool
    features: Literal["last", "stages"]
    drop_path: Fraction


Weight = Annotated[float, Field(ge=1e-6, le=1e6)]  # their ratios stay within float32
Weights = Annotated[tuple[Weight, ...], Field(min_length=1)]
ClassWeights = Literal["none", "balanced"] | Weights


class Ce(Section):
    name: Literal["ce"]
    label_smoothing: Fraction
    class_weights: ClassWeights


class Bce(Section):
    name: Literal["bce"]
    label_smoothing: Fraction
    class_weights: ClassWeights


class Focal(Section):
    name: Literal["focal"]
    form: Literal["sigmoid", "softmax"]
    gamma: Annotated[float, Field(ge=0, le=100)]
    alpha: Annotated[float, Field(gt=0, lt=1)] | Weights | None
    class_weights: ClassWeights


class Mse(Section):
    name: Literal["mse"]
    class_weights: ClassWeights


class Optimizer(Section):
    name: str
    lr: LearningRate
    weight_decay: NonNegative


class Sgd(Optimizer):
    name: Literal["sgd"]
    momentum: Fraction
    nesterov: bool


class Adam(Optimizer):
    name: Literal["adam", "adamw"]
    betas: tuple[Fraction, Fraction]


class TimmOptimizer(Optimizer):
    options: dict[str, Any]  # further arguments of that optimizer


class Constant(Section):
    name: Literal["none"]


class Cosine(Section):
    name: Literal["cosine"]
    warmup_epochs: NonNegative
    final_factor: Annotated[float, Field(ge=0, le=1)]


class OneCycle(Section):
    name: Literal["onecycle"]
    rise_share: Annotated[float, Field(gt=0, lt=1)]
    initial_factor: Annotated[float, Field(gt=0, le=1)]
    final_factor: Annotated[float, Field(ge=0, le=1)]


class Step(Section):
    name: Literal["step"]
    every_epochs: Count
    factor: Annotated[float, Field(gt=0, lt=1)]


class Plateau(Section):
    name: Literal["plateau"]
    patience: Patience
    factor: Annotated[float, Field(gt=0, lt=1)]


class Full(Section):
    name: Literal["full"]
    head_lr: LearningRate | None
    layer_decay: Annotated[float, Field(gt=0, le=1)]
    unfreeze_epochs: Count | None


class HeadOnly(Section):
    name: Literal["classifier"]
    cache_features: bool


class Lora(Section):
    name: Literal["lora"]
    rank: Count
    alpha: Positive
    dropout: Fraction
    layers: Annotated[tuple[str, ...], Field(min_length=1)] | None
    train_norms: bool
    train_biases: bool
    head_lr: LearningRate | None


Finetune = Full | HeadOnly | Lora


# --- augment, trainer, evaluation, tracking -------------------------------------------------------


class Augment(Section):
    name: Literal["none", "flips", "dihedral"]


class Sky(Section):
    name: Literal["sky"]
    rotation: bool
    shift_px: Annotated[float, Field(ge=0, le=100)]
    brightness: Fraction
    noise: Literal["auto"] | Annotated[float, Field(ge=0, le=100)]


class Trainer(Section):
    device: Text
    epochs: Count
    batch_size: Count
    accumulate: Count
    precision: Literal["auto", "fp32", "tf32", "bf16", "fp16"]
    channels_last: Literal["auto"] | bool
    threads: Literal["auto"] | Annotated[int, Field(ge=1, le=1024, strict=True)]
    clip_norm: Positive | None
    ema_decay: Annotated[float, Field(gt=0, lt=1)] | None
    monitor: Text
    patience: Count | None
    min_gain: NonNegative
    max_steps: Annotated[int, Field(ge=1, le=10**12, strict=True)] | None
    resident_share: Annotated[float, Field(ge=0, le=1)]


class Evaluation(Section):
    temperature: bool
    threshold: Text
    logit_adjustment: Annotated[float, Field(ge=0, le=10)]
    views: Literal[1, 8]
    bootstrap: Annotated[int, Field(ge=0, le=100_000, strict=True)]
    calibration_bins: Bins
    positive_class: Text | None
    catalog: UserPath | None
    catalog_id: Text | None
    bin_columns: tuple[Text, ...]
    bins: Bins


class Untracked(Section):
    name: Literal["none"]


class Mlflow(Section):
    name: Literal["mlflow"]
    uri: str | None
    experiment: Text | None
    run_name: Text | None


# --- search ---------------------------------------------------------------------------------------


class Search(Section):
    """What a sweep with Optuna searches."""

    params: dict[str, Any]  # key -> its values, as in hydra.sweeper.params
    where: dict[str, dict[str, Any]]  # <key>=<value> -> params that count only there
    objective: str | Annotated[tuple[str, ...], Field(min_length=1)] | None
    objective_epoch: Literal["best", "last", "mean"]
    replicates: Annotated[int, Field(ge=0, le=1000, strict=True)]
