from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from astroclf.data.batches import Batch
from astroclf.data.mixing import Mixing, mixing_seed
from astroclf.training.losses import cross_entropy
from astroclf.training.soft_targets import expected_loss

MIXUP, CUTMIX = Mixing(0.8, 0.0, 1.0, 0.5, 3), Mixing(0.0, 1.0, 1.0, 0.5, 3)


@pytest.fixture
def batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(6, 2, 8, 8, generator=generator)
    return Batch(images, torch.tensor([0, 1, 2, 2, 1, 0]), torch.arange(6))


def ratio(mixed: Batch, batch: Batch) -> float:
    """Share of each image itself, from the target of the second one: class 1, mixed with class 0."""
    assert batch.target[:2].tolist() == [0, 1]
    return float(mixed.target[1, 1])


def test_mixup_is_the_mean_with_the_image_before(batch: Batch) -> None:
    mixed = MIXUP.mix(batch, 5)
    lam = ratio(mixed, batch)
    assert 0 < lam < 1
    expected = lam * batch.image + (1 - lam) * batch.image.roll(1, 0)
    torch.testing.assert_close(mixed.image, expected)
    torch.testing.assert_close(mixed.target.sum(dim=1), torch.ones(6))


def test_the_targets_of_cutmix_are_shares_of_the_pixels(batch: Batch) -> None:
    mixed = CUTMIX.mix(batch, 3)
    own = (mixed.image == batch.image).all(dim=1)
    other = (mixed.image == batch.image.roll(1, 0)).all(dim=1)
    assert (own | other).all()
    assert 0 < own[1].float().mean() < 1
    assert ratio(mixed, batch) == pytest.approx(float(own[1].float().mean()))


def test_mixing_depends_on_the_seed_alone_and_leaves_the_generator(batch: Batch) -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    first = MIXUP.mix(batch, 1)
    torch.randn(3)
    again, other = MIXUP.mix(batch, 1), MIXUP.mix(batch, 2)
    torch.set_rng_state(before)
    assert torch.equal(first.image, again.image)
    assert not torch.equal(first.image, other.image)
    expected = torch.Generator().set_state(before)
    MIXUP.mix(batch, 1)
    assert torch.equal(torch.randn(3), torch.randn(3, generator=expected))


def test_fraction_of_mixed_batches_and_of_cutmix(batch: Batch) -> None:
    both = Mixing(0.8, 1.0, 0.6, 0.25, 3)
    mixed = [both.mix(batch, mixing_seed(seed)) for seed in range(400)]
    changed = [each for each in mixed if each.target.ndim == 2]
    assert len(changed) / 400 == pytest.approx(0.6, abs=0.08)
    copied = [
        bool(((each.image == batch.image) | (each.image == batch.image.roll(1, 0))).all())
        for each in changed
    ]
    assert sum(copied) / len(copied) == pytest.approx(0.25, abs=0.09)


def test_the_loss_of_a_mixture_is_that_of_both_weighted_images(batch: Batch) -> None:
    weight = torch.tensor([1.0, 4.0, 0.5, 2.0, 1.0, 0.1])
    mixed = MIXUP.mix(replace(batch, weight=weight), 5)
    lam = ratio(MIXUP.mix(batch, 5), batch)
    logits = torch.randn(6, 3, generator=torch.Generator().manual_seed(1))
    own, before = (
        cross_entropy(logits, target) * factor
        for target, factor in (
            (batch.target, weight),
            (batch.target.roll(1, 0), weight.roll(1, 0)),
        )
    )
    assert mixed.weight is not None
    found = expected_loss(cross_entropy, logits, mixed.target) * mixed.weight
    torch.testing.assert_close(found, lam * own + (1 - lam) * before)


def test_vote_fractions_and_columns_are_mixed_as_the_images(batch: Batch) -> None:
    votes = torch.rand(6, 3, generator=torch.Generator().manual_seed(2))
    columns = torch.arange(12.0).view(6, 2)
    lam = ratio(MIXUP.mix(batch, 9), batch)
    mixed = MIXUP.mix(replace(batch, target=votes, columns=columns), 9)

    def mix(values: Tensor) -> Tensor:
        return lam * values + (1 - lam) * values.roll(1, 0)

    torch.testing.assert_close(mixed.target, mix(votes))
    assert mixed.columns is not None
    torch.testing.assert_close(mixed.columns, mix(columns))


def test_the_settings_switch_mixing_on(settings: Any) -> None:
    assert Mixing.of(settings().trainer, 3) is None
    assert Mixing.of(settings("trainer.mixup=0.2", "trainer.mixup_prob=0").trainer, 3) is None
    found = Mixing.of(settings("trainer.mixup=0.2", "trainer.cutmix=1").trainer, 3)
    assert found == Mixing(0.2, 1.0, 1.0, 0.5, 3)
