"""What the console itself refuses, in words the staff understand.

ContractError
├── LoginNeeded             no live session: to the login page
├── FactorNeeded            the password was right; the second factor is still to come
├── PasswordNeeded          a password of one's own must be set first
├── LoginRefused            wrong account or password, locked or disabled: the same answer for all
├── CodeWrong               wrong, used or late code of the second factor
├── PageExpired             the form's CSRF token is not the session's, or it came from elsewhere
├── NotForThisRole          the page is not for this role
├── AccountTaken            there is such an account
├── AccountUnfit            a field of an account is wrong
├── AccountNotFound         no such account
└── LastAdministrator       nobody could make accounts any more
"""

from __future__ import annotations

from contract.errors import Conflict, ContractError, InvalidInput, NotFound, Refused, TooMany
from contract.staff import NotOfThisRole


class LoginNeeded(ContractError):
    code = "staff_login_needed"
    text = "请先登录工作台。"
    status = 401


class FactorNeeded(LoginNeeded):
    code = "staff_factor_needed"
    text = "请先完成动态口令验证。"


class PasswordNeeded(LoginNeeded):
    code = "staff_password_needed"
    text = "请先设置自己的密码。"


class LoginRefused(Refused):
    code = "staff_login_refused"
    text = "账号或密码不正确，或者账号已被锁定、停用。连续输错5次，账号锁定15分钟；需要帮助请联系系统管理员。"
    status = 422


class CodeWrong(InvalidInput):
    code = "staff_code_wrong"
    text = "动态口令不正确、已经用过或者过期。请用手机上现在显示的6位数字。"


class TooManyRefusals(TooMany):
    code = "staff_too_many_refusals"
    text = "这个网络地址登录失败次数过多，请一小时后再试，或联系系统管理员。"


class PageExpired(Refused):
    code = "staff_page_expired"
    text = "页面已过期，刚才的操作没有提交，请返回重新操作。"
    status = 403


class NotForThisRole(NotOfThisRole):
    code = "staff_not_for_this_role"
    text = "您的岗位不能使用这个页面。"
    status = 403


class AccountTaken(Conflict):
    code = "staff_account_taken"
    text = "已经有这个账号，请换一个账号名。"


class AccountUnfit(InvalidInput):
    code = "staff_account_unfit"
    text = "账号信息填写有误，请检查。"


class AccountNotFound(NotFound):
    code = "staff_account_not_found"
    text = "没有找到这个账号。"


class LastAdministrator(Refused):
    code = "staff_last_administrator"
    text = "这是最后一个可用的系统管理员账号，不能停用或变更岗位。请先新建另一个系统管理员。"
