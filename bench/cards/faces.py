"""The two sides of a second-generation card, 85.6 × 54 mm, in the layout of GA 490."""

from __future__ import annotations

import math
import random
from functools import cache

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from bench.cards.holders import Holder

WIDTH, HEIGHT = 1284, 810
"""15 pixels a millimetre."""

_BLUE, _INK = (52, 108, 168), (34, 34, 38)
_NOTO = "/usr/share/fonts/opentype/noto/NotoSansCJK-{}.ttc"
_SERIF = "/usr/share/fonts/opentype/noto/NotoSerifCJK-{}.ttc"
_OCR_B = "/usr/share/fonts/opentype/ocr-b/OCRB.otf"
_SIMPLIFIED = 2
_PITCH = 44
_ADDRESS_LINE = 11
"""Characters in a line of the address; digits count half."""


@cache
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, index=_SIMPLIFIED if path.endswith("ttc") else 0)


def front(holder: Holder, random: random.Random) -> Image.Image:
    """The side with the portrait."""
    card = _blank(random, (238, 246, 250), (228, 222, 240))
    draw = ImageDraw.Draw(card)
    label = _font(_NOTO.format("Regular"), 36)
    value = _font(_NOTO.format("Regular"), 44)
    zhuang = random.random() < 0.5
    birth = holder.birth
    rows = (
        (96, (("姓名", 78), ), ((holder.name, 222),), "Singqmingz"),
        (198, (("性别", 78), ("民族", 390)), ((holder.sex, 222), (holder.nation, 504)), "Singqbied          Minzcuz"),
        (
            298, (("出生", 78), ("年", 352), ("月", 462), ("日", 570)),
            ((str(birth.year), 222), (str(birth.month), 412), (str(birth.day), 518)), "Seng",
        ),
        (400, (("住址", 78),), (), "Dieg"),
    )  # fmt: skip
    for y, labels, values, small in rows:
        for text, x in labels:
            draw.text((x, y), text, font=label, fill=_BLUE, anchor="lm")
        for text, x in values:
            draw.text((x, y), text, font=value, fill=_INK, anchor="lm")
        if zhuang:
            draw.text((78, y - 34), small, font=_font(_NOTO.format("Regular"), 17), fill=_BLUE, anchor="lm")
    for line, text in enumerate(_lines(holder.address)):
        draw.text((222, 400 + 58 * line), text, font=value, fill=_INK, anchor="lm")
    draw.text((78, 700), "公民身份号码", font=label, fill=_BLUE, anchor="lm")
    if zhuang:
        draw.text(
            (78, 664),
            "Gunghminz Sinhfwn Hauhmaj",
            font=_font(_NOTO.format("Regular"), 17),
            fill=_BLUE,
            anchor="lm",
        )
    _number(draw, holder.number)
    _portrait(card, random)
    return card


def back(holder: Holder, random: random.Random) -> Image.Image:
    """The side with the emblem."""
    card = _blank(random, (238, 240, 246), (246, 232, 236))
    draw = ImageDraw.Draw(card)
    _emblem(draw)
    heavy = _font(_SERIF.format("Bold"), 58)
    draw.text((770, 150), "中华人民共和国", font=heavy, fill=_INK, anchor="mm")
    draw.text((770, 276), "居民身份证", font=_font(_SERIF.format("Bold"), 84), fill=_INK, anchor="mm")
    if random.random() < 0.5:
        small = _font(_NOTO.format("Regular"), 20)
        draw.text((770, 98), "CUNGHVAZ YINZMINZ GUNGHOZGOZ", font=small, fill=_INK, anchor="mm")
        draw.text((770, 214), "GIHMINZ SINHFWNCWNG", font=small, fill=_INK, anchor="mm")
    label, value = _font(_NOTO.format("Regular"), 36), _font(_NOTO.format("Regular"), 42)
    for y, name, text in ((610, "签发机关", holder.authority), (706, "有效期限", holder.validity)):
        draw.text((320, y), name, font=label, fill=_INK, anchor="lm")
        draw.text((508, y), text, font=value, fill=_INK, anchor="lm")
    return card


def _number(draw: ImageDraw.ImageDraw, number: str) -> None:
    font = _font(_OCR_B, 56)
    for place, digit in enumerate(number):
        draw.text((424 + place * _PITCH, 700), digit, font=font, fill=_INK, anchor="mm")


def _lines(address: str) -> list[str]:
    lines, room = [""], float(_ADDRESS_LINE)
    for character in address:
        width = 0.6 if character.isascii() else 1.0
        if room < width:
            lines.append("")
            room = float(_ADDRESS_LINE)
        lines[-1] += character
        room -= width
    return lines


def _blank(random: random.Random, left: tuple[int, int, int], right: tuple[int, int, int]) -> Image.Image:
    """Two tints with the fine waves of a banknote."""
    row = Image.new("RGB", (WIDTH, 1))
    for x in range(WIDTH):
        share = x / WIDTH
        row.putpixel((x, 0), tuple(round(a + (b - a) * share) for a, b in zip(left, right, strict=True)))  # type: ignore[arg-type]
    card = row.resize((WIDTH, HEIGHT))
    draw = ImageDraw.Draw(card)
    for number in range(26):
        phase, base = random.random() * 6.3, HEIGHT * number / 26
        wave = [(x, base + 16 * math.sin(x / 70 + phase) + 5 * math.sin(x / 17)) for x in range(0, WIDTH, 6)]
        draw.line(wave, fill=random.choice(((206, 222, 234), (224, 212, 228), (208, 230, 224))), width=2)
    return card


def _portrait(card: Image.Image, random: random.Random) -> None:
    """Head and shoulders of nobody."""
    picture = Image.new("RGB", (390, 470), (236, 238, 240))
    draw = ImageDraw.Draw(picture)
    skin = random.choice(((226, 190, 164), (208, 166, 138), (236, 204, 182)))
    draw.ellipse((40, 330, 350, 700), fill=random.choice(((40, 46, 66), (90, 40, 44), (60, 70, 60))))
    draw.rectangle((165, 270, 225, 350), fill=skin)
    draw.ellipse((105, 70, 285, 320), fill=skin)
    draw.pieslice((98, 52, 292, 250), 180, 360, fill=(28, 24, 24))
    for eye in (155, 235):
        draw.ellipse((eye - 14, 180, eye + 14, 192), fill=(40, 30, 30))
    draw.arc((160, 225, 230, 275), 20, 160, fill=(150, 70, 70), width=5)
    card.paste(picture.filter(ImageFilter.GaussianBlur(2)), (820, 100))


def _emblem(draw: ImageDraw.ImageDraw) -> None:
    draw.ellipse((96, 84, 316, 304), fill=(196, 60, 56))
    draw.ellipse((126, 110, 286, 270), outline=(232, 190, 90), width=8)
    for angle in range(5):
        x, y = 206 + 46 * math.cos(angle * 1.256), 176 + 46 * math.sin(angle * 1.256)
        draw.regular_polygon((x, y, 13), 5, fill=(240, 206, 90))
    draw.rectangle((160, 236, 252, 252), fill=(232, 190, 90))
