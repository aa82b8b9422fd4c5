"""Pictures of every page and state at three sizes, small enough to be kept in the repository."""

from __future__ import annotations

import functools
import io
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.e2e.looks import WECHAT_TEXT, View, show

VIEWS = {
    "390 px": View(390), "390 px，大字版": View(390, large=True),
    f"320 px，微信字体 {WECHAT_TEXT} %": View(320, text=WECHAT_TEXT),
}  # fmt: skip
_SUBJECTS = {
    "登录": ("login", "login_code", "card_camera", "card_check"),
    "首页": ("menu", "orders", "problem"),
    "缴费": ("payer", "asking", "choice", "agency", "confirmation", "check", "back_payment", "payment"),
    "结果": ("order_waiting", "order_payable", "order_paid", "order_reminder", "order_failed", "order_refund"),
    "代他人缴费": ("insured", "removal", "household", "member", "paid_for_others"),
    "一次为多人缴费": (
        "batch_people", "batch_person", "batch_terms", "batch_asking", "batch_line", "batch_check", "batch_payment",
    ),
    "社保费查询和申报": (
        "contributions", "contribution_people", "contribution_result", "declarations", "declaration_void", "voiding",
        "standards",
    ),
    "三方协议": (
        "agreements", "agreement_consent", "agreement_account", "agreement_authority", "agreement_check",
        "agreement_waiting", "agreement", "agreement_cancellation",
    ),
    "缴费证明": (
        "certificates", "certificate_form", "certificate_waiting", "certificate", "certificate_replacement",
        "download_link", "check_certificate", "checked", "schools", "school_roll", "school_batch", "school_link",
    ),
    "我的": ("account", "reminders", "sessions", "consents", "export", "deletion"),
}  # fmt: skip
"""Pages by what they are about, as residents meet them; others come last."""

JOURNEY = "test_a_resident_logs_in_pays_and_is_reminded"
"""The test that the main journey's pictures are taken of: one resident from the login to the result."""

_STEPS = (
    "login", "menu", "payer", "choice", "confirmation", "check", "payment", "order_paid",
)  # fmt: skip
_TALLEST = 1200
_THUMB, _GAP = 300, 12
_STYLE = Path(__file__).parents[2] / "services" / "gateway" / "static" / "app.css"


@dataclass(frozen=True)
class _Taken:
    name: str
    template: str
    heading: str


class Gallery:
    """Pictures in a folder, and a page that shows them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._taken: list[_Taken] = []
        self._steps: dict[str, Image.Image] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.webp"):
            old.unlink()

    def take(self, page: Page, template: str, heading: str) -> None:
        """One state of a page."""
        number = 1 + sum(one.template == template for one in self._taken)
        taken = _Taken(f"{template}-{number}" if number > 1 else template, template, heading)
        self._taken.append(taken)
        for key, view in enumerate(VIEWS.values()):
            show(page, view)
            _save(_photo_of(page), self._folder / f"{taken.name}.{key}.webp")

    def take_step(self, page: Page, template: str) -> None:
        """A page of the main journey, the first time its resident comes there."""
        if template in _STEPS and template not in self._steps:
            self._steps[template] = _photo_of(page)

    def write_index(self) -> None:
        """README.md beside the pictures, and the main journey as one."""
        lines = ["# 全部页面", "", "由 `scripts/gallery` 生成：端到端测试走到的每个页面和状态，三种尺寸。"]
        known = [name for names in _SUBJECTS.values() for name in names]
        others = [one.template for one in self._taken if one.template not in known]
        for subject, names in {**_SUBJECTS, "其他": tuple(dict.fromkeys(others))}.items():
            rows = [one for name in names for one in self._taken if one.template == name]
            if rows:
                lines += [
                    "",
                    f"## {subject}",
                    "",
                    f"| 页面 | {' | '.join(VIEWS)} |",
                    "|---" * (1 + len(VIEWS)) + "|",
                ]
                lines += [self._row(one) for one in rows]
        (self._folder / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
        if len(self._steps) == len(_STEPS):
            self._write_journey()

    def _row(self, taken: _Taken) -> str:
        pictures = [
            f'<img src="{taken.name}.{key}.webp" width="{view.width // 2}" alt="{taken.heading}，{name}">'
            for key, (name, view) in enumerate(VIEWS.items())
        ]
        return f"| {taken.heading}<br>`{taken.name}` | {' | '.join(pictures)} |"

    def _write_journey(self) -> None:
        photos = [self._steps[name] for name in _STEPS]
        thumbs = [photo.resize((_THUMB, photo.height * _THUMB // photo.width)) for photo in photos]
        half = len(thumbs) // 2
        rows = [thumbs[:half], thumbs[half:]]
        heights = [min(max(one.height for one in row), 2 * _THUMB) for row in rows]
        size = half * (_THUMB + _GAP) + _GAP, sum(heights) + 3 * _GAP
        sheet = Image.new("RGB", size, "#c9ced6")
        top = _GAP
        for row, height in zip(rows, heights, strict=True):
            for column, one in enumerate(row):
                whole = Image.new("RGB", (_THUMB, height), "#f2f4f7")
                whole.paste(one, (0, 0))
                sheet.paste(whole, (_GAP + column * (_THUMB + _GAP), top))
            top += height + _GAP
        _save(sheet, self._folder / "journey.webp")


def _photo_of(page: Page) -> Image.Image:
    photo = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    return photo.crop((0, 0, photo.width, min(photo.height, _TALLEST)))


def _save(photo: Image.Image, path: Path) -> None:
    """Pages are of few colours: in these, without loss, a picture is the smallest."""
    few = photo.quantize(palette=_palette(), dither=Image.Dither.NONE).convert("RGB")
    few.save(path, "WEBP", lossless=True, quality=80, method=4)


@functools.cache
def _palette() -> Image.Image:
    """The colours of the style sheet, and how letters fade from them into paper."""
    css = _STYLE.read_text(encoding="utf-8")
    named = sorted({tuple(bytes.fromhex(colour)) for colour in re.findall(r"#([0-9a-f]{6})\b", css)})
    faded = [
        tuple(255 - (255 - part) * share // 3 for part in colour) for colour in named for share in (1, 2)
    ]
    colours = [(255, 255, 255), *named, *faded]
    image = Image.new("P", (1, 1))
    image.putpalette([part for colour in dict.fromkeys(colours) for part in colour])
    return image
