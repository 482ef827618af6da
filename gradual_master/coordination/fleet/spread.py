"""Points that are evenly spaced however many there will be: for batches that should not all arrive at one moment."""


def even_point(number: int) -> float:
    """The `number`-th point in [0, 1), from 0: 0, ½, ¼, ¾, ⅛, …; at any time the points so far are spread evenly.

    The binary digits of the number, mirrored at the point: 6 = 110 in binary gives 0.011 = ⅜
    (J. G. van der Corput, "Verteilungsfunktionen", 1935).
    """
    point, weight = 0.0, 0.5
    while number:
        point += weight * (number & 1)
        number, weight = number >> 1, weight / 2
    return point
