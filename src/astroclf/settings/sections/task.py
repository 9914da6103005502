"""Tasks: training and its repetitions, uses of trained models, and sending runs to MLflow."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from astroclf.settings.sections.section import Count, CustomSection, Section, UserPath, listed


class TaskSection(Section):
    """Settings of a task.

    trains: whether it trains a network from the settings. model: whether it uses the trained model
    of `model_from`.
    """

    trains: ClassVar[bool] = True
    model: ClassVar[Literal["required", "optional", "unused"]] = "unused"

    name: str


class Train(TaskSection):
    name: Literal["train"]


class CrossVal(TaskSection):
    name: Literal["crossval"]


class Benchmark(TaskSection):
    name: Literal["benchmark"]
    steps: Count  # timed steps a round
    rounds: Count  # rounds in which the bare step and the loop take turns


class Evaluate(TaskSection):
    trains = False
    model = "required"

    name: Literal["evaluate"]


class Predict(TaskSection):
    trains = False
    model = "required"

    name: Literal["predict"]


class Inspect(TaskSection):
    trains = False
    model = "optional"

    name: Literal["inspect"]


class Compare(TaskSection):
    trains = False

    name: Literal["compare"]


class Export(TaskSection):
    trains = False
    model = "required"

    name: Literal["export"]


class Prepare(TaskSection):
    trains = False

    name: Literal["prepare"]


class Sync(TaskSection):
    trains = False

    name: Literal["sync"]
    folders: Annotated[tuple[UserPath, ...], BeforeValidator(listed), Field(min_length=1)]


class CustomTask(TaskSection, CustomSection):
    model = "optional"
    positional = 1  # the Run

    name: Literal["custom"]


Task = Annotated[
    Train
    | Evaluate
    | Predict
    | Inspect
    | Compare
    | Export
    | CrossVal
    | Benchmark
    | Prepare
    | Sync
    | CustomTask,
    Field(discriminator="name"),
]
