"""One simulated cutout in g, r and i: an object, its neighbors, seeing, sky and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astroclf.data.sources.simulated import galaxies, sky
from astroclf.data.sources.simulated.population import draw_features, render_features
from astroclf.data.sources.simulated.tree_votes import draw_tree_votes, galaxy_zoo_2_tree
from astroclf.data.sources.simulated.votes import VOLUNTEERS, draw_votes
from astroclf.settings import sections

BANDS = ("g", "r", "i")
CLASSES = {
    "star_galaxy": ("galaxy", "star"),
    "morphology": galaxies.MORPHOLOGIES,
    "votes": galaxies.MORPHOLOGIES,
}
GALAXY_ZOO_2 = "galaxy_zoo_2"  # the target whose votes follow the tree of that schema

# Half-light radii (arcsec), drawn log-uniformly. The smallest galaxies are hardly wider than stars, and
# are excluded by surveys of morphology.
RADIUS_ARCSEC = {
    "star_galaxy": (0.5, 4.0),
    "morphology": (1.5, 4.5),
    "votes": (1.5, 4.5),
    GALAXY_ZOO_2: (2.0, 4.5),
}
MOFFAT_BETA = (2.5, 4.0)
PSF_AXIS_RATIO = (0.9, 1.0)
CENTER_OFFSET_PX = 1.0  # largest in x and in y

# Close to SDSS: of the dark sky, and of its camera in one exposure.
SKY_MAG_PER_ARCSEC2 = (21.8, 20.9, 20.2)  # in g, r, i
SKY_SCATTER_MAG = 0.3  # largest change from night to night
ELECTRONS_PER_NMGY = (1000.0, 950.0, 750.0)  # in g, r, i

NEIGHBORS_MEAN = 0.7  # how many, Poisson distributed
NEIGHBOR_STAR_CHANCE = 0.5
NEIGHBOR_RADIUS_ARCSEC = (0.3, 1.5)  # half-light radius, if a galaxy
NEIGHBOR_DISTANCE_ARCSEC = 4.0  # smallest, from the object
NEIGHBOR_SIGNAL_TO_NOISE = (0.1, 0.8)  # of that of the object


@dataclass(frozen=True)
class Exposure:
    """PSF, sky and gain of one cutout, shared by all its sources."""

    canvas: sky.Canvas
    psf: sky.Moffat
    sky_nmgy: np.ndarray  # (3,), of a pixel
    electrons_per_nmgy: np.ndarray  # (3,)

    def at_signal_to_noise(self, source: np.ndarray, signal_to_noise: float) -> np.ndarray:
        """Return a source (3, H, W) of unit r flux scaled to its signal-to-noise in r, nmgy."""
        r = BANDS.index("r")
        flux = sky.flux_at(signal_to_noise, source[r], self.sky_nmgy[r], self.electrons_per_nmgy[r])
        return flux * source


@dataclass(frozen=True)
class Cutout:
    """image: (3, H, W) float32. target: a class index, or vote fractions (K,). volunteers: 0 without votes."""

    image: np.ndarray
    target: int | np.ndarray
    volunteers: int = 0


def draw_cutout(index: int, canvas: sky.Canvas, settings: sections.Simulated) -> Cutout:
    """Return cutout number `index`."""
    rng = np.random.default_rng([settings.seed, index])
    exposure = draw_exposure(rng, canvas, settings.seeing_arcsec)
    center = rng.uniform(-CENTER_OFFSET_PX, CENTER_OFFSET_PX, 2) * canvas.pixel_scale_arcsec
    signal_to_noise = draw_log_uniform(rng, settings.signal_to_noise)
    if settings.target == GALAXY_ZOO_2:
        features = draw_features(rng)
        radius = draw_log_uniform(rng, RADIUS_ARCSEC[settings.target])
        galaxy = render_features(rng, canvas, features, radius)
        source = render_galaxy(exposure, galaxy, center)
        image = observe(rng, exposure, source, center, signal_to_noise)
        return Cutout(image, *draw_tree_votes(rng, galaxy_zoo_2_tree(), features, signal_to_noise))
    classes = CLASSES[settings.target]
    name = classes[index % len(classes)]
    if name == "star":
        source, axis_ratio = render_star(exposure, galaxies.draw_star_flux(rng), center), 1.0
    else:
        morphology = str(rng.choice(galaxies.MORPHOLOGIES)) if name == "galaxy" else name
        radius = draw_log_uniform(rng, RADIUS_ARCSEC[settings.target])
        galaxy = galaxies.draw_galaxy(rng, canvas, morphology, radius)
        source, axis_ratio = render_galaxy(exposure, galaxy, center), galaxy.axis_ratio
    image = observe(rng, exposure, source, center, signal_to_noise)
    if settings.target == "votes":
        return Cutout(image, draw_votes(rng, name, axis_ratio, signal_to_noise), VOLUNTEERS)
    return Cutout(image, index % len(classes))


def observe(
    rng: np.random.Generator,
    exposure: Exposure,
    source: np.ndarray,
    center: np.ndarray,
    signal_to_noise: float,
) -> np.ndarray:
    """Return the noisy image of a source and of its neighbors, (3, H, W) float32."""
    scene = exposure.at_signal_to_noise(source, signal_to_noise)
    scene += draw_neighbors(rng, exposure, center, signal_to_noise)
    return sky.observe(rng, scene, exposure.sky_nmgy, exposure.electrons_per_nmgy)


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


def render_star(exposure: Exposure, band_flux: np.ndarray, center: np.ndarray) -> np.ndarray:
    """Return a star of unit r flux at `center` (x, y in arcsec), (3, H, W)."""
    canvas, (x, y) = exposure.canvas, center.astype(np.float32)
    point = canvas.pixels(exposure.psf(canvas.axis - x, canvas.axis - y))
    return band_flux[:, None, None] * point


def render_galaxy(exposure: Exposure, galaxy: galaxies.Galaxy, center: np.ndarray) -> np.ndarray:
    """Return a galaxy of unit r flux at `center` (x, y in arcsec), (3, H, W)."""
    canvas = exposure.canvas
    light = canvas.pixels(sky.convolve(canvas, galaxy.light, exposure.psf, *center))
    return (galaxy.band_flux[:, :, None, None] * light[:, None]).sum(axis=0)


def draw_neighbors(
    rng: np.random.Generator, exposure: Exposure, center: np.ndarray, signal_to_noise: float
) -> np.ndarray:
    """Return fainter stars and galaxies around the object, (3, H, W) nmgy; often there are none."""
    canvas = exposure.canvas
    flux = np.zeros((len(BANDS), canvas.image_px, canvas.image_px), np.float32)
    for _ in range(rng.poisson(NEIGHBORS_MEAN)):
        place = rng.uniform(-canvas.width_arcsec / 2, canvas.width_arcsec / 2, 2)
        if np.hypot(*(place - center)) < NEIGHBOR_DISTANCE_ARCSEC:
            continue
        if rng.random() < NEIGHBOR_STAR_CHANCE:
            source = render_star(exposure, galaxies.draw_star_flux(rng), place)
        else:
            radius = draw_log_uniform(rng, NEIGHBOR_RADIUS_ARCSEC)
            morphology = str(rng.choice(galaxies.MORPHOLOGIES))
            galaxy = galaxies.draw_galaxy(rng, canvas, morphology, radius)
            source = render_galaxy(exposure, galaxy, place)
        share = rng.uniform(*NEIGHBOR_SIGNAL_TO_NOISE)
        flux += exposure.at_signal_to_noise(source, share * signal_to_noise)
    return flux


def draw_log_uniform(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    return float(np.exp(rng.uniform(*np.log(bounds))))
