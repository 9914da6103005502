"""A population of galaxies with the features that Galaxy Zoo 2 asks for: bars, arms, bulges, rings, mergers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from astroclf.data.sources.simulated import galaxies, sky
from astroclf.data.sources.simulated.galaxies import populations

Shape = Literal["smooth", "edge_on", "face_on"]
Oddity = Literal["", "ring", "merger", "irregular"]
Choice = TypeVar("Choice")

SHAPES: dict[Shape, float] = {"smooth": 0.45, "edge_on": 0.11, "face_on": 0.44}  # and their chances
SMOOTH = {"completely_round": 0.47, "in_between": 0.43, "cigar": 0.10}
ODDITY_CHANCE = {"smooth": 0.17, "edge_on": 0.1, "face_on": 0.34}
ODDITIES: dict[Shape, tuple[Oddity, ...]] = {
    "smooth": ("merger", "irregular"),
    "edge_on": ("merger",),
    "face_on": ("ring", "merger", "irregular"),
}
DISK_AXIS_RATIO = (0.35, 1.0)  # cosine of the inclination
BULGE_SHARE = (2.0, 5.5)  # shape of a beta distribution
CONCENTRATION = (2.5, 5.5)  # likewise, of the light of smooth galaxies
CONCENTRATED_INDEX = 6.0  # what concentration adds to a Sersic index of 1
BAR_CHANCE, BAR_SHARE = 0.4, (0.03, 0.25)
ARM_CHANCE, ARM_STRENGTH = 0.75, (0.1, 0.85)  # fraction of the light of the disk
ARM_COUNTS = {1: 0.07, 2: 0.68, 3: 0.12, 4: 0.07, 5: 0.06}
ARM_PITCH_DEG = (8.0, 30.0)
RING_SHARE, RING_RADIUS, RING_WIDTH = (0.15, 0.35), (0.9, 1.4), 0.12  # radii in half-light radii
COMPANION_SHARE, COMPANION_DISTANCE = (0.15, 0.5), (1.0, 2.2)
CLUMPS, CLUMP_SHARE, CLUMP_WIDTH = (2, 5), (0.05, 0.12), (0.1, 0.22)


@dataclass(frozen=True)
class Features:
    """Features of a galaxy that volunteers can see.

    axis_ratio: of its projection. Shares are fractions of its flux in r; arm_strength is that of the
    arms in the light of the disk, and bulge_share the concentration of a smooth galaxy, from 0 (an
    exponential profile) to 1. arm_count: 5 stands for more than 4.
    """

    shape: Shape
    axis_ratio: float
    bulge_share: float = 0.0
    bar_share: float = 0.0
    arm_strength: float = 0.0
    arm_count: int = 0
    arm_pitch_deg: float = 0.0
    oddity: Oddity = ""


def draw_features(rng: np.random.Generator) -> Features:
    shape = choose(rng, SHAPES)
    oddity: Oddity = ""
    if rng.random() < ODDITY_CHANCE[shape]:
        oddity = ODDITIES[shape][rng.integers(len(ODDITIES[shape]))]
    if shape == "smooth":
        axis_ratio = rng.uniform(*galaxies.AXIS_RATIO[choose(rng, SMOOTH)])
        return Features(shape, axis_ratio, float(rng.beta(*CONCENTRATION)), oddity=oddity)
    bulge_share = float(rng.beta(*BULGE_SHARE))
    if shape == "edge_on":
        return Features(shape, rng.uniform(*galaxies.SCALE_HEIGHT), bulge_share, oddity=oddity)
    has_bar, has_arms = rng.random() < BAR_CHANCE, rng.random() < ARM_CHANCE
    return Features(
        shape,
        rng.uniform(*DISK_AXIS_RATIO),
        bulge_share,
        bar_share=rng.uniform(*BAR_SHARE) if has_bar else 0.0,
        arm_strength=rng.uniform(*ARM_STRENGTH) if has_arms else 0.0,
        arm_count=choose(rng, ARM_COUNTS) if has_arms else 0,
        arm_pitch_deg=rng.uniform(*ARM_PITCH_DEG) if has_arms else 0.0,
        oddity=oddity,
    )


def choose(rng: np.random.Generator, chances: dict[Choice, float]) -> Choice:
    """Return one of the keys, drawn with the chances of the values."""
    return list(chances)[rng.choice(len(chances), p=list(chances.values()))]


def render_features(
    rng: np.random.Generator, canvas: sky.Canvas, features: Features, radius_arcsec: float
) -> galaxies.Galaxy:
    """Return a galaxy with these features. radius_arcsec: half-light radius, of a disk when face-on."""
    if features.shape == "smooth":
        light = render_smooth(rng, canvas, features, radius_arcsec)
    elif features.shape == "edge_on":
        light = render_edge_on(rng, canvas, features, radius_arcsec)
    else:
        light = render_face_on(rng, canvas, features, radius_arcsec)
    if features.oddity == "merger":
        light = with_companion(rng, canvas, light, radius_arcsec)
    elif features.oddity == "irregular":
        light = with_clumps(rng, canvas, light, radius_arcsec)
    return galaxies.Galaxy(light, galaxies.draw_population_fluxes(rng), features.axis_ratio)


def render_smooth(
    rng: np.random.Generator, canvas: sky.Canvas, features: Features, radius_arcsec: float
) -> np.ndarray:
    index = 1 + CONCENTRATED_INDEX * features.bulge_share
    light = sky.sersic(canvas, radius_arcsec, index, features.axis_ratio, galaxies.draw_angle(rng))
    return populations(light, rng.uniform(*galaxies.YOUNG_SHARE["smooth"]))


def render_edge_on(
    rng: np.random.Generator, canvas: sky.Canvas, features: Features, radius_arcsec: float
) -> np.ndarray:
    scale_length = radius_arcsec / galaxies.HALF_LIGHT_SCALE_LENGTHS
    angle = galaxies.draw_angle(rng)
    disk = sky.edge_on_disk(canvas, scale_length, features.axis_ratio * scale_length, angle)
    bulge, _ = galaxies.draw_bulge(rng, canvas, radius_arcsec, angle)
    disk = populations(disk, rng.uniform(*galaxies.YOUNG_SHARE["disk"]))
    return features.bulge_share * bulge + (1 - features.bulge_share) * disk


def render_face_on(
    rng: np.random.Generator, canvas: sky.Canvas, features: Features, radius_arcsec: float
) -> np.ndarray:
    angle, bar_angle = galaxies.draw_angle(rng), galaxies.draw_angle(rng)
    bulge, _ = galaxies.draw_bulge(rng, canvas, radius_arcsec, angle)
    along, across = sky.rotate(canvas.axis, canvas.axis, angle)
    across = across / np.float32(features.axis_ratio)  # now in the plane of the disk
    bar_radius = radius_arcsec * rng.uniform(*galaxies.BAR_RADIUS)
    radius = np.hypot(along, across)
    light = features.bulge_share * bulge
    rest = 1 - features.bulge_share
    if features.bar_share:
        bar = galaxies.draw_bar(rng, along, across, bar_radius, bar_angle)
        light = light + features.bar_share * rest * populations(bar, rng.uniform(0.0, 0.15))
        rest *= 1 - features.bar_share
    disk = sky.unit(np.exp(-radius * (galaxies.HALF_LIGHT_SCALE_LENGTHS / radius_arcsec)))
    if features.oddity == "ring":
        ring = render_ring(rng, radius / radius_arcsec)
        share = rng.uniform(*RING_SHARE)
        light, rest = light + share * rest * populations(ring, 0.7), (1 - share) * rest
    if features.arm_strength:
        phase = np.arctan2(across, along) - bar_angle
        pattern = render_arms(rng, features, radius / bar_radius, phase)
        arms = populations(sky.unit(disk * pattern), rng.uniform(*galaxies.YOUNG_SHARE["arms"]))
        light = light + features.arm_strength * rest * arms
        rest *= 1 - features.arm_strength
    return light + rest * populations(disk, rng.uniform(*galaxies.YOUNG_SHARE["disk"]))


def render_arms(
    rng: np.random.Generator, features: Features, radius: np.ndarray, phase: np.ndarray
) -> np.ndarray:
    """Return the brightness in (0, 1] of the arms; coordinates as in `galaxies.draw_arms`."""
    direction = float(rng.choice((-1, 1)))
    count = features.arm_count + int(features.arm_count == 5) * int(rng.integers(2))
    sharpness = rng.uniform(*galaxies.ARM_SHARPNESS)
    pitch = direction * math.radians(features.arm_pitch_deg)
    return galaxies.spiral_arms(count, pitch, sharpness, radius, phase)


def render_ring(rng: np.random.Generator, radius: np.ndarray) -> np.ndarray:
    """Return a ring of unit flux; radius in half-light radii."""
    return sky.unit(np.exp(-(((radius - rng.uniform(*RING_RADIUS)) / RING_WIDTH) ** 2)))


def with_companion(
    rng: np.random.Generator, canvas: sky.Canvas, light: np.ndarray, radius_arcsec: float
) -> np.ndarray:
    """Return the light of the galaxy and of a smaller one that overlaps with it, of unit flux."""
    share, angle = rng.uniform(*COMPANION_SHARE), rng.uniform(0, 2 * math.pi)
    distance = radius_arcsec * rng.uniform(*COMPANION_DISTANCE) / canvas.cell_arcsec
    other = galaxies.draw_smooth(rng, canvas, "in_between", radius_arcsec * rng.uniform(0.3, 0.8))[
        0
    ]
    steps = (round(distance * math.sin(angle)), round(distance * math.cos(angle)))
    return (1 - share) * light + share * np.roll(other, steps, axis=(1, 2))


def with_clumps(
    rng: np.random.Generator, canvas: sky.Canvas, light: np.ndarray, radius_arcsec: float
) -> np.ndarray:
    """Return the galaxy, lopsided and with knots of young stars, of unit flux."""
    x, y = np.meshgrid(canvas.axis, canvas.axis)
    lopsided = 1 + rng.uniform(0.3, 0.8) * np.cos(np.arctan2(y, x) - rng.uniform(0, 2 * math.pi))
    light = light * lopsided / (light * lopsided).sum()
    for _ in range(rng.integers(*CLUMPS)):
        center = radius_arcsec * rng.uniform(0.3, 1.2)
        angle, width = rng.uniform(0, 2 * math.pi), radius_arcsec * rng.uniform(*CLUMP_WIDTH)
        square = (x - center * math.cos(angle)) ** 2 + (y - center * math.sin(angle)) ** 2
        clump = populations(sky.unit(np.exp(-square / (2 * width**2))), 0.9)
        share = rng.uniform(*CLUMP_SHARE)
        light = (1 - share) * light + share * clump
    return light
