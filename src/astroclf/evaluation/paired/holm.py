"""Holm's correction of the p-values of several tests."""

from __future__ import annotations

import numpy as np


def holm_adjusted(p_values: np.ndarray) -> np.ndarray:
    """Return (T,) p-values adjusted by the step-down procedure of Holm (1979, Scand. J. Statist. 6, 65).

    If every test with an adjusted p-value of at most alpha is called significant, the probability of one
    false positive or more among all T tests is at most alpha, however the tests depend on each other.
    """
    order = np.argsort(p_values, kind="stable")
    raised = p_values[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(raised))
    return adjusted
