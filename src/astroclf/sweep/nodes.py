"""Nodes of `hydra/sweeper/sampler=...` and `hydra/sweeper/pruner=...`: a target and its arguments.

Hydra imports this at every start, so it imports nothing itself. Any argument may be overridden, for
example `hydra.sweeper.sampler.n_startup_trials=20`, and so may `_target_`.
"""

from __future__ import annotations

from typing import Any, Literal

# In the environment of a job: its study, and the number of its trial.
STUDY_VARIABLE, TRIAL_VARIABLE = "ASTROCLF_STUDY", "ASTROCLF_TRIAL"

SAMPLERS: dict[str, dict[str, Any]] = {
    "tpe": {  # tree-structured Parzen estimator: a good default for any space
        "_target_": "optuna.samplers.TPESampler",
        "n_startup_trials": 8,  # random trials before the first model
        "n_ei_candidates": 24,  # candidates of which the most promising is chosen
        "multivariate": True,  # model dimensions jointly, not one by one
        "group": True,  # one model for each set of dimensions that occur together (conditional spaces)
        "constant_liar": True,  # running trials count as poor, so that parallel ones differ
        "seed": 0,
    },
    "random": {  # every trial independent of all others
        "_target_": "optuna.samplers.RandomSampler",
        "seed": 0,
    },
    "cmaes": {  # evolves a covariance matrix: many trials of a few numbers; choices are drawn at random
        "_target_": "optuna.samplers.CmaEsSampler",
        "n_startup_trials": 1,  # random trials before the first model
        "popsize": None,  # trials a generation; null = 4 + 3 ln(dimensions)
        "with_margin": False,  # keep the variance of integers from collapsing
        "use_separable_cma": False,  # a diagonal covariance, for many dimensions
        "lr_adapt": False,  # adapt the learning rate, for noisy or rugged objectives
        "consider_pruned_trials": False,  # use the last value of pruned trials too
        "warn_independent_sampling": False,
        "seed": 0,
    },
    "grid": {  # every combination of ranges and choices, once
        "_target_": "optuna.samplers.GridSampler",
        "seed": 0,  # of the order; one study keeps one
    },
    "qmc": {  # a low-discrepancy sequence: covers a space more evenly than random
        "_target_": "optuna.samplers.QMCSampler",
        "qmc_type": "sobol",  # sobol | halton
        "scramble": True,  # randomize the sequence
        "warn_independent_sampling": False,
        "seed": 0,  # of the sequence; one study keeps one
    },
    "nsgaii": {  # a genetic algorithm, for several objectives and many trials
        "_target_": "optuna.samplers.NSGAIISampler",
        "population_size": 20,  # trials a generation
        "mutation_prob": None,  # of each dimension; null = 1 / dimensions
        "crossover_prob": 0.9,  # that a child has two parents
        "swapping_prob": 0.5,  # that a dimension comes from the second parent
        "seed": 0,
    },
    "gp": {  # Gaussian process: for few and expensive trials; slower
        "_target_": "optuna.samplers.GPSampler",
        "n_startup_trials": 8,  # random trials before the first model
        "deterministic_objective": False,  # the same settings always give the same value
        "warn_independent_sampling": False,
        "seed": 0,
    },
}

_MEDIAN: dict[str, Any] = {
    "n_startup_trials": 5,  # complete trials before the first is pruned
    "n_warmup_steps": 2,  # epochs of each trial before it may be pruned
    "interval_steps": 1,  # epochs between two checks
    "n_min_trials": 1,  # trials that must have reached the same epoch
}

PRUNERS: dict[str, dict[str, Any]] = {
    "none": {"_target_": "optuna.pruners.NopPruner"},  # no pruning
    "median": {  # ends a trial whose best value is worse than the median at the same epoch
        "_target_": "optuna.pruners.MedianPruner",
        **_MEDIAN,
    },
    "percentile": {  # ends a trial outside the best share at the same epoch
        "_target_": "optuna.pruners.PercentilePruner",
        "percentile": 25.0,  # percent that continue
        **_MEDIAN,
    },
    "patient": {  # the median pruner, for trials that have also become worse
        "_target_": "astroclf.sweep.pruners.patient_median_pruner",
        "patience": 3,  # consecutive epochs without improvement
        "min_delta": 0.0,  # smallest improvement, in units of the metric
        **_MEDIAN,
    },
    "successive_halving": {  # only the best share is promoted to the next, longer rung
        "_target_": "optuna.pruners.SuccessiveHalvingPruner",
        "min_resource": 1,  # epochs of the first rung
        "reduction_factor": 3,  # one in so many is promoted, to so many times the epochs
        "min_early_stopping_rate": 0,  # rungs skipped at the start
        "bootstrap_count": 0,  # trials that must reach a rung before one is promoted
    },
    "hyperband": {  # several successive halvings that differ in how early they start
        "_target_": "optuna.pruners.HyperbandPruner",
        "min_resource": 1,  # epochs of the first rung
        "max_resource": "auto",  # epochs of a whole trial; auto = trainer.epochs, or the folds or seeds
        "reduction_factor": 3,  # one in so many is promoted, to so many times the epochs
        "bootstrap_count": 0,  # trials that must reach a rung before one is promoted
    },
    "wilcoxon": {  # signed-rank test against the best trial: for steps that are folds, not epochs
        "_target_": "optuna.pruners.WilcoxonPruner",
        "p_threshold": 0.1,  # end a trial when it is worse with this p-value
        "n_startup_steps": 2,  # steps of each trial before it may be pruned
    },
}

Kind = Literal["sampler", "pruner"]
NODES: dict[Kind, dict[str, dict[str, Any]]] = {"sampler": SAMPLERS, "pruner": PRUNERS}

SWEEPER: dict[str, Any] = {
    "_target_": "hydra_plugins.astroclf_sweeper.AstroclfSweeper",
    "_recursive_": False,  # the search makes the sampler and the pruner, once a trial
    "defaults": [{"sampler": "tpe"}, {"pruner": "median"}],
    "n_trials": 30,  # finished trials in all: complete and pruned ones, of earlier calls too
    "n_jobs": 1,  # trials at once, where hydra/launcher runs several
    # One folder name; the same name resumes.
    "study_name": "${study_name:${model.name},${finetune.name},${dataset.name}}",
    "storage": None,  # null = a journal in the sweep's folder; else any storage URL of Optuna
    "direction": None,  # null = the better one of each objective; else maximize, minimize, or a list
    "max_failure_rate": 0.3,  # stop once more than this share of n_trials has failed
    "params": "${oc.select:search.params,null}",  # key -> its values
    "where": "${oc.select:search.where,null}",  # <key>=<value> -> params that count only there
}
