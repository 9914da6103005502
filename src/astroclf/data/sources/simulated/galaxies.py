"""Random galaxies of five morphologies, and random colors of galaxies and stars.

A galaxy is the light of two populations, old and red, young and blue; its bulge and bar are mostly
old, its disk is mixed, its spiral arms are young.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from astroclf.data.sources.simulated.sky import Canvas, edge_on_disk, rotate, sersic, unit

MORPHOLOGIES = ("completely_round", "in_between", "cigar", "edge_on", "spiral")
ROUND_TO_IN_BETWEEN = 0.85  # axis ratios at which the class of a smooth outline changes
IN_BETWEEN_TO_CIGAR = 0.5

# Ranges of uniform distributions. Shares are fractions of the flux in r.
AXIS_RATIO = {
    "completely_round": (ROUND_TO_IN_BETWEEN, 1.0),
    "in_between": (IN_BETWEEN_TO_CIGAR, ROUND_TO_IN_BETWEEN),
    "cigar": (0.2, IN_BETWEEN_TO_CIGAR),
    "spiral": (0.45, 1.0),  # cosine of the inclination
}
SERSIC_INDEX = {"completely_round": (1.0, 5.0), "in_between": (1.0, 5.0), "cigar": (1.0, 2.5)}
BULGE_SHARE = (0.05, 0.35)
BULGE_RADIUS = (0.12, 0.3)  # in half-light radii of the galaxy
BULGE_INDEX = (1.0, 4.0)
BULGE_AXIS_RATIO = (0.7, 1.0)
BAR_CHANCE = 0.5
BAR_SHARE = (0.1, 0.25)
BAR_RADIUS = (0.3, 0.5)  # in half-light radii of the galaxy
BAR_AXIS_RATIO = (0.2, 0.4)
BAR_INDEX = 0.5  # a bar ends abruptly
ARM_COUNTS, ARM_COUNT_CHANCES = (2, 3, 4), (0.65, 0.2, 0.15)
ARM_PITCH = (math.radians(12), math.radians(28))
ARM_SHARPNESS = (1.5, 4.0)  # kappa of a von Mises profile across the arm
ARM_SHARE_OF_DISK = (0.4, 0.8)
SCALE_HEIGHT = (0.1, 0.2)  # of an edge-on disk, in scale lengths
HALF_LIGHT_SCALE_LENGTHS = 1.678  # half-light radius of an exponential disk, in scale lengths

YOUNG_SHARE = {"smooth": (0.0, 0.6), "bulge": (0.0, 0.15), "disk": (0.2, 0.6), "arms": (0.8, 1.0)}
OLD_COLOR, YOUNG_COLOR = (0.75, 0.37), (0.25, 0.08)  # g - r and r - i at rest, magnitudes
COLOR_SCATTER_MAG = 0.06
REDSHIFT_COLOR = (0.0, 0.6)  # change of g - r by redshift, magnitudes
REDSHIFT_TREND = 0.3  # change of r - i for one magnitude in g - r

# The stellar locus in g - i, g - r and r - i, magnitudes, after Covey et al. 2007, AJ 134, 2398.
LOCUS_G_I = (0.3, 0.6, 1.0, 1.5, 2.0, 2.5, 3.0)
LOCUS_G_R = (0.22, 0.44, 0.73, 1.08, 1.33, 1.42, 1.48)
STAR_G_I = (0.35, 2.4)
STAR_SCATTER_MAG = 0.03


@dataclass(frozen=True)
class Galaxy:
    """A centered galaxy of an old and a young population.

    light: of the populations in r, (2, cells, cells), together of unit flux.
    band_flux: flux in g, r and i of unit r flux of each population, (2, 3).
    axis_ratio: of the galaxy in projection, before the seeing.
    """

    light: np.ndarray
    band_flux: np.ndarray
    axis_ratio: float


def draw_galaxy(
    rng: np.random.Generator, canvas: Canvas, morphology: str, radius_arcsec: float
) -> Galaxy:
    """Return a galaxy of one of `MORPHOLOGIES`.

    radius_arcsec: half-light radius, of a disk when it is face-on.
    """
    if morphology == "spiral":
        light, axis_ratio = draw_spiral(rng, canvas, radius_arcsec)
    elif morphology == "edge_on":
        light, axis_ratio = draw_edge_on(rng, canvas, radius_arcsec)
    else:
        light, axis_ratio = draw_smooth(rng, canvas, morphology, radius_arcsec)
    return Galaxy(light, draw_population_fluxes(rng), axis_ratio)


def draw_smooth(
    rng: np.random.Generator, canvas: Canvas, morphology: str, radius_arcsec: float
) -> tuple[np.ndarray, float]:
    axis_ratio = rng.uniform(*AXIS_RATIO[morphology])
    index = rng.uniform(*SERSIC_INDEX[morphology])
    light = sersic(canvas, radius_arcsec, index, axis_ratio, draw_angle(rng))
    return populations(light, rng.uniform(*YOUNG_SHARE["smooth"])), axis_ratio


def draw_edge_on(
    rng: np.random.Generator, canvas: Canvas, radius_arcsec: float
) -> tuple[np.ndarray, float]:
    scale_length = radius_arcsec / HALF_LIGHT_SCALE_LENGTHS
    flatness = rng.uniform(*SCALE_HEIGHT)
    angle = draw_angle(rng)
    disk = edge_on_disk(canvas, scale_length, flatness * scale_length, angle)
    bulge, bulge_share = draw_bulge(rng, canvas, radius_arcsec, angle)
    young = rng.uniform(*YOUNG_SHARE["disk"])
    return bulge_share * bulge + (1 - bulge_share) * populations(disk, young), flatness


def draw_spiral(
    rng: np.random.Generator, canvas: Canvas, radius_arcsec: float
) -> tuple[np.ndarray, float]:
    axis_ratio, angle = rng.uniform(*AXIS_RATIO["spiral"]), draw_angle(rng)
    bulge, bulge_share = draw_bulge(rng, canvas, radius_arcsec, angle)
    light, disk_share = bulge_share * bulge, 1 - bulge_share

    along, across = rotate(canvas.axis, canvas.axis, angle)
    across = across / np.float32(axis_ratio)  # now in the plane of the disk
    bar_angle, bar_radius = draw_angle(rng), radius_arcsec * rng.uniform(*BAR_RADIUS)
    if rng.random() < BAR_CHANCE:
        bar_share = rng.uniform(*BAR_SHARE)
        bar = draw_bar(rng, along, across, bar_radius, bar_angle)
        light = light + bar_share * populations(bar, rng.uniform(*YOUNG_SHARE["bulge"]))
        disk_share -= bar_share

    radius = np.hypot(along, across)
    disk = unit(np.exp(-radius * (HALF_LIGHT_SCALE_LENGTHS / radius_arcsec)))
    phase = np.arctan2(across, along) - bar_angle
    arms = unit(disk * draw_arms(rng, radius / bar_radius, phase))
    arm_share = disk_share * rng.uniform(*ARM_SHARE_OF_DISK)
    light = light + arm_share * populations(arms, rng.uniform(*YOUNG_SHARE["arms"]))
    between = populations(disk, rng.uniform(*YOUNG_SHARE["disk"]))
    return light + (disk_share - arm_share) * between, axis_ratio


def draw_bulge(
    rng: np.random.Generator, canvas: Canvas, radius_arcsec: float, angle: float
) -> tuple[np.ndarray, float]:
    """Return a bulge of unit flux in two populations, and its share of the galaxy."""
    radius = radius_arcsec * rng.uniform(*BULGE_RADIUS)
    axis_ratio = rng.uniform(*BULGE_AXIS_RATIO)
    light = sersic(canvas, radius, rng.uniform(*BULGE_INDEX), axis_ratio, angle)
    return populations(light, rng.uniform(*YOUNG_SHARE["bulge"])), rng.uniform(*BULGE_SHARE)


def draw_bar(
    rng: np.random.Generator,
    along: np.ndarray,
    across: np.ndarray,
    radius_arcsec: float,
    angle: float,
) -> np.ndarray:
    """Return a bar of unit flux along `angle` in the plane of the disk, nearly all within twice the
    radius."""
    cos, sin = math.cos(angle), math.sin(angle)
    length = along * cos + across * sin
    width = (across * cos - along * sin) / rng.uniform(*BAR_AXIS_RATIO)
    square = (length**2 + width**2) / radius_arcsec**2
    return unit(np.exp(-math.log(2) / 2 * square ** (0.5 / BAR_INDEX)))


def draw_arms(rng: np.random.Generator, radius: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """Return the brightness in (0, 1] of logarithmic spiral arms, of constant pitch.

    They start at radius 1, phase 0 (the end of a bar), and fade inside of it.
    """
    count = int(rng.choice(ARM_COUNTS, p=ARM_COUNT_CHANCES))
    direction = float(rng.choice((-1, 1)))
    pitch = direction * rng.uniform(*ARM_PITCH)
    return spiral_arms(count, pitch, rng.uniform(*ARM_SHARPNESS), radius, phase)


def spiral_arms(
    count: int, pitch: float, sharpness: float, radius: np.ndarray, phase: np.ndarray
) -> np.ndarray:
    """Return the brightness in (0, 1] of `count` arms, as `draw_arms`. pitch: negative winds the other way."""
    tightness = 1 / math.tan(pitch)
    turned = phase - np.log(radius) * tightness
    crest = np.exp(sharpness * (np.cos(count * turned) - 1))
    return crest * radius**2 / (1 + radius**2)


def populations(light: np.ndarray, young_share: float) -> np.ndarray:
    """Return `light` (cells, cells) divided into an old and a young part, (2, cells, cells)."""
    return np.stack([(1 - young_share) * light, young_share * light])


def draw_angle(rng: np.random.Generator) -> float:
    return rng.uniform(0, math.pi)


def draw_population_fluxes(rng: np.random.Generator) -> np.ndarray:
    """Return the flux in g, r and i of unit r flux, (2, 3), of the old and young stars of a galaxy."""
    redshift = rng.uniform(*REDSHIFT_COLOR)
    g_r = rng.normal(redshift, COLOR_SCATTER_MAG)
    r_i = rng.normal(REDSHIFT_TREND * redshift, COLOR_SCATTER_MAG)
    return np.stack([band_flux(a + g_r, b + r_i) for a, b in (OLD_COLOR, YOUNG_COLOR)])


def draw_star_flux(rng: np.random.Generator) -> np.ndarray:
    """Return the flux in g, r and i of a star of unit r flux, (3,)."""
    g_i = rng.uniform(*STAR_G_I)
    g_r = np.interp(g_i, LOCUS_G_I, LOCUS_G_R)
    scatter = rng.normal(0, STAR_SCATTER_MAG, 2)
    return band_flux(g_r + scatter[0], g_i - g_r + scatter[1])


def band_flux(g_r: float, r_i: float) -> np.ndarray:
    """Return the flux in g, r and i, (3,), for colors in magnitudes and unit r flux."""
    return np.array([10 ** (-0.4 * g_r), 1.0, 10 ** (0.4 * r_i)], dtype=np.float32)
