"""Migrations of files of a run folder from one schema version to the next."""

from __future__ import annotations

from typing import Any

from astroclf.setting_names import RENAMED_KEYS

# Settings that former versions lacked, with the values that leave a run as it was.
ADDED_SETTINGS: dict[str, dict[str, Any]] = {
    "debug": {"name": "none"},
    "search": {"keep_models": 3},
    "trainer": {
        "sampler": "shuffle",
        "sampler_strength": 1.0,
        "sampler_epoch": "same",
        "mixup": 0.0,
        "cutmix": 0.0,
        "mixup_prob": 1.0,
        "mixup_switch_prob": 0.5,
    },
    "model": {"features_columns": []},
    "flux": {"name": "asinh", "softening": 1.0, "scale": "auto"},
    "dataset": {"near_duplicates": False, "on_leak": "warn"},
    "evaluation": {"report": True, "conformal": None},
}
# Likewise of a group that only some tasks have.
ADDED_IF_PRESENT: dict[str, dict[str, Any]] = {
    "predict": dict.fromkeys(("image_columns", "pattern", "frames", "ra_column", "dec_column")),
}
FILES: dict[str, Any] = {
    **{"bands": None, "missing_band": "refuse", "rgb_bands": "auto", "hdu": None, "sky": "none"},
    **{"crop": "center", "roi_threshold": 10.0, "roi_margin": 0.2, "roi_method": "threshold"},
}
PLACES: dict[str, Any] = {
    **dict.fromkeys(("x_column", "y_column", "size_column")),
    **{"xy_origin": 1, "size_factor": 1.0},
}
# Likewise of one option of a group.
ADDED_BY_OPTION: dict[tuple[str, str], dict[str, Any]] = {
    ("dataset", "simulated"): {"rgb": False},
    ("loss", "mse"): {"head": "auto"},
    ("dataset", "catalog"): {
        "vote_schema": None,
        "vote_tolerance": 0.01,
        "soft_label_columns": None,
        "annotator_columns": None,
        "annotators": "fractions",
        "weight_column": None,
        "features_columns": [],
        **FILES,
        **PLACES,
        "image_columns": None,
    },
    ("tracking", "mlflow"): {"log_model": False, "register": None, "system_metrics": False},
    ("dataset", "image_folder"): {**FILES, "pattern": None},
}


def migrate_metrics_1(content: dict[str, Any]) -> dict[str, Any]:
    """Give the mean over several trainings the name `value`, and the selection metric its name."""
    migrated = {
        part: {name: _with_value(entry) for name, entry in entries.items()}
        if isinstance(entries, dict) and part != "run"
        else entries
        for part, entries in content.items()
    }
    run = content.get("run")
    if isinstance(run, dict) and "chosen_on" in run:
        migrated["run"] = {_new_name(key): value for key, value in run.items()}
    return migrated


def migrate_metrics_2(content: dict[str, Any]) -> dict[str, Any]:
    """Version 3 may have prediction sets and risk-coverage curves."""
    return content


def _with_value(entry: Any) -> Any:
    if not isinstance(entry, dict) or "mean" not in entry:
        return entry
    return {"value" if key == "mean" else key: value for key, value in entry.items()}


def _new_name(key: str) -> str:
    return "selection_metric" if key == "chosen_on" else key


def migrate_manifest_3(content: dict[str, Any]) -> dict[str, Any]:
    """State the number of epochs beside what was measured; keep the settings, under their new names."""
    config = migrate_config(content["config"])
    epochs = config["trainer"]["epochs"]
    return {"epochs": epochs, "measured": content["figures"], "config": config}


def migrate_config(config: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a former version with the names and the keys of this one."""
    migrated = {
        group: {RENAMED_KEYS.get(f"{group}.{key}", key): value for key, value in values.items()}
        if isinstance(values, dict)
        else values
        for group, values in config.items()
        if group != "resume"
    }
    added = {
        group: {**values, **migrated.get(group, {})} for group, values in ADDED_SETTINGS.items()
    }
    for group, values in ADDED_IF_PRESENT.items():
        if isinstance(stored := migrated.get(group), dict):
            added[group] = {**values, **stored}
    for (group, name), values in ADDED_BY_OPTION.items():
        if isinstance(stored := migrated.get(group), dict) and stored.get("name") == name:
            added[group] = {**values, **added.get(group, stored)}
    return {**migrated, **added}


def migrate_checkpoint_6(content: dict[str, Any]) -> dict[str, Any]:
    """Rename the parts of the state; keep the settings, under their new names."""
    learner = dict(content["learner"])
    average = learner.pop("average")
    ema = average and {"steps": average["steps"], "weights": _rename_weights(average["average"])}
    progress = dict(content["progress"])
    progress["epoch_step"], progress["global_step"] = progress.pop("step"), progress.pop("steps")
    return {
        **{key: value for key, value in content.items() if key != "numerics"},
        "config": migrate_config(content["config"]),
        "precision": {
            "name": content["numerics"]["precision"],
            "channels_last": content["numerics"]["channels_last"],
        },
        "learner": {**learner, "network": _rename_weights(learner["network"]), "ema": ema},
        "best": _rename_weights(content["best"]),
        "progress": progress,
    }


def _rename_weights(weights: dict[str, Any]) -> dict[str, Any]:
    """Give the matrices of adapters their names."""
    return {
        name.replace(".down.", ".lora_A.").replace(".up.", ".lora_B."): weight
        for name, weight in weights.items()
    }
