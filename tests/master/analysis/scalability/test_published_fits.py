"""Fits that others have published of data that others have measured."""

import pytest
from made_levels import CISCO, EXACT_02, RAYTRACER, SPECSDM91, levels_of

from gradual_master.analysis.scalability.analyse import analyse_scalability

TOLERANCE = 1e-3

FITS = {
    # Vignette and README of the R package usl (S. Möding), `summary(usl(throughput ~ load, specsdm91))`.
    "specsdm91": (SPECSDM91, 89.9952330, 0.0277285, 0.0001044),
    # The same vignette, `usl(throughput ~ processors, raytracer)`.
    "raytracer": (RAYTRACER, 21.848843, 0.057771, 0.0),
    # Tests of usl4j (C. Hale): the fit by R's nls that B. Schwartz has published.
    "cisco": (CISCO, 995.6486, 0.02671591, 7.690945e-4),
    # `tests/coef.Rout.save` of the R package usl.
    "coef.R": (EXACT_02, 1.0, 0.02, 0.02),
}


@pytest.mark.parametrize("name", FITS)
def test_an_unweighted_fit_has_the_published_coefficients(name: str) -> None:
    data, gamma, alpha, beta = FITS[name]
    found = analyse_scalability(levels_of(data), relative=False)
    assert found.gamma
    assert found.alpha
    assert found.beta
    assert found.gamma.value == pytest.approx(gamma, rel=TOLERANCE)
    assert found.alpha.value == pytest.approx(alpha, rel=TOLERANCE)
    assert found.beta.value == pytest.approx(beta, rel=TOLERANCE, abs=1e-12)


def test_the_peak_of_specsdm91_is_where_the_vignette_has_it() -> None:
    found = analyse_scalability(levels_of(SPECSDM91), relative=False)
    assert found.n_peak
    assert found.n_peak.value == pytest.approx(96.52, rel=TOLERANCE)


def test_residuals_and_r_squared_of_specsdm91_are_those_of_the_r_package() -> None:
    """`tests/residuals.Rout.save` and `tests/summary.Rout.save`, as printed."""
    found = analyse_scalability(levels_of(SPECSDM91), relative=False)
    residuals = [round(level.residual_rps, 2) for level in found.residuals]
    assert residuals == pytest.approx([-25.10, -81.66, 111.09, 3.05, -49.99, -46.60, 56.00], abs=0.02)
    assert found.r_squared == pytest.approx(0.9896, abs=5e-5)


def test_the_ray_tracer_has_no_peak_and_needs_no_beta() -> None:
    found = analyse_scalability(levels_of(RAYTRACER), relative=False)
    assert (found.n_peak, found.peak, found.model) == (None, "none", "amdahl")
