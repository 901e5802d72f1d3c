"""A small published language model: stories260k, of the architecture of Llama 2.

260,032 parameters, trained on TinyStories by A. Karpathy (MIT licence). A data
directory may hold it as published, in the layout of llama2.c, or as NumPy arrays.
"""

from __future__ import annotations

import io
import json
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utils.data.dataset import DataError
from utils.data.store import PublicFile, data_dir, find

_HUB = "https://huggingface.co/karpathy/tinyllamas/resolve/main/stories260K"
MODEL = PublicFile(
    path="stories260k/stories260K.bin",
    sha256="b0a507e7ad0f626624f17112325e66691f9076d622e1d3274d103d00299f2696",
    size=1_056_540,
    urls=(f"{_HUB}/stories260K.bin",),
)
PIECES = PublicFile(
    path="stories260k/tok512.bin",
    sha256="037cb335abb25d1fa9e8ecae30ed2a3a8ace9302862ebcdc05d51a6bbb10c312",
    size=6_227,
    urls=(f"{_HUB}/tok512.bin",),
)
MODEL_ARRAYS = PublicFile(
    path="stories260k/stories260K.npz",
    sha256="c505681d533877122812dade579d0ff452c33d1683bff07b335df20966eb907a",
    size=1_043_110,
)
PIECES_JSON = PublicFile(
    path="stories260k/tok512.json",
    sha256="93dfadf91f1e4d411a6fce0ed5bb8d4b1962540a6cc5dc72a28cc4a80857f719",
    size=7_493,
)
SIZES = ("dim", "hidden_dim", "n_layers", "n_heads", "n_kv_heads", "vocab_size")
_PARTS = {f"w{letter}": "attention." for letter in "qkvo"}
_PARTS |= {f"w{k}": "feed_forward." for k in (1, 2, 3)}
FloatArray = NDArray[np.float32]


@dataclass(frozen=True, repr=False, eq=False)
class Llama:
    """A model of llama2.c in arrays.

    Attributes:
        config: Its sizes: `dim`, `hidden_dim`, `n_layers`, `n_heads`, `n_kv_heads`,
            `vocab_size`, `seq_len`.
        arrays: float32 by name. Matrices are (out, in); those of the blocks lie on top
            of each other, block first.
        pieces: The text of each token.
        scores: Which two pieces are merged first: those whose joint score is highest.
        source: Where it came from, in words.
    """

    config: dict[str, int]
    arrays: dict[str, FloatArray]
    pieces: list[str]
    scores: list[float]
    source: str

    def __repr__(self) -> str:
        count = sum(array.size for array in self.arrays.values())
        return f"a Llama of {count:,} parameters, {self.source}"


def stories260k() -> Llama:
    """Finds, checks and reads the model and its tokens.

    Raises:
        DataError: A file is damaged or out of reach.
    """
    top = data_dir()
    if top and (top / MODEL_ARRAYS.path).exists():
        content, place = find(MODEL_ARRAYS)
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        names = (*SIZES, "seq_len")
        config = dict(zip(names, arrays.pop("config").tolist(), strict=True))
    else:
        content, place = find(MODEL)
        config, arrays = read_llama(content)
    if top and (top / PIECES_JSON.path).exists():
        kept = json.loads(find(PIECES_JSON)[0])
        pieces, scores = kept["tokens"], kept["scores"]
    else:
        pieces, scores = read_pieces(find(PIECES)[0], config["vocab_size"])
    source = f"stories260K of karpathy/tinyllamas, {place}"
    return Llama(config, arrays, pieces, scores, source)


def state(model: Llama) -> dict[str, FloatArray]:
    """Names the arrays as the parameters of `utils.language_model.LanguageModel`."""
    arrays = model.arrays
    found = {"tok_embeddings.weight": arrays["tok_embeddings"]}
    found |= {"output.weight": arrays["tok_embeddings"], "norm.weight": arrays["norm"]}
    for i in range(model.config["n_layers"]):
        for name, stack in arrays.items():
            if stack.ndim == 3 or name in ("attention_norm", "ffn_norm"):
                found[f"layers.{i}.{_PARTS.get(name, '')}{name}.weight"] = stack[i]
    return found


def shapes_of(config: dict[str, int]) -> dict[str, tuple[int, ...]]:
    """The arrays of a model in the order of llama2.c's files, with their shapes."""
    d, m, n, heads, kv_heads, v = (config[name] for name in SIZES)
    kv = d // heads * kv_heads
    return {
        "tok_embeddings": (v, d),
        "attention_norm": (n, d),
        "wq": (n, d, d),
        "wk": (n, kv, d),
        "wv": (n, kv, d),
        "wo": (n, d, d),
        "ffn_norm": (n, d),
        "w1": (n, m, d),
        "w2": (n, d, m),
        "w3": (n, m, d),
        "norm": (d,),
    }


def read_llama(content: bytes) -> tuple[dict[str, int], dict[str, FloatArray]]:
    """Reads a model file of llama2.c: seven sizes, then the arrays, float32.

    What stands behind them, tables of cosines and sines, is computed where it is
    needed.

    Raises:
        DataError: The file is too short, or its logits have a matrix of their own.
    """
    if len(content) < 28:
        raise DataError(
            f"a model of llama2.c has 28 bytes and more, not {len(content)}"
        )
    sizes = struct.unpack("<7i", content[:28])
    config = dict(zip((*SIZES, "seq_len"), sizes, strict=True))
    if min(config.values()) < 1:
        raise DataError(
            f"its sizes are {config}: all should be 1 or more, tied matrices"
        )
    arrays, at = {}, 28
    for name, shape in shapes_of(config).items():
        size = int(np.prod(shape))
        if at + 4 * size > len(content):
            raise DataError(f"the model file ends at {len(content):,} bytes, in {name}")
        flat = np.frombuffer(content, "<f4", size, at)
        arrays[name], at = flat.reshape(shape).copy(), at + 4 * size
    return config, arrays


def read_pieces(content: bytes, size: int) -> tuple[list[str], list[float]]:
    """Reads the tokens of llama2.c: each a score, a length, and that many bytes."""
    pieces: list[str] = []
    scores: list[float] = []
    at = 4  # the first number is the length of the longest
    for _ in range(size):
        score, length = struct.unpack_from("<fi", content, at)
        piece = content[at + 8 : at + 8 + length].decode("utf-8")
        at += 8 + length
        pieces.append(piece.strip("\n") if len(pieces) < 3 else piece)
        scores.append(score)
    return pieces, scores
