"""Drawn faces: people who do not exist, under a light, pose and mood that are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

# What makes a person: for each number its mean and its standard deviation.
TRAITS = {
    "width": (0.62, 0.05),
    "chin": (0.95, 0.06),
    "hair": (-0.52, 0.09),
    "skin": (0.68, 0.06),
    "hair_tone": (0.28, 0.14),
    "eye_gap": (0.27, 0.03),
    "eye_y": (-0.12, 0.045),
    "eye_size": (0.125, 0.02),
    "brow_y": (0.17, 0.03),
    "brow_tilt": (0.0, 0.22),
    "brow_thick": (0.035, 0.012),
    "nose_length": (0.30, 0.06),
    "nose_width": (0.10, 0.025),
    "mouth_y": (0.50, 0.05),
    "mouth_width": (0.24, 0.045),
    "lips": (0.045, 0.014),
}
HIDDEN = ("width", "chin", "hair", "hair_tone")  # by a hood


@dataclass(frozen=True, repr=False, eq=False)
class Faces:
    """Images (N, S, S) from 0 to 1, persons (N,), and the eyes' x, y in them (N, 2, 2).

    The eye on the left of the picture comes first; pixel k reaches from k to k + 1.
    """

    images: Any
    person: Any
    eyes: Any


def people(n: int, seed: int | list[int]) -> Any:
    """Returns n people: a row of standard normal numbers for each, (n, 16)."""
    return np.random.default_rng(seed).normal(size=(n, len(TRAITS)))


def pictures(
    who: Any,
    each: int,
    seed: int | list[int],
    *,
    side: int = 32,
    shift: float = 0.04,
    turn: float = 7.0,
    size: float = 0.04,
    yaw: float = 0.06,
    light: float = 0.5,
    mood: float = 1.0,
    noise: float = 0.02,
    hood: bool = False,
    spread: float = 1.0,
) -> Faces:
    """Draws pictures of people, those of one person in a row.

    Args:
        who: People, as `people` gives them: (P, 16).
        each: Pictures of each.
        seed: The pictures' circumstances depend on nothing else.
        side: Pixels a side.
        shift: Standard deviation of the head's place, in half sides.
        turn: Of its turn in the plane, in degrees.
        size: Of the logarithm of its size.
        yaw: Of how far eyes, nose and mouth move sideways on the head.
        light: Of the light's slope across the picture, and of its strength.
        mood: How much mouth and brows move.
        noise: Of the noise of each pixel.
        hood: Everybody wears the same hood, which hides hair and outline.
        spread: Factor of what varies between people and a hood does not hide.

    Returns:
        The pictures, P times `each`.
    """
    rng = np.random.default_rng(seed)
    n = len(who) * each
    person = np.repeat(np.arange(len(who)), each)
    trait = {}
    for column, (name, (mean, scale)) in zip(
        np.asarray(who)[person].T, TRAITS.items(), strict=True
    ):
        factor = (0.0 if hood else 1.0) if name in HIDDEN else spread
        trait[name] = (mean + factor * scale * column)[:, None, None]

    def draw(scale: float, wide: int = 1) -> Any:
        return scale * rng.normal(size=(n, wide, 1))

    place, angle = draw(shift, 2), np.deg2rad(draw(turn))
    zoom, sideways = np.exp(draw(size)), draw(yaw)
    smile, opened, raised = draw(0.06 * mood), draw(0.03 * mood), draw(0.02 * mood)
    slope, strength, offset = draw(light, 2), np.exp(draw(light / 3)), draw(light / 8)
    # From a pixel to the place on the head: undo the shift, the turn and the size.
    at = 0.95 * ((2 * np.arange(side) + 1) / side - 1)
    right, down = at[None, None, :] - place[:, :1], at[None, :, None] - place[:, 1:]
    c, s = np.cos(angle) / zoom, np.sin(angle) / zoom
    x, y = c * right + s * down, -s * right + c * down
    mood_of = (sideways, smile, opened, np.abs(raised))
    images = np.empty((n, side, side), np.float32)
    for rows in np.split(np.arange(n), range(64, n, 64)):  # what fits in the cache
        some = {name: value[rows].astype(np.float32) for name, value in trait.items()}
        at_x, at_y, *moods = (v[rows].astype(np.float32) for v in (x, y, *mood_of))
        images[rows] = _heads(some, at_x, at_y, moods, hood)
    shade = 1 + slope[:, :1] * right * 0.6 + slope[:, 1:] * down * 0.35
    images = (images * np.clip(shade, 0.15, None) * strength + offset).astype(
        np.float32
    )
    images += noise * rng.standard_normal(images.shape, dtype=np.float32)
    # From the head to the picture, for the two eyes.
    eyes = np.empty((n, 2, 2))
    for k, sign in enumerate((-1, 1)):
        u, v = (sideways + sign * trait["eye_gap"])[:, 0, 0], trait["eye_y"][:, 0, 0]
        c, s, z = np.cos(angle[:, 0, 0]), np.sin(angle[:, 0, 0]), zoom[:, 0, 0]
        eyes[:, k, 0] = z * (c * u - s * v) + place[:, 0, 0]
        eyes[:, k, 1] = z * (s * u + c * v) + place[:, 1, 0]
    return Faces(
        images.clip(0, 1).astype(np.float32), person, (eyes / 0.95 + 1) * side / 2
    )


def _heads(
    trait: dict[str, Any],
    x: Any,
    y: Any,
    mood: list[Any],
    hood: bool,
) -> Any:
    """Paints heads from back to front, at places x, y on the head; edges are soft."""
    sideways, smile, opened, raised = mood
    soft = np.float32(0.7 / x.shape[-1])

    def inside(distance: Any) -> Any:
        return 1 / (1 + np.exp(np.clip(distance / soft, -30, 30)))

    def ellipse(cx: Any, cy: Any, a: Any, b: Any) -> Any:
        radius = np.sqrt(((x - cx) / a) ** 2 + ((y - cy) / b) ** 2)
        return inside((radius - 1) * np.minimum(a, b))

    skin, u = trait["skin"], x - sideways
    image = np.full(x.shape, 0.45, np.float32)

    def paint(mask: Any, tone: Any) -> None:
        image[:] += mask * (tone - image)

    wide, chin = trait["width"], trait["chin"]
    head = np.where(y > 0, chin, 0.9)
    outline = inside((np.sqrt((x / wide) ** 2 + (y / head) ** 2) - 1) * wide)
    around = ellipse(0, -0.1, wide + 0.08, 0.98) * inside(y - 0.1)
    paint(around, trait["hair_tone"])
    paint(outline, skin)
    edge = trait["hair"] - 0.25 * (1 - np.clip(np.abs(x) / wide, 0, 1) ** 2) + 0.18
    paint(outline * inside(y - edge), trait["hair_tone"])
    if hood:
        paint(1 - ellipse(0, 0.05, 0.52, 0.72), 0.3)
    gap, high, big = trait["eye_gap"], trait["eye_y"], trait["eye_size"]
    for sign in (-1, 1):
        cx = sideways + sign * gap
        paint(ellipse(cx, high, big, 0.6 * big), 0.92)
        paint(ellipse(cx, high, 0.5 * big, 0.5 * big), 0.1)
        tilt = trait["brow_tilt"] * sign * (x - cx)
        line = np.abs(y - (high - trait["brow_y"] - raised + tilt))
        reach = np.abs(x - cx) - 1.35 * big
        paint(inside(line - trait["brow_thick"]) * inside(reach), trait["hair_tone"])
    tip = high + trait["nose_length"]
    paint(ellipse(sideways, tip, trait["nose_width"], 0.06), 0.72 * skin)
    bridge = np.abs(u - 0.4 * trait["nose_width"]) - 0.018
    paint(
        0.5 * inside(bridge) * inside(np.abs(y - (high + tip) / 2) - 0.14), 0.7 * skin
    )
    middle, half = trait["mouth_y"], trait["mouth_width"]
    bend = smile * (1 - 2 * (u / half) ** 2)
    thick = trait["lips"] + np.abs(opened)
    mouth = inside(np.abs(y - middle - bend) - thick) * inside(np.abs(u) - half)
    paint(mouth, 0.33)
    return image
