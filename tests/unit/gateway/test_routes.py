"""The route classes are one service: what two of them both define, one of them loses."""

from __future__ import annotations

from collections import Counter

from services.gateway.routes.base import Routes
from services.gateway.service import GatewayService


def test_no_two_route_classes_define_the_same_name() -> None:
    classes = [kind for kind in GatewayService.__mro__ if issubclass(kind, Routes) and kind is not Routes]
    names = Counter(name for kind in classes for name in vars(kind) if not name.startswith("__"))
    assert {name for name, times in names.items() if times > 1} == set()
