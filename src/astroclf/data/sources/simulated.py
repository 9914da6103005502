"""Simulated sky cutouts in g, r and i: nothing to download."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from astroclf.data import galaxies, sky
from astroclf.data.dataset import UNASSIGNED, ImageDataset
from astroclf.data.pixels import Pixels
from astroclf.settings import sections

BANDS = ("g", "r", "i")
BLOCK = 32  # images a thread draws in one go
CLASSES = {
    "star_galaxy": ("galaxy", "star"),
    "morphology": galaxies.MORPHOLOGIES,
    "votes": galaxies.MORPHOLOGIES,
}

# Half-light radii (arcsec), drawn log-uniformly. The smallest galaxies are hardly wider than stars;
# surveys of morphology leave those out.
RADIUS_ARCSEC = {"star_galaxy": (0.5, 4.0), "morphology": (1.5, 4.5), "votes": (1.5, 4.5)}
MOFFAT_BETA = (2.5, 4.0)
PSF_AXIS_RATIO = (0.9, 1.0)
CENTRE_OFFSET_PX = 1.0  # largest in x and in y

# Close to SDSS: of the dark sky, and of its camera in one exposure.
SKY_MAG_PER_ARCSEC2 = (21.8, 20.9, 20.2)  # in g, r, i
SKY_SCATTER_MAG = 0.3  # largest change from night to night
ELECTRONS_PER_NMGY = (1000.0, 950.0, 750.0)  # in g, r, i

NEIGHBOURS_MEAN = 0.7  # how many, Poisson distributed
NEIGHBOUR_STAR_CHANCE = 0.5
NEIGHBOUR_RADIUS_ARCSEC = (0.3, 1.5)  # half-light radius, if a galaxy
NEIGHBOUR_DISTANCE_ARCSEC = 4.0  # smallest, from the object
NEIGHBOUR_SIGNAL_TO_NOISE = (0.1, 0.8)  # of that of the object

VOLUNTEERS = 40  # answers an image gets
SHAPE_DOUBT = 0.04  # in axis ratio: how far from a boundary the answers differ, at any brightness
HALF_SEEN_SIGNAL_TO_NOISE = 15.0  # where half the volunteers see arms or a bulge on a disc


@dataclass(frozen=True)
class Exposure:
    """What is the same for all that is seen in one cutout."""

    canvas: sky.Canvas
    psf: sky.Moffat
    sky_nmgy: np.ndarray  # (3,), of a pixel
    electrons_per_nmgy: np.ndarray  # (3,)

    def at_signal_to_noise(self, source: np.ndarray, signal_to_noise: float) -> np.ndarray:
        """`source` (3, H, W), of unit r flux, as bright as its signal-to-noise in r asks (nmgy)."""
        r = BANDS.index("r")
        flux = sky.flux_at(signal_to_noise, source[r], self.sky_nmgy[r], self.electrons_per_nmgy[r])
        return flux * source


def load(settings: sections.Simulated) -> ImageDataset:
    """Simulated cutouts, float32 (N, 3, image_px, image_px): linear flux in nmgy, sky subtracted.

    An object lies within a pixel of the centre of each, stars as Moffat profiles, galaxies as Sersic
    profiles, edge-on or spiral discs convolved with the same PSF. Classes are as frequent as each
    other, and see the same PSFs, skies, neighbours and signal-to-noise. That is the matched-filter
    signal-to-noise of the object in r (`sky.flux_at` has the formula), log-uniform in
    `settings.signal_to_noise`. With `target: votes` the targets are the shares of `VOLUNTEERS`
    simulated answers. Image i depends on the seed and on i, but not on `n_images`.
    """
    count, px = settings.n_images, settings.image_px
    canvas = sky.Canvas(px, settings.pixel_scale_arcsec)
    images = np.empty((count, len(BANDS), px, px), np.float32)
    classes = CLASSES[settings.target]
    votes = settings.target == "votes"
    targets = np.empty((count, len(classes)), np.float32) if votes else np.empty(count, np.int64)

    def fill(first: int) -> None:
        for index in range(first, min(first + BLOCK, count)):
            images[index], targets[index] = draw_cutout(index, canvas, settings)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fill, range(0, count, BLOCK)))
    return ImageDataset(
        images=images,
        targets=targets,
        ids=np.array([f"sim-{index:06d}" for index in range(count)]),
        classes=classes,
        split=np.full(count, UNASSIGNED),
        pixels=Pixels(BANDS, settings.pixel_scale_arcsec, "linear"),
    )


def draw_cutout(
    index: int, canvas: sky.Canvas, settings: sections.Simulated
) -> tuple[np.ndarray, int | np.ndarray]:
    """Image number `index`, (3, H, W) float32, and its class index or vote fractions (K,)."""
    rng = np.random.default_rng([settings.seed, index])
    classes = CLASSES[settings.target]
    name = classes[index % len(classes)]
    exposure = draw_exposure(rng, canvas, settings.seeing_arcsec)
    centre = rng.uniform(-CENTRE_OFFSET_PX, CENTRE_OFFSET_PX, 2) * canvas.pixel_scale_arcsec
    signal_to_noise = draw_log_uniform(rng, settings.signal_to_noise)
    if name == "star":
        source, axis_ratio = see_star(exposure, galaxies.draw_star_flux(rng), centre), 1.0
    else:
        morphology = str(rng.choice(galaxies.MORPHOLOGIES)) if name == "galaxy" else name
        radius = draw_log_uniform(rng, RADIUS_ARCSEC[settings.target])
        galaxy = galaxies.draw_galaxy(rng, canvas, morphology, radius)
        source, axis_ratio = see_galaxy(exposure, galaxy, centre), galaxy.axis_ratio

    scene = exposure.at_signal_to_noise(source, signal_to_noise)
    scene += draw_neighbours(rng, exposure, centre, signal_to_noise)
    image = sky.observe(rng, scene, exposure.sky_nmgy, exposure.electrons_per_nmgy)
    if settings.target == "votes":
        return image, draw_votes(rng, name, axis_ratio, signal_to_noise)
    return image, index % len(classes)


def draw_exposure(
    rng: np.random.Generator, canvas: sky.Canvas, seeing_arcsec: tuple[float, float]
) -> Exposure:
    psf = sky.Moffat(
        fwhm_arcsec=rng.uniform(*seeing_arcsec),
        beta=rng.uniform(*MOFFAT_BETA),
        axis_ratio=rng.uniform(*PSF_AXIS_RATIO),
        angle=galaxies.draw_angle(rng),
    )
    night = np.array(SKY_MAG_PER_ARCSEC2) + rng.uniform(-SKY_SCATTER_MAG, SKY_SCATTER_MAG)
    sky_nmgy = sky.sky_flux(night, canvas.pixel_scale_arcsec)
    return Exposure(canvas, psf, sky_nmgy, np.array(ELECTRONS_PER_NMGY))


def see_star(exposure: Exposure, band_flux: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """A star of unit r flux at `centre` (x, y in arcsec), (3, H, W)."""
    canvas, (x, y) = exposure.canvas, centre.astype(np.float32)
    point = canvas.pixels(exposure.psf(canvas.axis - x, canvas.axis - y))
    return band_flux[:, None, None] * point


def see_galaxy(exposure: Exposure, galaxy: galaxies.Galaxy, centre: np.ndarray) -> np.ndarray:
    """A galaxy of unit r flux at `centre` (x, y in arcsec), (3, H, W)."""
    canvas = exposure.canvas
    seen = canvas.pixels(sky.convolve(canvas, galaxy.light, exposure.psf, *centre))
    return (galaxy.band_flux[:, :, None, None] * seen[:, None]).sum(axis=0)


def draw_neighbours(
    rng: np.random.Generator, exposure: Exposure, centre: np.ndarray, signal_to_noise: float
) -> np.ndarray:
    """Fainter stars and galaxies round the object, (3, H, W) nmgy; often there are none."""
    canvas = exposure.canvas
    flux = np.zeros((len(BANDS), canvas.image_px, canvas.image_px), np.float32)
    for _ in range(rng.poisson(NEIGHBOURS_MEAN)):
        place = rng.uniform(-canvas.width_arcsec / 2, canvas.width_arcsec / 2, 2)
        if np.hypot(*(place - centre)) < NEIGHBOUR_DISTANCE_ARCSEC:
            continue
        if rng.random() < NEIGHBOUR_STAR_CHANCE:
            source = see_star(exposure, galaxies.draw_star_flux(rng), place)
        else:
            radius = draw_log_uniform(rng, NEIGHBOUR_RADIUS_ARCSEC)
            morphology = str(rng.choice(galaxies.MORPHOLOGIES))
            galaxy = galaxies.draw_galaxy(rng, canvas, morphology, radius)
            source = see_galaxy(exposure, galaxy, place)
        share = rng.uniform(*NEIGHBOUR_SIGNAL_TO_NOISE)
        flux += exposure.at_signal_to_noise(source, share * signal_to_noise)
    return flux


def draw_votes(
    rng: np.random.Generator, morphology: str, axis_ratio: float, signal_to_noise: float
) -> np.ndarray:
    """Shares of the answers of `VOLUNTEERS`, (5,) float32 in the order of `galaxies.MORPHOLOGIES`.

    Chances are those of `answer_chances`.
    """
    chances = answer_chances(morphology, axis_ratio, signal_to_noise)
    return (rng.multinomial(VOLUNTEERS, chances) / VOLUNTEERS).astype(np.float32)


def answer_chances(morphology: str, axis_ratio: float, signal_to_noise: float) -> np.ndarray:
    """Chance of each answer of a volunteer, (5,), summing to 1.

    A volunteer sees arms or an edge-on disc with a chance of S/N / (S/N + 15), and names the outline
    alone otherwise; near a boundary in axis ratio, and at low S/N, outlines get either name; and
    some of the cigars are taken for edge-on discs.
    """
    seen = signal_to_noise / (signal_to_noise + HALF_SEEN_SIGNAL_TO_NOISE)
    cuts = np.array([galaxies.ROUND_TO_IN_BETWEEN, galaxies.IN_BETWEEN_TO_CIGAR])
    rounder, less_thin = 1 / (1 + np.exp((cuts - axis_ratio) * seen / SHAPE_DOUBT))
    cigar = 1 - less_thin
    mistaken = (1 - seen) * cigar / 2
    outline = np.array([rounder, less_thin - rounder, cigar - mistaken, mistaken, 0.0])
    if morphology not in ("edge_on", "spiral"):
        return outline
    named = np.array(galaxies.MORPHOLOGIES) == morphology
    return seen * named + (1 - seen) * outline


def draw_log_uniform(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    return float(np.exp(rng.uniform(*np.log(bounds))))
