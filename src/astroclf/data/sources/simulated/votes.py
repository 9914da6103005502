"""Simulated votes of volunteers on the morphology of a galaxy."""

from __future__ import annotations

import numpy as np

from astroclf.data.sources.simulated import galaxies

VOLUNTEERS = 40  # answers an image gets
SHAPE_DOUBT = 0.04  # in axis ratio: how far from a boundary the answers differ, at any brightness
HALF_RECOGNIZED_SIGNAL_TO_NOISE = 15.0  # half the volunteers recognize arms or an edge-on disk


def draw_votes(
    rng: np.random.Generator, morphology: str, axis_ratio: float, signal_to_noise: float
) -> np.ndarray:
    """Return fractions of the answers of `VOLUNTEERS`, (5,) float32 in the order of
    `galaxies.MORPHOLOGIES`, drawn with the probabilities of `answer_probabilities`."""
    probabilities = answer_probabilities(morphology, axis_ratio, signal_to_noise)
    return (rng.multinomial(VOLUNTEERS, probabilities) / VOLUNTEERS).astype(np.float32)


def answer_probabilities(morphology: str, axis_ratio: float, signal_to_noise: float) -> np.ndarray:
    """Return the probability of each answer of a volunteer, (5,), summing to 1.

    Arms or an edge-on disk are recognized with a probability of S/N / (S/N + 15); otherwise the answer
    is that of the outline. Near a boundary in axis ratio, and at low S/N, outlines get either answer,
    and some cigars are mistaken for edge-on disks.
    """
    recognized = signal_to_noise / (signal_to_noise + HALF_RECOGNIZED_SIGNAL_TO_NOISE)
    cuts = np.array([galaxies.ROUND_TO_IN_BETWEEN, galaxies.IN_BETWEEN_TO_CIGAR])
    rounder, less_thin = 1 / (1 + np.exp((cuts - axis_ratio) * recognized / SHAPE_DOUBT))
    cigar = 1 - less_thin
    mistaken = (1 - recognized) * cigar / 2
    outline = np.array([rounder, less_thin - rounder, cigar - mistaken, mistaken, 0.0])
    if morphology not in ("edge_on", "spiral"):
        return outline
    named = np.array(galaxies.MORPHOLOGIES) == morphology
    return recognized * named + (1 - recognized) * outline
