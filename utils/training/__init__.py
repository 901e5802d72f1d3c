"""Training: one `fit` for PyTorch, one for Keras, and the `History` both return.

The first chapter writes its training loop out; every later chapter calls this one.
`loop` holds the loop itself and is where to start reading; `arguments` says what its
arguments mean, `keras` does the same work with Keras, `history` records it and
`progress` shows it.

Importing this package loads neither PyTorch nor Keras.
"""

from utils.training.history import History
from utils.training.keras import fit_keras
from utils.training.loop import evaluate, fit, predict

__all__ = ["History", "evaluate", "fit", "fit_keras", "predict"]
