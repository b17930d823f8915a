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
    found: list[list[int]] = []
    chain: list[int] = []
    while groups:
        chain = chain or [next(iter(groups))]
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
            sizes = len(groups[last]), len(groups[before])
            mean = (sizes[0] * means[last] + sizes[1] * means[before]) / sum(sizes)  # -inf for each of the two
            mean = np.minimum(
                mean, np.maximum(means[last], means[before])
            )  # rounding would make chains bite their tails
            groups[before] += groups.pop(last)
            means[before], means[:, before] = mean, mean
            means[last], means[:, last] = -np.inf, -np.inf
        else:
            chain.append(nearest)
    return tuple(sorted(tuple(sorted(group)) for group in found))
