from __future__ import annotations

import pytest
import timm
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from astroclf.models.stem import adapt_statistics, adapt_stem, adapt_stems, band_shares

Counts = st.integers(1, 12)
# One network of each kind of input: a convolution, space to depth, patches of one and of two sizes.
FAMILIES = (
    "test_resnet", "test_efficientnet", "test_convnext", "test_vit", "resnet18", "mobilenetv3_small_050",
    "tresnet_m", "swin_tiny_patch4_window7_224", "crossvit_tiny_240", "densenet121",
)  # fmt: skip


@given(Counts, Counts)
def test_shares_divide_every_pretrained_band_among_equally_wide_bands(
    channels: int, known: int
) -> None:
    shares = band_shares(channels, known)
    torch.testing.assert_close(shares.sum(dim=0), torch.ones(known).double())
    torch.testing.assert_close(
        shares.sum(dim=1), torch.full((channels,), known / channels).double()
    )
    assert (shares >= 0).all()


def test_shares_of_five_bands_in_three_colors() -> None:
    expected = [[0.6, 0, 0], [0.4, 0.2, 0], [0, 0.6, 0], [0, 0.2, 0.4], [0, 0, 0.6]]
    torch.testing.assert_close(band_shares(5, 3), torch.tensor(expected).double())
    torch.testing.assert_close(band_shares(3, 3), torch.eye(3).double())


@given(Counts)
def test_the_sum_over_the_bands_of_a_filter_is_preserved(channels: int) -> None:
    weight = torch.randn(4, 3, 5, 5, dtype=torch.float64)
    adapted = adapt_stem(weight, channels, 3)
    assert adapted.shape == (4, channels, 5, 5)
    torch.testing.assert_close(adapted.sum(dim=1), weight.sum(dim=1))


def test_gray_is_the_sum_of_the_colors_as_in_timm() -> None:
    weight = torch.randn(4, 3, 5, 5)
    torch.testing.assert_close(
        adapt_stem(weight, 1, 3), timm.models.adapt_input_conv(1, weight), rtol=1e-6, atol=1e-6
    )


def test_bands_are_the_inner_axis_of_positions() -> None:
    weight = torch.randn(4, 2 * 3, 1, 1)
    adapted = adapt_stem(weight, 5, 3)
    torch.testing.assert_close(adapted[:, :5], adapt_stem(weight[:, :3], 5, 3))
    torch.testing.assert_close(adapted[:, 5:], adapt_stem(weight[:, 3:], 5, 3))


@pytest.mark.parametrize(
    "name", [*FAMILIES[:4], *(pytest.param(f, marks=pytest.mark.slow) for f in FAMILIES[4:])]
)
def test_networks_of_timm_respond_to_gray_alike_for_any_number_of_bands(name: str) -> None:
    torch.manual_seed(0)
    colors = timm.create_model(name, num_classes=0).eval()
    px = (
        240
        if "crossvit" in name
        else colors.pretrained_cfg["input_size"][1]
        if "test" not in name
        else 160
    )
    gray = torch.randn(1, 1, px, px)
    for channels in (1, 2, 4, 5, 7):
        network = timm.create_model(name, num_classes=0, in_chans=channels).eval()
        weights, is_adapted = adapt_stems(colors.state_dict(), network.state_dict(), channels)
        network.load_state_dict(weights, strict=True)
        assert is_adapted
        with torch.inference_mode():
            expected = colors(gray.expand(-1, 3, -1, -1))
            found = network(gray.expand(-1, channels, -1, -1))
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_another_network_is_not_adapted() -> None:
    ours, theirs = nn.Conv2d(8, 2, 3).state_dict(), nn.Conv2d(6, 2, 3).state_dict()
    assert not adapt_stems(theirs, ours, channels=5)[1]
    assert not adapt_stems(ours, ours, channels=8)[1]


def test_statistics_are_means_of_the_covered_colors() -> None:
    assert adapt_statistics((0.3, 0.6, 0.9), 1) == pytest.approx([0.6])
    assert adapt_statistics((0.3, 0.6, 0.9), 3) == pytest.approx([0.3, 0.6, 0.9])
    assert adapt_statistics((0.3, 0.6, 0.9), 5) == pytest.approx([0.3, 0.4, 0.6, 0.8, 0.9])
