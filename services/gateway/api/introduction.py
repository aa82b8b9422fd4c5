"""What holds for every operation, told once at the top of the document and of the reference page."""

from __future__ import annotations

TITLE = "社保费缴费 API"

SECTIONS = (
    ("约定", "请求和答复都是 UTF-8 的 JSON。金额是整数，单位为分；时间带时区（ISO 8601）；所属期是 yyyyMM。"
     "答复里的姓名、证件号码、手机号码都已脱敏。只会增加字段，请忽略不认识的字段。"),
    ("会话", "先用微信授权得到的 code 换会话（POST /wechat-sessions），再按 standing 登录"
     "（POST /login-codes、POST /sessions）。"
     "以后每次请求带 Authorization: Bearer <token>；接口不读 Cookie。登录后换新令牌，旧的失效。"
     "会话超时或者已退出时答复 401：请重新换会话。识别身份证也可以用接口密钥（X-Api-Key）。"),
    ("错误", "错误是 application/problem+json（RFC 9457）：type 是 urn:gx-tax:<代码>，代码不会改变，请按它处理；"
     "title 是可以直接给人看的中文，说明钱在哪里、怎么办；field 是填错的字段；instance 是查日志用的编号。"),
    ("不重复办理", "会动钱、会留下文书的操作要求请求头 Idempotency-Key（8至64位字母、数字、- 或 _）："
     "每办一件事用一个新的。"
     "没有收到答复（超时、断网、5xx）时，用同一个 Idempotency-Key 和同样的内容重试，得到同一个结果，不会办两次；"
     "同一个 Idempotency-Key 配不同的内容，答复 409。其他操作各自写明再提交一次会怎样。PUT、DELETE 可以放心重试。"),
    ("等待", "社保系统忙的时候，答复里的 ahead 是前面还有几人，retry_after（同响应头 Retry-After）是多少秒以后再来看。"
     "到时候用 GET 看结果；不要重新 POST，那样会重新排队。"),
    ("限流", "按网络地址、微信用户和缴费人限制每分钟的请求次数，另按手机号码、证件号码限制验证码，"
     "按接口密钥或微信用户限制身份证识别。超过时答复 429，响应头 Retry-After 是多少秒以后再试；所有副本合计。"),
    ("请求大小", "JSON 不超过 64 KiB，照片、名单、待验证的文件各按操作说明；超过的不读，答复 413。"),
)  # fmt: skip

SUBJECTS = {
    "login": "登录与会话",
    "menu": "首页与授权说明",
    "account": "我的",
    "household": "家庭成员与被缴费人",
    "journeys": "缴费信息",
    "orders": "缴费",
    "batches": "一次为多人缴费",
    "standards": "缴费标准",
    "records": "社保费查询与申报作废",
    "statistics": "代他人缴费统计",
    "certificates": "缴费证明",
    "schools": "学校缴费证明",
    "reminders": "短信提醒",
    "agreements": "三方协议",
    "cards": "身份证拍摄识别",
}
"""The chapters of the document, by the module of routes/api that serves them."""
