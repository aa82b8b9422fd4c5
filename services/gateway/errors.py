"""What the gateway itself refuses, in words a resident understands.

ContractError
├── LoginNeeded             no live session; the person is led to the login page and back
│   └── UnknownKey          an API key that is not listed
├── PageExpired             the form's CSRF token is not the session's
├── WechatRefused           the authorisation did not work: enter again from the official account
│   └── SnapshotVisitor     WeChat gave a virtual user (is_snapshotuser=1)
├── WechatUnavailable       WeChat did not answer
├── OrderUnsettled          the account cannot be deleted while money may still move
├── AgreementStands         nor while a bank may debit the person's account
├── DownloadLinkOver        a link to a file is too old, or its session is over
├── StalePage               the journey went on elsewhere; the present state is shown
├── StillAsking             a program asks again for what waits for the upstream; pages wait instead
├── ListFull                one payment is for so many people and no more
├── AlreadyListed           the person is in the list
├── LineBlocked             payment refused one person of a list; nothing was placed
├── TypeNotEnrolled         the person is not enrolled in the insurance type everybody is paid for
└── UnsafeRedirect          somebody asked us to send a browser to a host that is not listed
"""

from __future__ import annotations

from contract.errors import Conflict, ContractError, NotFound, Refused, Unavailable
from contract.payment import MAX_ITEMS


class LoginNeeded(ContractError):
    code = "login_needed"
    text = "请先登录。"
    status = 401


class SessionNeeded(LoginNeeded):
    code = "session_needed"
    text = "您长时间没有操作，为保护您的信息已自动退出，请重新登录。"


class UnknownKey(LoginNeeded):
    """No such API key."""

    code = "unknown_key"
    text = "接口密钥无效，请联系管理员。"


class PageExpired(Refused):
    code = "page_expired"
    text = "页面已过期，刚才的操作没有提交，请返回重新操作。"
    status = 403


class DownloadLinkOver(NotFound):
    """What the link ends in is none of ours, older than it may be, or of a session that is over."""

    code = "download_link_over"
    text = "下载链接已经失效：可能超过了10分钟，也可能是您已经退出登录。请回到微信，重新复制下载链接。"


class WechatRefused(Refused):
    """40029 (invalid code), 40163 (code used) or a state that is not this browser's (protocols.md §5)."""

    code = "wechat_refused"
    text = "微信授权已失效，请重新进入社保费缴费。"


class SnapshotVisitor(WechatRefused):
    """A snapshot page shows a virtual user, who must neither log in nor pay."""

    code = "snapshot_visitor"
    text = "您正在浏览微信快照页，不能登录和缴费。请点击页面下方的“使用完整服务”，再重新进入社保费缴费。"


class WechatUnavailable(Unavailable):
    code = "wechat_unavailable"
    text = "微信暂时没有响应，请稍后重新进入。"


class OrderUnsettled(Refused):
    """`detail["order_id"]` is the order that is still under way."""

    code = "order_unsettled"
    text = "您有一笔缴费还没有办完（待支付、正在确认或正在退费），现在不能注销。请等这笔缴费办完后再申请。"


class AgreementStands(Refused):
    """`detail["agreement_id"]` is the agreement that is in force or under way."""

    code = "agreement_stands"
    text = "您还有三方协议没有终止，现在不能注销。请先撤销三方协议，等它终止后再申请。"


class StalePage(Conflict):
    code = "stale_page"
    text = "这个页面的内容已经变化，请按最新的页面继续办理。"


class StillAsking(Unavailable):
    """The question goes on. `detail["ahead"]` is how many are ahead, None when it is being answered;
    `detail["retry_after"]` the seconds after which to look again."""

    code = "still_asking"
    text = "正在查询应缴费额，请稍后再看结果。您还没有缴费，没有扣款。"


class ListFull(Refused):
    code = "list_full"
    text = f"一次最多为{MAX_ITEMS}人缴费，这位没有加入名单。请先为名单里的人缴费，再为其他人缴费。"


class AlreadyListed(Conflict):
    code = "already_listed"
    text = "这位被缴费人已经在名单里了。"


class TypeNotEnrolled(Refused):
    """Asked when the enrolment is known; the text names the type."""

    code = "type_not_enrolled"
    text = "没有这个险种的参保登记信息，请前往社保（医保）部门办理参保登记。"


class LineBlocked(Conflict):
    """`detail["line_id"]` is the line, which keeps the reason; `detail["reason"]` its code."""

    code = "line_blocked"
    text = "名单里有人现在不能缴费，原因在名单里。这次没有提交，没有扣款。请核对后重新确认缴费。"


class UnsafeRedirect(ContractError):
    code = "unsafe_redirect"
    text = "支付页面地址异常，已停止跳转，没有扣款。请稍后再试或拨打12366。"
    status = 502
