from __future__ import annotations

from collections.abc import Callable

from astroclf.data.mosaics.parameters import CutoutParameters

Parameters = Callable[..., CutoutParameters]


def test_the_width_is_that_of_all_pixels(parameters: Parameters) -> None:
    assert parameters(image_px=50, pixel_scale_arcsec=0.25).width_arcsec == 12.5


def test_members_of_an_ensemble_may_differ_in_frames_and_measured_widths_alone(
    parameters: Parameters,
) -> None:
    one = parameters(frames="a/*.fits", hdu=1, band_fwhm_arcsec=(1.2, None))
    assert one.shared == parameters(frames="b/*.fits", hdu="SCI").shared
    assert one.shared != parameters(image_px=49).shared
    assert one.shared != parameters(psf_fwhm_arcsec=1.5).shared


def test_reports_describe_the_width_of_each_band(parameters: Parameters) -> None:
    measured = parameters(frames="a.fits", band_fwhm_arcsec=(1.234, None))
    assert measured.describe() == {"frames": "a.fits", "PSF (FWHM)": "g 1.23″, r not measured"}
    matched = parameters(band_fwhm_arcsec=(1.2, 1.1), psf_fwhm_arcsec=1.2)
    assert matched.describe()["PSF (FWHM)"] == "g 1.2″, r 1.1″; smoothed to 1.2″"
