"""How a payer wishes to be told (3.2.1.12)."""

from __future__ import annotations

from contract import notify
from contract.notify import WechatWished, WishWechat
from services.gateway.domain.sessions import Session
from services.gateway.usecases.ports import Ports


def wish_wechat(session: Session, wished: bool, ports: Ports) -> WechatWished:
    """In WeChat as the WeChat user of this session, or by SMS. Notify hears the openid with the wish, and only then."""
    assert session.payer is not None, "only who is logged in has reminders"
    openid = session.openid if wished else None
    return ports.peers.call(notify.wish_wechat, WishWechat(session.payer.person_id, openid))
