"""What a phone's camera makes of a card, in three tiers, from a seed."""

from __future__ import annotations

import enum
import io
import random
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from bench.cards import faces
from bench.cards.holders import Holder, make_up

Pixels = npt.NDArray[Any]


class Tier(enum.StrEnum):
    """How hard a photo is to read."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


@dataclass(frozen=True)
class _Conditions:
    """Ranges a tier draws from. Fractions are of the card's or the photo's side; angles are degrees."""

    sides: tuple[int, ...]
    fills: tuple[float, float]
    tilt: float
    turns: tuple[int, ...]
    perspective: float
    blur: tuple[float, float]
    motion: int
    light: tuple[float, float]
    noise: tuple[float, float]
    shadow: float
    glare: tuple[float, float]
    quality: tuple[int, int]


_CONDITIONS = {
    Tier.EASY: _Conditions(
        (1600, 2000, 2400), (0.75, 0.95), 5, (0,), 0.02, (0.0, 0.7), 0, (0.85, 1.05), (1, 4), 0.15, (0, 0),
        (82, 95),
    ),
    Tier.MEDIUM: _Conditions(
        (1400, 1800, 2400), (0.6, 0.85), 14, (0, 0, 90, 180, 270), 0.06, (0.5, 1.3), 3, (0.6, 1.1), (3, 9), 0.4,
        (0.0, 0.45), (60, 85),
    ),
    Tier.HARD: _Conditions(
        (1200, 1600, 2000), (0.5, 0.75), 30, (0, 90, 180, 270), 0.11, (0.8, 1.9), 6, (0.3, 1.1), (6, 16), 0.6,
        (0.3, 0.85), (38, 65),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Photo:
    """A photo and what a perfect reader would find in it."""

    tier: Tier
    side: str
    holder: Holder
    jpeg: bytes


def photos(seed: int, tier: Tier, count: int) -> list[Photo]:
    """`count` photos of as many people; three of four show the front."""
    return [photo(seed, tier, number) for number in range(count)]


def photo(seed: int, tier: Tier, number: int) -> Photo:
    """One photo, the same for the same arguments."""
    chance = random.Random(f"{seed}/{tier}/{number}")  # noqa: S311 - repeatable on purpose
    holder = make_up(chance)
    side = "BACK" if number % 4 == 3 else "FRONT"
    card = faces.front(holder, chance) if side == "FRONT" else faces.back(holder, chance)
    return Photo(tier, side, holder, _take(card, _CONDITIONS[tier], chance))


def _take(card: Image.Image, conditions: _Conditions, chance: random.Random) -> bytes:
    noise = np.random.default_rng(chance.getrandbits(64))
    scene, corners = _place(np.asarray(card)[:, :, ::-1], conditions, chance, noise)
    scene = _light(scene, corners, conditions, chance)
    scene = _blur(scene, conditions, chance)
    grain = chance.uniform(*conditions.noise)
    scene = scene + noise.normal(0, grain, scene.shape).astype(np.float32)
    pixels = np.clip(scene, 0, 255).astype(np.uint8)
    taken = io.BytesIO()
    Image.fromarray(pixels[:, :, ::-1]).save(taken, "JPEG", quality=chance.randint(*conditions.quality))
    return taken.getvalue()


def _place(
    card: Pixels, conditions: _Conditions, chance: random.Random, noise: np.random.Generator
) -> tuple[Pixels, Pixels]:
    """The card on a table, turned, tilted and seen from the side; and where its corners are."""
    long = chance.choice(conditions.sides)
    turn = chance.choice(conditions.turns)
    width, height = (long, long * 3 // 4) if turn % 180 == 0 else (long * 3 // 4, long)
    if chance.random() < 0.2:
        width, height = height, width
    fill = chance.uniform(*conditions.fills) * width / faces.WIDTH
    if turn % 180:
        fill = chance.uniform(*conditions.fills) * height / faces.WIDTH
    angle = np.deg2rad(turn + chance.uniform(-conditions.tilt, conditions.tilt))
    corners = np.array([[0, 0], [faces.WIDTH, 0], [faces.WIDTH, faces.HEIGHT], [0, faces.HEIGHT]], np.float32)
    turning = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    seen = (corners - corners.mean(0)) @ turning.T
    seen += np.array(
        [[chance.uniform(-1, 1) * conditions.perspective * faces.HEIGHT for _ in "xy"] for _ in corners]
    )
    spread = seen.max(0) - seen.min(0)
    fill = min(fill, 0.97 * width / spread[0], 0.97 * height / spread[1])
    seen = (seen - (seen.max(0) + seen.min(0)) / 2) * fill
    slack = (np.array([width, height]) - spread * fill) / 2
    seen += np.array([width, height]) / 2 + slack * np.array([chance.uniform(-0.8, 0.8) for _ in "xy"])
    matrix = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    source = cv2.GaussianBlur(card, (0, 0), max(0.01, 0.35 / fill)) if fill < 1 else card
    table = _table(width, height, chance, noise)
    shown = cv2.warpPerspective(source, matrix, (width, height), flags=cv2.INTER_LINEAR)
    mask = np.zeros(card.shape[:2], np.float32)
    cv2.rectangle(mask, (20, 0), (faces.WIDTH - 21, faces.HEIGHT), 1.0, -1)
    cv2.rectangle(mask, (0, 20), (faces.WIDTH, faces.HEIGHT - 21), 1.0, -1)
    for x in (20, faces.WIDTH - 21):
        for y in (20, faces.HEIGHT - 21):
            cv2.circle(mask, (x, y), 20, 1.0, -1)
    mask = cv2.warpPerspective(mask, matrix, (width, height))[:, :, None]
    return np.asarray(shown * mask + table * (1 - mask), np.float32), seen


def _table(width: int, height: int, chance: random.Random, noise: np.random.Generator) -> Pixels:
    colour = np.array([chance.uniform(40, 210) for _ in range(3)]) * 0.4 + chance.uniform(30, 140)
    rough = noise.normal(0, chance.uniform(2, 14), (max(2, height // 40), max(2, width // 8), 3))
    grain = cv2.resize(rough.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(colour + grain, 0, 255)


def _light(scene: Pixels, corners: Pixels, conditions: _Conditions, chance: random.Random) -> Pixels:
    """Light that is too much, too little, uneven, or reflected by the card."""
    height, width = scene.shape[:2]
    xs, ys = np.meshgrid(
        np.linspace(0, 1, width, dtype=np.float32), np.linspace(0, 1, height, dtype=np.float32)
    )
    scene = scene * chance.uniform(*conditions.light)
    scene *= np.array([chance.uniform(0.9, 1.05) for _ in range(3)], np.float32)
    angle = chance.uniform(0, 2 * np.pi)
    distance = (xs - chance.uniform(0.3, 0.7)) * np.cos(angle) + (ys - chance.uniform(0.3, 0.7)) * np.sin(
        angle
    )
    edge = 1 / (1 + np.exp(-distance / chance.uniform(0.02, 0.2)))
    scene *= (1 - chance.uniform(0, conditions.shadow) * edge)[:, :, None]
    strength = chance.uniform(*conditions.glare)
    if strength > 0 and chance.random() < 0.6:
        share = chance.uniform(0.1, 0.9), chance.uniform(0.1, 0.9)
        x, y = (corners.min(0) + share * (corners.max(0) - corners.min(0))) / (width, height)
        across, along = chance.uniform(0.02, 0.07), chance.uniform(0.03, 0.16)
        spot = np.exp(-(((xs - x) / along) ** 2 + ((ys - y) / across) ** 2))
        scene += (scene.max() * 0.2 + 235 - scene) * (strength * spot)[:, :, None]
    return np.asarray(scene, np.float32)


def _blur(scene: Pixels, conditions: _Conditions, chance: random.Random) -> Pixels:
    """Out of focus, then shaken. Both in pixels of a photo 1600 wide."""
    scale = max(scene.shape[:2]) / 1600
    sigma = chance.uniform(*conditions.blur) * scale
    if sigma > 0.2:
        scene = cv2.GaussianBlur(scene, (0, 0), sigma)
    length = round(chance.uniform(0, conditions.motion) * scale)
    if length > 1:
        kernel = np.zeros((length, length), np.float32)
        angle = chance.uniform(0, np.pi)
        centre = (length - 1) / 2
        for step in np.linspace(-centre, centre, length * 4):
            kernel[round(centre + step * np.sin(angle)), round(centre + step * np.cos(angle))] = 1
        scene = cv2.filter2D(scene, -1, kernel / kernel.sum())
    return scene
