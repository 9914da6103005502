"""Sections: one class for each group of conf/, with the type, unit and range of every key.

Defaults are in conf/ alone. A key that conf/ does not state, or that no class here has, is
refused when the settings are read.
"""

from astroclf.settings.sections.augment import Augment, CustomAugment, ExactViews, Sky
from astroclf.settings.sections.compare import CompareSection
from astroclf.settings.sections.dataset import (
    Catalog,
    CustomSource,
    Cutouts,
    Dataset,
    Files,
    GalaxyZoo,
    ImageFolder,
    LabelColumns,
    LabeledImages,
    LabeledTable,
    Mosaics,
    Simulated,
    TableLabels,
)
from astroclf.settings.sections.debug import Anomaly, Debug, NoDebug, Overfit, Profile
from astroclf.settings.sections.evaluate import EvaluateSection
from astroclf.settings.sections.evaluation import Evaluation
from astroclf.settings.sections.export import ExportSection
from astroclf.settings.sections.finetune import CustomStrategy, Finetune, Full, HeadOnly, Lora
from astroclf.settings.sections.flux import AsinhFlux, Flux, Luptitudes, ScaledFlux, ZscaleFlux
from astroclf.settings.sections.inspect import InspectSection
from astroclf.settings.sections.lookup import Lookup
from astroclf.settings.sections.loss import (
    Bce,
    Ce,
    CustomLoss,
    DirichletMultinomial,
    Focal,
    Loss,
    LossSection,
    Mse,
    Multinomial,
    VoteLikelihood,
)
from astroclf.settings.sections.model import Cnn, CustomModel, GalaxyCnn, Model, Timm
from astroclf.settings.sections.optimizer import (
    Adam,
    Constant,
    Cosine,
    OneCycle,
    Optimizer,
    Plateau,
    Scheduler,
    Sgd,
    Step,
    TimmOptimizer,
)
from astroclf.settings.sections.predict import PredictSection
from astroclf.settings.sections.search import Search
from astroclf.settings.sections.section import (
    REASON,
    REFUSAL,
    Count,
    ModelFrom,
    Section,
    Seed,
    Seeds,
)
from astroclf.settings.sections.task import (
    Benchmark,
    Compare,
    CrossVal,
    CustomTask,
    Evaluate,
    Export,
    Inspect,
    Predict,
    Sync,
    Task,
    TaskSection,
    Train,
)
from astroclf.settings.sections.tracking import Mlflow, Tracking, Untracked
from astroclf.settings.sections.trainer import Trainer
from astroclf.settings.sections.vote_schema import VoteCuts, VoteSchema, VoteValues

__all__ = [
    "REASON",
    "REFUSAL",
    "Adam",
    "Anomaly",
    "AsinhFlux",
    "Augment",
    "Bce",
    "Benchmark",
    "Catalog",
    "Ce",
    "Cnn",
    "Compare",
    "CompareSection",
    "Constant",
    "Cosine",
    "Count",
    "CrossVal",
    "CustomAugment",
    "CustomLoss",
    "CustomModel",
    "CustomSource",
    "CustomStrategy",
    "CustomTask",
    "Cutouts",
    "Dataset",
    "Debug",
    "DirichletMultinomial",
    "Evaluate",
    "EvaluateSection",
    "Evaluation",
    "ExactViews",
    "Export",
    "ExportSection",
    "Files",
    "Finetune",
    "Flux",
    "Focal",
    "Full",
    "GalaxyCnn",
    "GalaxyZoo",
    "HeadOnly",
    "ImageFolder",
    "Inspect",
    "InspectSection",
    "LabelColumns",
    "LabeledImages",
    "LabeledTable",
    "Lookup",
    "Lora",
    "Loss",
    "LossSection",
    "Luptitudes",
    "Mlflow",
    "Model",
    "ModelFrom",
    "Mosaics",
    "Mse",
    "Multinomial",
    "NoDebug",
    "OneCycle",
    "Optimizer",
    "Overfit",
    "Plateau",
    "Predict",
    "PredictSection",
    "Profile",
    "ScaledFlux",
    "Scheduler",
    "Search",
    "Section",
    "Seed",
    "Seeds",
    "Sgd",
    "Simulated",
    "Sky",
    "Step",
    "Sync",
    "TableLabels",
    "Task",
    "TaskSection",
    "Timm",
    "TimmOptimizer",
    "Tracking",
    "Train",
    "Trainer",
    "Untracked",
    "VoteCuts",
    "VoteLikelihood",
    "VoteSchema",
    "VoteValues",
    "ZscaleFlux",
]
