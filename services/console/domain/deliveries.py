"""What an operator reads of why a reminder has not arrived. Notify's own words are for its logs, in English, and what
providers answer are codes; codes are shown beside the words, for whoever asks the provider."""

from __future__ import annotations

import re

PROVIDERS = {"tencent": "腾讯云", "aliyun": "阿里云", "gateway": "税务短信网关", "wechat": "微信"}
"""What staff call them."""

_OURS = {
    "over the phone's daily cap": "这个手机号当天的提醒已到上限，没有发送",
    "the provider does not know it yet": "服务商还没有收到，稍后再查",
    "the provider does not know it": "服务商没有收到，重新发送",
    "the provider never knew it": "服务商一直没有收到，不再发送",
    "the provider has no report of it": "服务商还没有回执",
    "fate unknown: no receipt came": "一直没有回执，是否送达不明",
    "this provider is not configured": "没有配置这家服务商",
    "its provider is not configured any more": "这家服务商已不再配置",
    "no provider has room for it": "各服务商的发送额度都已用完",
    "WeChat cannot be asked": "微信不提供查询，是否送达不明",
    "no access token": "没有取得微信的访问凭证",
    "no template": "没有这种提醒的模板",
    "the answer names no status": "服务商的答复无法识别",
    "the answer names no code": "服务商的答复无法识别",
    "the answer names no errcode": "服务商的答复无法识别",
    "not an answer of the provider": "服务商的答复无法识别",
}
_UNKNOWN_FATE = "fate unknown: "
_SILENT = re.compile(r"^(HTTP \d+|\w+(Error|Timeout|Exception))$")
_MEANT = {
    "手机号不正确": ("IncorrectPhoneNumber", "PhoneNumberParseFail", "MOBILE_NUMBER_ILLEGAL"),
    "手机号不在服务范围": ("UnsupportedRegion", "ContainDomesticAndInternationalPhoneNumber"),
    "手机号在服务商的黑名单里": ("PhoneNumberInBlacklist",),
    "手机号在运营商的黑名单里": ("MOBILE_IN_BLACK", "MBBLACK"),
    "手机停机或者是空号": ("MOBILE_NOT_ON_SERVICE",),
    "手机号状态异常": ("MOBILE_ACCOUNT_ABNORMAL",),
    "手机关机或者不在服务区": ("MOBILE_OFF",),
    "这个手机号收得太多，服务商限制发送": ("BUSINESS_LIMIT_CONTROL",),
    "一次发送的手机号太多": ("MOBILE_COUNT_OVER_LIMIT",),
    "内容含有不允许的词": ("ContainSensitiveWord", "BLACK_KEY_CONTROL_LIMIT", "CONTENT_KEYWORD"),
    "内容含有网址，服务商不允许": ("ProhibitedUseUrlInTemplateParameter", "PARAM_NOT_SUPPORT_URL"),
    "内容太长": ("ContentLengthLimit", "PARAM_LENGTH_LIMIT"),
    "内容和审核过的模板不一致": ("TemplateParamSetNotMatchApprovedTemplate", "TEMPLATE_MISSING_PARAMETERS"),
    "短信模板没有通过审核": ("TemplateIncorrectOrUnapproved", "SMS_TEMPLATE_ILLEGAL"),
    "短信签名没有通过审核": ("SignatureIncorrectOrUnapproved", "SMS_SIGNATURE_ILLEGAL"),
    "发送太快，稍后再发": ("RequestLimitExceeded", "DeliveryFrequencyLimit", "Throttling"),
    "服务商一时处理不了，稍后再发": ("RequestTimeException", "ResourceInsufficient", "ServiceUnavailable"),
    "服务商内部出错": ("InternalError", "SYSTEM_ERROR", "SystemError"),
    "服务商的账户余额不足": ("AMOUNT_NOT_ENOUGH", "InsufficientBalanceInSmsPackage"),
    "缴费人没有订阅或者已经取消订阅": ("errcode 43101",),
    "没有这个微信用户": ("errcode 40003",),
    "运营商没有送达": ("UNDELIV", "FAIL"),
    "过了有效期仍没有送达": ("EXPIRED",),
    "运营商拒收": ("REJECTD",),
}
"""What codes mean, each by its last or its first word. [A]: those of reports, which no provider documents in full."""

_CODES = {code: words for words, codes in _MEANT.items() for code in codes}


def why(reason: str) -> str:
    """Why a reminder or one of its sends has not arrived, in words; a code nobody knows as it is."""
    if words := _OURS.get(reason):
        return words
    if reason.startswith(_UNKNOWN_FATE):
        return f"是否送达不明：{why(reason.removeprefix(_UNKNOWN_FATE))}"
    if _SILENT.match(reason):
        return f"服务商没有答复（{reason}）"
    for code in (reason, reason.rpartition(".")[2], reason.partition(".")[0]):
        if words := _CODES.get(code):
            return f"{words}（代码 {reason}）"
    # Some providers answer in words.
    return reason if re.search("[\u4e00-\u9fff]", reason) else f"服务商的答复：{reason}"
