"""The service of practice/workflow: a picture comes in, a class goes out.

Run it from the book's folder:

    MODEL=surfaces.onnx uvicorn main:app --app-dir chapters/practice/app
"""

import io
import os
import warnings

import numpy as np
import onnxruntime
from fastapi import FastAPI, HTTPException, UploadFile
from PIL import Image

from utils.workflow import CLASSES, prepare

MAX_BYTES = 2_000_000
SMALLEST, LARGEST = 48, 4096  # pixels on a side

app = FastAPI(title="Which surface is it?")
session = onnxruntime.InferenceSession(
    os.environ["MODEL"], providers=["CPUExecutionProvider"]
)
temperature = float(os.environ.get("TEMPERATURE", "1"))


@app.get("/health")
def health() -> dict[str, str]:
    """Say that the service is up."""
    return {"status": "ok"}


@app.post("/predict")
def predict(file: UploadFile) -> dict[str, object]:
    """Return the class of an uploaded picture and how probable it is."""
    pixels = np.moveaxis(prepare(opened(file)), -1, 0)[None].astype(np.float32) / 255
    (logits,) = session.run(None, {"images": pixels})
    scores = logits[0] / temperature
    p = np.exp(scores - scores.max())
    p /= p.sum()
    best = int(p.argmax())
    return {"class": CLASSES[best], "probability": round(float(p[best]), 3)}


def opened(file: UploadFile) -> Image.Image:
    """Read an upload, or refuse it with a status and a sentence."""
    content = file.file.read(MAX_BYTES + 1)
    if not content:
        raise HTTPException(400, "The file is empty.")
    if len(content) > MAX_BYTES:
        raise HTTPException(413, f"The file has more than {MAX_BYTES:,} bytes.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content))  # the header only, so far
    except (OSError, Image.DecompressionBombError):
        raise HTTPException(415, "The file is not a picture.") from None
    if min(picture.size) < SMALLEST or max(picture.size) > LARGEST:
        width, height = picture.size
        raise HTTPException(
            422, f"{width} × {height} pixels; send {SMALLEST} to {LARGEST} on a side."
        )
    try:
        return picture.convert("RGB")  # the pixels, only now
    except (OSError, SyntaxError, ValueError):
        raise HTTPException(415, "The picture is damaged.") from None
