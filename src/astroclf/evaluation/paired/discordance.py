"""Images on which one of two models is right: exact McNemar test, and the interval of the difference."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from astroclf.evaluation.intervals import NORMAL_975


@dataclass(frozen=True)
class Discordance:
    """Numbers of images by whether each of two models labels them correctly."""

    both_right: int
    only_a: int
    only_b: int
    both_wrong: int

    @classmethod
    def of(cls, right_a: np.ndarray, right_b: np.ndarray) -> Discordance:
        """Count images; right_a, right_b: (N,) bool."""
        return cls(
            both_right=int(np.sum(right_a & right_b)),
            only_a=int(np.sum(right_a & ~right_b)),
            only_b=int(np.sum(~right_a & right_b)),
            both_wrong=int(np.sum(~right_a & ~right_b)),
        )

    @property
    def n(self) -> int:
        """Number of images."""
        return self.both_right + self.only_a + self.only_b + self.both_wrong

    def p_value(self) -> float:
        """Return the two-sided p-value of the exact McNemar test (McNemar 1947, Psychometrika 12, 153).

        Under equal accuracy, an image that only one model labels correctly is as likely one of A as one
        of B: a binomial test of `only_b` among both. It assumes independent images.
        """
        from scipy.stats import binomtest

        discordant = self.only_a + self.only_b
        return 1.0 if discordant == 0 else float(binomtest(self.only_b, discordant).pvalue)

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of the accuracy of B minus that of A, for independent images.

        The adjusted Wald interval of Bonett & Price (2012, J. Educ. Behav. Stat. 37, 479): one image is
        added to both discordant counts, so that it has a width where the models agree everywhere.
        """
        size = self.n + 2
        share_a, share_b = (self.only_a + 1) / size, (self.only_b + 1) / size
        difference = share_b - share_a
        half = NORMAL_975 * math.sqrt((share_a + share_b - difference**2) / size)
        return max(-1.0, difference - half), min(1.0, difference + half)
