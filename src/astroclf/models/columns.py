"""Catalog columns beside the image: imputed, standardized, and joined to the features before the head."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class ColumnStatistics(NamedTuple):
    """Statistics of F columns over the training images, (F,) each.

    median: replaces missing values. mean, std: of the values that are not missing. is_missing: whether some
    are, so that the network can learn from an indicator.
    """

    median: Tensor
    mean: Tensor
    std: Tensor
    is_missing: Tensor


class ColumnEncoder(nn.Module):
    """Standardized columns and indicators of missing values: (B, F) with NaN to (B, 2F).

    The statistics are buffers, so that every copy of the weights has them.
    """

    median: Tensor
    mean: Tensor
    std: Tensor
    is_missing: Tensor

    def __init__(self, n_columns: int) -> None:
        super().__init__()
        for name, value in {"median": 0.0, "mean": 0.0, "std": 1.0, "is_missing": 0.0}.items():
            self.register_buffer(name, torch.full((n_columns,), value))

    def load_statistics(self, statistics: ColumnStatistics) -> None:
        """Take the statistics of the training images."""
        for name, values in statistics._asdict().items():
            self.get_buffer(name).copy_(values)

    def forward(self, columns: Tensor) -> Tensor:
        missing = columns.isnan()
        values = torch.where(missing, self.median, columns)
        # An indicator that was 0 in every training image would have an untrained weight.
        indicators = missing.to(columns.dtype) * self.is_missing
        return torch.cat([(values - self.mean) / self.std, indicators], dim=1)


class ColumnHead(nn.Module):
    """Head of a classifier that takes features (B, width) and catalog columns (B, F)."""

    def __init__(self, layers: nn.Module, n_columns: int) -> None:
        super().__init__()
        self.columns = ColumnEncoder(n_columns)
        self.layers = layers

    def forward(self, features: Tensor, columns: Tensor) -> Tensor:
        logits: Tensor = self.layers(torch.cat([features, self.columns(columns)], dim=1))
        return logits


def fit_statistics(columns: Tensor) -> ColumnStatistics:
    """Return the statistics of (N, F) columns, each with a value; a constant column has std 1."""
    values = columns.double()
    missing = values.isnan()
    counts = (~missing).sum(dim=0)
    mean = values.nansum(dim=0) / counts
    variance = (values - mean).square().nansum(dim=0) / counts
    std = torch.where(variance > 0, variance.sqrt(), torch.ones_like(variance))
    # torch.nanmedian is the lower of two middle values.
    median = torch.nanquantile(values, 0.5, dim=0)
    is_missing = missing.any(dim=0)
    return ColumnStatistics(*(each.float() for each in (median, mean, std, is_missing)))
