"""WeUI's rules for the components our pages use: `python -m scripts.lib.extract_weui WEUI_CSS TARGET`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

USED = {
    "weui-btn", "weui-btn_default", "weui-btn_primary", "weui-btn_warn", "weui-icon-info", "weui-icon-success",
    "weui-icon-waiting", "weui-icon-warn", "weui-loading",
}  # fmt: skip

_CLASS = re.compile(r"\.([\w-]+)")


def main(source: Path, target: Path) -> None:
    """Write the rules all of whose classes are used, in light colours only: pages have one theme."""
    css = source.read_text(encoding="utf-8")
    notice, _, css = css.partition("*/")
    css = _without_at_rules(css)
    rules = [
        f"{','.join(kept)}{{{body}}}"
        for selectors, block in re.findall(r"([^{}]+)\{([^{}]*)\}", css)
        if (kept := [one for one in selectors.split(",") if _is_used(one)]) and (body := _plain(block))
    ]
    target.write_text(
        f"{notice.rstrip()}\n * Extract: what our pages use.\n */\n" + "\n".join(rules) + "\n", "utf-8"
    )


def _without_at_rules(css: str) -> str:
    """Media queries and key frames hold rules of their own, which are not kept."""
    return re.sub(r"@[^{};]+\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", css)


def _is_used(selector: str) -> bool:
    classes = set(_CLASS.findall(selector))
    generic = 'class^="weui-icon-"' in selector and not classes
    return generic or (bool(classes) and classes <= USED)


def _plain(block: str) -> str:
    """Without what names a variable, before which stands the same with its value, and without prefixes that only
    phones needed which are no more; masks still need theirs."""
    wanted = [one for one in block.split(";") if one and "var(" not in one]
    return ";".join(one for one in wanted if not one.startswith("-webkit-") or one.startswith("-webkit-mask"))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
