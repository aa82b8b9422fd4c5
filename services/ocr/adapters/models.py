"""The three neural models that ship in rapidocr's wheel, run by ONNX Runtime or OpenVINO.

Only the wheel's files are used: its own pipeline reads pages, ours reads cards. The first model finds text, the second
says which way up it is, the third spells it.
"""

from __future__ import annotations

import importlib.resources
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np

from services.ocr.reading.ctc import Alphabet, Probabilities
from services.ocr.reading.geometry import Pixels, Quad, grown

_DETECT, _TURN, _SPELL = (
    "PP-OCRv6_det_small.onnx",
    "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "PP-OCRv6_rec_small.onnx",
)
_INK, _BOX = 0.3, 0.45
_UNCLIP = 1.6
_HEIGHT, _BUCKET, _WIDEST = 48, 80, 1280
"""A line is spelled at this height; widths come in steps, so that the runtime keeps few buffers."""
_BATCH = 4

Run = Callable[[Pixels], Pixels]


class Models:
    """The models, loaded once per worker process. `runtime` is `onnxruntime` or `openvino`."""

    def __init__(self, runtime: str, threads: int) -> None:
        load = _openvino if runtime == "openvino" else _onnxruntime
        folder = importlib.resources.files("rapidocr") / "models"
        self._detect, self._turn, self._spell = (
            load(str(folder / name), threads) for name in (_DETECT, _TURN, _SPELL)
        )
        self.alphabet = Alphabet([*_characters(str(folder / _SPELL)), " "])

    def find(self, image: Pixels, long: int) -> list[Quad]:
        """Where text is, as turned rectangles of the image, looked for on a copy `long` pixels long."""
        scale = long / max(image.shape[:2])
        height, width = (max(32, round(side * scale / 32) * 32) for side in image.shape[:2])
        shrunk = cv2.resize(
            image, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        )
        heat = self._detect(_normal(shrunk)[None])[0, 0]
        mask = cv2.dilate((heat > _INK).astype(np.uint8), np.ones((2, 2), np.uint8))
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        factors = np.array([image.shape[1] / width, image.shape[0] / height], np.float32)
        quads = (_quad(contour, heat) for contour in contours)
        return [quad * factors for quad in quads if quad is not None]

    def upside_down(self, crops: Sequence[Pixels]) -> list[float]:
        """For each line, the probability that it stands on its head."""
        batch = np.stack([_normal(_fit(crop, 192)) for crop in crops])
        return [float(seen[1]) for seen in self._turn(batch)]

    def spell(self, crops: Sequence[Pixels]) -> list[Probabilities]:
        """What the model saw in each line, frame by frame."""
        fitted = [_fit(crop, _bucket(crop)) for crop in crops]
        order = sorted(range(len(crops)), key=lambda i: fitted[i].shape[1])
        seen: dict[int, Probabilities] = {}
        for width, same in itertools.groupby(order, key=lambda i: fitted[i].shape[1]):
            for some in itertools.batched(same, _BATCH) if hasattr(itertools, "batched") else _batches(same):
                rows = self._spell(np.stack([_normal(fitted[i]) for i in some]))
                seen.update(
                    {i: _without_padding(row, crops[i], width) for i, row in zip(some, rows, strict=True)}
                )
        return [seen[i] for i in range(len(crops))]


def _batches(items: Any) -> list[list[int]]:
    listed = list(items)
    return [listed[start : start + _BATCH] for start in range(0, len(listed), _BATCH)]


def _quad(contour: Pixels, heat: Pixels) -> Quad | None:
    """The turned rectangle around a spot of text, or None for noise."""
    centre, size, angle = cv2.minAreaRect(contour)
    if min(size) < 3:
        return None
    points = cv2.boxPoints((centre, size, angle))
    x, y, width, height = cv2.boundingRect(contour)
    inside = np.zeros((height, width), np.uint8)
    cv2.fillPoly(inside, [np.int32(points - (x, y))], 1)
    if cv2.mean(heat[y : y + height, x : x + width], inside)[0] < _BOX:
        return None
    # The model marks the core of a line; a rectangle grown on all sides by area/perimeter holds it all.
    return grown(points, size[0] * size[1] * _UNCLIP / (2 * (size[0] + size[1])))


def _normal(image: Pixels) -> Pixels:
    return np.ascontiguousarray((image.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1))


def _bucket(crop: Pixels) -> int:
    width = crop.shape[1] * _HEIGHT / crop.shape[0]
    return int(min(_WIDEST, max(_BUCKET * 2, np.ceil(width / _BUCKET) * _BUCKET)))


def _fit(crop: Pixels, width: int) -> Pixels:
    """A line at the model's height, padded to a width."""
    shrinking = crop.shape[0] > _HEIGHT
    own = max(1, min(width, round(crop.shape[1] * _HEIGHT / crop.shape[0])))
    line = cv2.resize(crop, (own, _HEIGHT), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)
    fitted = np.full((_HEIGHT, width, 3), 127, np.uint8)
    fitted[:, :own] = line
    return fitted


def _without_padding(row: Probabilities, crop: Pixels, width: int) -> Probabilities:
    own = min(width, crop.shape[1] * _HEIGHT / crop.shape[0])
    return row[: max(1, min(len(row), round(len(row) * own / width) + 2))]


def _onnxruntime(path: str, threads: int) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda batch: session.run(None, {name: batch})[0]


def _openvino(path: str, threads: int) -> Run:
    import openvino

    options = {
        "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
        "CPU_RUNTIME_CACHE_CAPACITY": 64,  # every photo has lines of other lengths; all of them would fill the memory
    }  # fmt: skip
    model = openvino.Core().compile_model(path, "CPU", options)
    request = model.create_infer_request()
    # What it returns is a view of a buffer that the next call overwrites.
    return lambda batch: np.array(request.infer({0: batch})[0])


def _characters(path: str) -> list[str]:
    """The recogniser's characters, which its file carries."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    listed: str = session.get_modelmeta().custom_metadata_map["character"]
    return listed.splitlines()
