"""Books that people rated, and made-up readers whose taste is known."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utils.data.dataset import FloatArray, LabelArray
from utils.data.store import PublicFile, find

# Cut from goodbooks-10k: the 2,000 most active of 2,672 users drawn at random.
RATINGS = PublicFile(
    path="goodbooks/ratings.csv",
    sha256="756f4954aafc5343375897707f3c48b8e542c01e1798660fb4d79af0d9c6edf5",
    size=2_942_356,
)
BOOKS = PublicFile(
    path="goodbooks/books.csv",
    sha256="6955c35e50b7ad7393fa466a850a46f10aeaf9b91ff0dd2e9f274e01b1890d50",
    size=775_470,
)


@dataclass(frozen=True, repr=False, eq=False)
class Books:
    """Ratings in the file's order: user, book and stars (N,), and the books' titles."""

    user: LabelArray
    book: LabelArray
    stars: FloatArray
    titles: list[str]


def goodbooks() -> Books:
    """Ratings of 2,000 people (goodbooks-10k, Zygmunt Zajac, CC BY-SA 4.0)."""
    rows = list(csv.reader(io.StringIO(find(RATINGS)[0].decode("utf-8"))))[1:]
    books = list(csv.reader(io.StringIO(find(BOOKS)[0].decode("utf-8"))))[1:]
    user, book, stars = np.array(rows, dtype=np.int64).T
    known = np.array([row[0] for row in books], dtype=np.int64)  # in growing order
    users, places = np.unique(user, return_inverse=True)[1], known.searchsorted(book)
    titles = [f"{title} ({author.split(',')[0]})" for _, title, author, *_ in books]
    return Books(users, places, stars.astype(np.float32), titles)


def planted_picks(
    utility: NDArray[np.float64], n_picks: int, seed: int
) -> NDArray[np.int64]:
    """Draws items for each user, one after another, none twice.

    Each is drawn with probability proportional to exp(utility) among those left: the
    largest sums of utility and Gumbel noise, in falling order. So the best possible
    ranking of what comes next is that by utility.
    """
    noise = np.random.default_rng(seed).gumbel(size=utility.shape)
    return np.argsort(-(utility + noise), axis=1, kind="stable")[:, :n_picks]
