"""Table of the distribution of the weights of each layer, with the number of large ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LARGE_SIGMA = 5.0  # a weight is large beyond this many standard deviations of its layer
SPAN_SIGMA = 10.0  # the histogram ends here; its outermost bars hold all beyond
N_BARS = 80  # a quarter of a standard deviation each
WIDTH_PX, HEIGHT_PX = 320, 26


@dataclass(frozen=True)
class LayerWeights:
    """One row of the table.

    histogram: inline SVG; heights are logarithmic, bars of large weights have the class `large`.
    largest: the largest |w|, in standard deviations of the layer (0 if all weights are equal).
    """

    layer: str
    n: int
    sigma: float
    n_large: int
    largest: float
    histogram: str


def layer_weights(layer: str, weights: np.ndarray) -> LayerWeights:
    """Return the row of a layer; weights: (n,) float, n >= 1. Large means |w| > 5 standard deviations of the layer."""
    weights = weights.astype(np.float64)
    sigma = float(weights.std())
    # Equal weights may differ from their mean by a rounding error, which is no spread.
    spread = sigma > 1e-12 * np.abs(weights).max()
    scaled = weights / sigma if spread else np.zeros_like(weights)
    return LayerWeights(
        layer=layer,
        n=len(weights),
        sigma=sigma,
        n_large=int(np.sum(np.abs(scaled) > LARGE_SIGMA)),
        largest=float(np.abs(scaled).max()),
        histogram=_histogram(scaled),
    )


def _histogram(scaled: np.ndarray) -> str:
    edges = np.linspace(-SPAN_SIGMA, SPAN_SIGMA, N_BARS + 1)
    inside = np.clip(scaled, -SPAN_SIGMA, SPAN_SIGMA)
    counts = np.histogram(inside, edges)[0]
    heights = np.log1p(counts) / np.log1p(counts.max()) * HEIGHT_PX
    is_large = (edges[:-1] >= LARGE_SIGMA) | (edges[1:] <= -LARGE_SIGMA)
    paths = [
        f'<path class="{name}" d="{_bars(heights * chosen)}"/>'
        for name, chosen in (("usual", ~is_large), ("large", is_large))
    ]
    limits = "".join(
        f'<line x1="{x:g}" x2="{x:g}" y1="0" y2="{HEIGHT_PX}"/>'
        for x in (
            WIDTH_PX / 2 + side * LARGE_SIGMA * WIDTH_PX / (2 * SPAN_SIGMA) for side in (-1, 1)
        )
    )
    return (
        f'<svg class="weights" viewBox="0 0 {WIDTH_PX} {HEIGHT_PX}" width="{WIDTH_PX}" '
        f'height="{HEIGHT_PX}" aria-hidden="true">{"".join(paths)}{limits}</svg>'
    )


def _bars(heights: np.ndarray) -> str:
    step = WIDTH_PX / N_BARS
    return "".join(
        f"M{index * step:g} {HEIGHT_PX}v-{height:.1f}h{step - 0.5:g}v{height:.1f}z"
        for index, height in enumerate(heights)
        if height > 0
    )
