"""The service of practice/workflow: a picture comes in, a class goes out.

Run it from the book's folder:

    MODEL=surfaces.onnx uvicorn main:app --app-dir chapters/practice/app
"""

import io
import os
import warnings
from collections.abc import Awaitable, Callable

import numpy as np
import onnxruntime
from fastapi import FastAPI, HTTPException, Request, Response, UploadFile
from fastapi.responses import JSONResponse
from PIL import Image, ImageOps

from utils.workflow import CLASSES, prepare

FORMATS = "JPEG", "PNG", "WEBP"  # other decoders of Pillow are never called
MAX_BYTES = 2_000_000
FRAME = 10_000  # bytes of the form around the file, at most
SMALLEST, LARGEST = 48, 4096  # pixels on a side
TOO_MANY = f"The file has more than {MAX_BYTES:,} bytes."

app = FastAPI(title="Which surface is it?")
session = onnxruntime.InferenceSession(
    os.environ["MODEL"], providers=["CPUExecutionProvider"]
)


@app.middleware("http")
async def bounded(
    request: Request, go_on: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Refuse by the length in the header: FastAPI writes to disk what it receives."""
    if request.method == "POST":
        length = request.headers.get("content-length", "")
        if not length.isdecimal():
            return JSONResponse({"detail": "Send the length of the upload."}, 411)
        if int(length) > MAX_BYTES + FRAME:
            return JSONResponse({"detail": TOO_MANY}, 413)
    return await go_on(request)


@app.get("/health")
def health() -> dict[str, str]:
    """Say that the service is up."""
    return {"status": "ok"}


@app.post("/predict")
def predict(file: UploadFile) -> dict[str, object]:
    """Return the class of an uploaded picture and how probable it is."""
    pixels = np.moveaxis(prepare(opened(file)), -1, 0)[None].astype(np.float32) / 255
    (logits,) = session.run(None, {"images": pixels})
    p = np.exp(logits[0] - logits[0].max())
    p /= p.sum()
    best = int(p.argmax())
    return {"class": CLASSES[best], "probability": round(float(p[best]), 3)}


def opened(file: UploadFile) -> Image.Image:
    """Read an upload, or refuse it with a status and a sentence."""
    content = file.file.read(MAX_BYTES + 1)
    if not content:
        raise HTTPException(400, "The file is empty.")
    if len(content) > MAX_BYTES:
        raise HTTPException(413, TOO_MANY)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=FORMATS)  # the header
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise HTTPException(415, "The file is no JPEG, PNG or WebP picture.") from None
    if min(picture.size) < SMALLEST or max(picture.size) > LARGEST:
        width, height = picture.size
        raise HTTPException(
            422, f"{width} × {height} pixels; send {SMALLEST} to {LARGEST} on a side."
        )
    if picture.mode.startswith("I"):  # Pillow would make white of nearly all greys
        raise HTTPException(415, "The picture has 16 bits a channel; send 8.")
    try:
        picture = ImageOps.exif_transpose(picture)  # the pixels, only now
        return picture.convert("RGB")
    except Exception:  # a decoder raises whatever it stumbles on
        raise HTTPException(415, "The picture is damaged.") from None
