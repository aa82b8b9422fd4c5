"""Amounts of money in 大写, as documents write them."""

from __future__ import annotations

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")


def capital(fen: int) -> str:
    """Fen in 大写: 38000 → 叁佰捌拾元整, 1000503 → 壹万零伍元零叁分. Raises ValueError for what is negative or has more
    than sixteen digits of yuan."""
    if fen < 0 or fen >= 10**18:
        raise ValueError("no amount that is written out")
    yuan, jiao, rest = fen // 100, fen // 10 % 10, fen % 10
    whole = f"{_whole(yuan)}元" if yuan or not fen else ""
    if not jiao and not rest:
        return f"{whole}整"
    parts = f"{_DIGITS[jiao]}角" if jiao else ("零" if whole else "")
    return f"{whole}{parts}{f'{_DIGITS[rest]}分' if rest else '整'}"


def _whole(yuan: int) -> str:
    """Groups of four digits; one 零 stands for any run of missing places between others."""
    if not yuan:
        return _DIGITS[0]
    text, gap = "", False
    for group in reversed(range(4)):
        four = yuan // 10 ** (4 * group) % 10_000
        if not four:
            gap = bool(text)
            continue
        if text and (gap or four < 1000):
            text += _DIGITS[0]
        text += _four(four) + _GROUPS[group]
        gap = False
    return text


def _four(number: int) -> str:
    text, gap = "", False
    for place in reversed(range(4)):
        digit = number // 10**place % 10
        if digit:
            text += (_DIGITS[0] if gap and text else "") + _DIGITS[digit] + _PLACES[place]
            gap = False
        else:
            gap = True
    return text
