"""Books and planted picks: read from tiny files, drawn as they say."""

import hashlib

import numpy as np
import pytest

from utils import data
from utils.data import ratings
from utils.data.store import PublicFile

RATED = "user_id,book_id,rating\n62,30,5\n62,10,3\n7,30,4\n"
KNOWN = (
    "book_id,title,authors,original_publication_year\n"
    '10,"Emma, a novel","Jane Austen, Somebody",1815\n'
    "30,Dracula,Bram Stoker,1897\n"
)


@pytest.fixture
def few_books(monkeypatch, data_dir):
    for name, text in (("RATINGS", RATED), ("BOOKS", KNOWN)):
        content, path = text.encode(), getattr(ratings, name).path
        record = PublicFile(path, hashlib.sha256(content).hexdigest(), len(content))
        monkeypatch.setattr(ratings, name, record)
        (data_dir / path).parent.mkdir(exist_ok=True)
        (data_dir / path).write_bytes(content)


def test_users_and_books_are_numbered_from_zero(few_books):
    books = ratings.goodbooks()
    assert books.user.tolist() == [1, 1, 0]
    assert books.book.tolist() == [1, 0, 1]
    assert books.stars.tolist() == [5, 3, 4]
    assert books.stars.dtype == np.float32
    assert books.titles == ["Emma, a novel (Jane Austen)", "Dracula (Bram Stoker)"]


def test_books_that_are_nowhere_say_where_to_put_them(data_dir):
    with pytest.raises(data.DataError, match=r"goodbooks/ratings\.csv"):
        ratings.goodbooks()


def test_picks_are_drawn_by_their_probability_and_never_twice():
    utility = np.tile([0.0, 1.0, 2.0], (30_000, 1))
    picks = ratings.planted_picks(utility, 2, seed=0)
    assert (picks[:, 0] != picks[:, 1]).all()
    chance = np.exp(utility[0]) / np.exp(utility[0]).sum()
    first = np.bincount(picks[:, 0], minlength=3) / len(picks)
    assert np.abs(first - chance).max() < 0.015
    after = picks[picks[:, 0] == 2, 1]  # what is drawn once the best is gone
    assert abs(np.mean(after == 1) - np.e / (1 + np.e)) < 0.02
    assert (picks == ratings.planted_picks(utility, 2, seed=0)).all()
