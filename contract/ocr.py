"""Reading identity cards (requirement 3.2.1.3), served by ocr.

The photo itself never crosses the bus, which may keep what it carries on a disk (docs/adr/0021): a request names where
the gateway holds it in memory, and whoever serves the request fetches it there, once.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from contract.errors import ContractError, Unavailable
from contract.rpc import Method

MAX_PHOTO = 10 * 1024 * 1024
"""Bytes a photo may have."""


class CardSide(enum.StrEnum):
    """Which side of the card: the one with the portrait, or the one with the emblem. Tencent's words."""

    FRONT = "FRONT"
    BACK = "BACK"

    @property
    def label(self) -> str:
        return {"FRONT": "人像面", "BACK": "国徽面"}[self.value]


class CardItem(enum.StrEnum):
    """What a card says."""

    NAME = "name"
    SEX = "sex"
    NATION = "nation"
    BIRTH = "birth"
    ADDRESS = "address"
    NUMBER = "number"
    AUTHORITY = "authority"
    PERIOD = "period"

    @property
    def label(self) -> str:
        return {
            "name": "姓名",
            "sex": "性别",
            "nation": "民族",
            "birth": "出生",
            "address": "住址",
            "number": "公民身份号码",
            "authority": "签发机关",
            "period": "有效期限",
        }[self.value]


class NumberState(enum.IntEnum):
    """Whether the number can be relied on; Baidu's idcard_number_type. VALID is said only of a number whose check digit
    holds, whose every digit is sure, and which fits what else was read."""

    EMPTY = -1
    INVALID = 0
    VALID = 1
    BOTH_DIFFER = 2
    BIRTH_DIFFERS = 3
    SEX_DIFFERS = 4


class CardWarning(enum.IntEnum):
    """What was seen to be wrong with the photo or the card. The numbers are Tencent's where it has one; nothing is
    claimed that was not computed, so copies and photos of screens are not among them."""

    EXPIRED = -9100
    BORDER_CUT = -9101
    REFLECTION = -9107
    BLURRED = -9108
    WRONG_SIDE = -9201
    DARK = -9202
    SMALL = -9203
    CHECK_DIGIT = -9204
    REGION_DIFFERS = -9205

    @property
    def advice(self) -> str:
        """What it is and what to do, for the person who took the photo."""
        return _ADVICE[self]


_ADVICE = {
    CardWarning.EXPIRED: "这张身份证已过有效期限，请换领新证后办理，或者手工填写。",
    CardWarning.BORDER_CUT: "身份证没有拍全，请让整张证件都在画面里，四边留一点空。",
    CardWarning.REFLECTION: "证件上有反光，请换个角度，避开灯光再拍。",
    CardWarning.BLURRED: "照片有些模糊，请拿稳手机，等画面清楚了再拍。",
    CardWarning.WRONG_SIDE: "拍的是另外一面，请翻过来再拍。",
    CardWarning.DARK: "光线太暗，请到亮一点的地方再拍。",
    CardWarning.SMALL: "证件在照片里太小，请靠近一点再拍。",
    CardWarning.CHECK_DIGIT: "身份证号码没有看清，请逐位核对，或者重新拍摄。",
    CardWarning.REGION_DIFFERS: "号码前六位与住址不是同一个地方。迁过户口的属于正常情况，请核对号码。",
}


@dataclass(frozen=True)
class CardField:
    """One item as read. `confidence` is that of its least sure character, 0 to 1; `unsure` are the places, counted from
    0, of characters that should be looked at."""

    item: CardItem
    text: str
    confidence: float
    unsure: tuple[int, ...] = ()


@dataclass(frozen=True)
class ReadCard:
    """Read the photo held at `photo_url`. `side` is the side that was asked for, or None for either."""

    photo_url: str
    side: CardSide | None = None


@dataclass(frozen=True)
class CardReading:
    """A card as read. Birth is ISO 8601; a period is `2015.06.18-2035.06.18` or ends in 长期. Birth and sex are those
    of the number where that is VALID, else the printed ones. Items that were not read are missing."""

    side: CardSide
    fields: tuple[CardField, ...]
    number_state: NumberState
    warnings: tuple[CardWarning, ...]
    engine: str


class UnfitImage(ContractError):
    """Not a photo that can be read: another type, damaged, too many or too few pixels, a bomb."""

    code = "unfit_image"
    text = "这个文件不能识别，请用手机拍照，或者从相册里选一张照片。"
    status = 415


class ImageTooLarge(ContractError):
    """More than MAX_PHOTO bytes."""

    code = "image_too_large"
    text = "照片太大，请把文件控制在10兆以内，或者重新拍一张。"
    status = 413


class CardNotFound(ContractError):
    """A photo, but no card that can be read."""

    code = "card_not_found"
    text = "照片里没有找到身份证，请把证件平放，拍清楚整张证件；也可以手工填写。"
    status = 422


class OcrBusy(Unavailable):
    """The queue is full; `detail["retry_after"]` in seconds."""

    code = "ocr_busy"
    text = "现在识别的人较多，请稍等一会儿再试，或者手工填写。"


class PhotoGone(Unavailable):
    """The gateway holds the photo no more: it was fetched already, or the request came too late."""

    code = "photo_gone"
    text = "识别没有完成，请重新拍摄，或者手工填写。"


read_card = Method(
    "ocr", "read_card", ReadCard, CardReading,
    errors=(UnfitImage, ImageTooLarge, CardNotFound, OcrBusy, PhotoGone), deadline=15,
)  # fmt: skip
