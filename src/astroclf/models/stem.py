"""Adaptation of pretrained weights to another number of bands.

The bands of an image divide the range of the pretrained ones evenly, in their order, and each takes the
weights of the interval that it covers: `shares[c, k]` is the overlap of band c with pretrained band k.
Columns of the shares sum to 1, so the sum over the bands of a filter is preserved: an image that is the
same in all bands gives the same response for any number of them. Gray sums red, green and blue; five
bands take 3/5 of red, 2/5 of red and 1/5 of green, 3/5 of green, and so on. timm repeats whole colors
instead, which preserves the sum of no filter unless the number of bands is 1 or a multiple of 3.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


def band_shares(channels: int, known: int) -> Tensor:
    """Return the shares (channels, known) float64 of the pretrained bands in each band."""
    edges = torch.arange(channels + 1, dtype=torch.float64) * known / channels
    starts = torch.arange(known, dtype=torch.float64)
    upper = torch.minimum(edges[1:, None], starts + 1)
    lower = torch.maximum(edges[:-1, None], starts)
    return (upper - lower).clamp(min=0)


def adapt_stem(weight: Tensor, channels: int, known: int) -> Tensor:
    """Return a convolution (O, g known, h, w) of pretrained bands as (O, g channels, h, w).

    g: positions that the network has moved into the axis of bands, which is the inner one (space to
    depth); 1 for most networks.
    """
    outputs, inputs, *kernel = weight.shape
    grouped = weight.reshape(outputs, inputs // known, known, *kernel)
    adapted = torch.einsum("ck,ogkhw->ogchw", band_shares(channels, known).to(weight), grouped)
    return adapted.reshape(outputs, -1, *kernel)


def adapt_stems(
    found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], channels: int
) -> tuple[dict[str, Tensor], bool]:
    """Return the found weights with every convolution of the input for so many bands, and whether any was adapted.

    They are the first convolution, and others with as many inputs, if it differs from the wanted one in
    their number alone.
    """
    first = next((name for name in wanted if wanted[name].ndim == found[name].ndim == 4), None)
    if first is None:
        return dict(found), False
    ours, theirs = wanted[first].shape[1], found[first].shape[1]
    positions, rest = divmod(ours, channels)
    if ours == theirs or positions == 0 or rest or theirs % positions:
        return dict(found), False
    known = theirs // positions

    def adapted(name: str) -> Tensor:
        mine, other = wanted[name], found[name]
        is_stem = mine.ndim == other.ndim == 4 and (mine.shape[1], other.shape[1]) == (ours, theirs)
        return adapt_stem(other, channels, known) if is_stem else other

    return {name: adapted(name) for name in wanted}, True


def adapt_statistics(statistics: tuple[float, ...], channels: int) -> tuple[float, ...]:
    """Return the mean statistic of the pretrained bands that each of so many bands covers."""
    shares = band_shares(channels, len(statistics))
    means = shares @ torch.tensor(statistics, dtype=torch.float64) / shares.sum(dim=1)
    return tuple(means.tolist())
