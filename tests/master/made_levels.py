"""Measured levels for tests of the analysis: published data sets, and levels of systems with known parameters."""

from collections.abc import Iterable, Sequence

import numpy as np

from gradual_master.analysis.scalability.law import Usl
from gradual_master.analysis.scalability.levels import MeasuredLevel

SPECSDM91 = ((1, 64.9), (18, 995.9), (36, 1652.4), (72, 1853.2), (108, 1828.9), (144, 1775.0), (216, 1702.2))
"""SPEC SDM91 on a Sun SPARCcenter 2000: virtual users and scripts per hour. Data set `specsdm91` of R's package usl."""

RAYTRACER = (
    *((1, 20.0), (4, 78.0), (8, 130.0), (12, 170.0), (16, 190.0), (20, 200.0)),
    *((24, 210.0), (28, 230.0), (32, 260.0), (48, 280.0), (64, 310.0)),
)
"""BRL-CAD on an SGI Origin 2000: processors and ray-geometry intersections per second (N. J. Gunther, "Guerrilla
Capacity Planning", 2007). Data set `raytracer` of the R package usl."""

CISCO = tuple(
    enumerate(
        (
            *(955.16, 1878.91, 2688.01, 3548.68, 4315.54, 5130.43, 5931.37, 6531.08, 7219.8, 7867.61, 8278.71),
            *(8646.7, 9047.84, 9426.55, 9645.37, 9897.24, 10097.6, 10240.5, 10532.39, 10798.52, 11151.43, 11518.63),
            *(11806.0, 12089.37, 12075.41, 12177.29, 12211.41, 12158.93, 12155.27, 12118.04, 12140.4, 12074.39),
        ),
        1,
    )
)
"""MySQL on a Cisco server, threads and queries per second: B. Schwartz, "Practical Scalability Analysis with the
Universal Scalability Law", 2015; also in the tests of usl4j."""

EXACT_02 = ((1, 1.0), (2, 1.8868), (4, 3.0769), (6, 3.5294), (8, 3.5398), (10, 3.3557))
"""Values of the law with γ = 1, α = β = 0.02, to four decimals: `tests/coef.R` of the R package usl."""


def levels_of(pairs: Iterable[tuple[float, float]]) -> list[MeasuredLevel]:
    """Levels from pairs of concurrency and throughput."""
    return [MeasuredLevel(float(users), throughput) for users, throughput in pairs]


def made_levels(law: Usl, users: Sequence[float], noise: float = 0.0, seed: int = 1) -> list[MeasuredLevel]:
    """Levels of a law, with normal errors of the share `noise`."""
    errors = 1.0 + noise * np.random.default_rng(seed).standard_normal(len(users))
    throughput = law.throughput(np.array(users, dtype=np.float64)) * errors
    return levels_of(zip(users, throughput.tolist(), strict=True))
