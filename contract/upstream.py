"""What can go wrong on the way to a limited upstream (requirements 3.1 容峰). In both cases nothing was paid."""

from __future__ import annotations

from contract.errors import Unavailable


class UpstreamUnavailable(Unavailable):
    """The upstream did not answer, answered nonsense, or is left alone for a while because it failed again and again.
    Nothing was paid."""

    code = "upstream_unavailable"
    text = "社保系统暂时没有响应，请稍后再试。您还没有缴费，没有扣款。"


class UpstreamBusy(Unavailable):
    """Too many wait for the upstream, or it became too late to begin. Nothing was asked and nothing was paid.

    `detail["ahead"]` is how many were ahead, `detail["retry_after"]` the seconds after which to try again.
    """

    code = "upstream_busy"
    text = "现在办理的人较多，请稍后再试。您还没有缴费，没有扣款。"

    @classmethod
    def behind(cls, ahead: int, retry_after: int) -> UpstreamBusy:
        """The refusal of somebody with so many ahead."""
        place = f"您前面还有{ahead}人，" if ahead else ""
        text = f"现在办理的人较多，{place}请{retry_after}秒后再试。您还没有缴费，没有扣款。"
        return cls(text, ahead=ahead, retry_after=retry_after)
