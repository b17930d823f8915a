"""What is alike, put together."""

import numpy as np
import numpy.typing as npt

Similarities = npt.NDArray[np.float32]


def clusters(similar: Similarities, threshold: float) -> tuple[tuple[int, ...], ...]:
    """Rows of a symmetric matrix in groups, the most alike joined first, as long as they are alike on average.

    Two groups are as alike as the mean of the similarities between them. The joins are found along chains of nearest
    neighbours, so the time grows with the square of the rows, and not with their cube. Always the same for a matrix.
    """
    means = similar.astype(np.float64)
    np.fill_diagonal(means, -np.inf)
    groups = {row: [row] for row in range(len(means))}
    waiting, found, chain = list(reversed(groups)), [], list[int]()
    while groups:
        while not chain:
            chain = [row] if (row := waiting.pop()) in groups else []
        last, before = chain[-1], chain[-2] if len(chain) > 1 else -1
        nearest = int(means[last].argmax())
        if before >= 0 and means[last, before] == means[last, nearest]:
            nearest = before
        if means[last, nearest] < threshold:  # and joins among the others bring none of them nearer
            found.append(groups.pop(last))
            means[last], means[:, last] = -np.inf, -np.inf
            chain.pop()
        elif nearest == before:
            del chain[-2:]
            mean = (len(groups[last]) * means[last] + len(groups[before]) * means[before]) / (
                len(groups[last]) + len(groups[before])
            )
            groups[before] += groups.pop(last)
            means[last], means[:, last] = -np.inf, -np.inf
            means[before], means[:, before] = mean, mean
            means[[before, last], [before, before]] = -np.inf
        else:
            chain.append(nearest)
    return tuple(sorted(tuple(sorted(group)) for group in found))
