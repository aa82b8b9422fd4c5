"""The services as they run, and how the parties they depend on answer them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import requests
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from deploy.inspection.findings import Finding, Level, bad, good, graded, looked_at, watch
from deploy.target import Target

_SECONDS = 5
_BREAKER = {0: (Level.GOOD, "正常"), 1: (Level.WATCH, "正在试探"), 2: (Level.BAD, "已暂停调用")}


def services(target: Target) -> Iterator[Finding]:
    """Does each answer, with its database."""
    for name in target.settings:
        yield _service(target, name)


def _service(target: Target, name: str) -> Finding:
    try:
        answer = requests.get(f"{target.url(name)}/readyz", timeout=_SECONDS)
    except OSError:
        return bad(f"服务 {name}", f"{target.url(name)} 不应答")
    if answer.ok:
        return good(f"服务 {name}", "运行正常")
    return bad(f"服务 {name}", "在运行，但数据库不应答")


def upstreams(target: Target) -> Iterator[Finding]:
    """Breakers, queues and failures since the services started, and the SMS providers' shares."""
    found: dict[Finding, None] = {}  # services that share a process tell of the same metrics
    for name in ("contribution", "certificate", "notify"):
        found |= dict.fromkeys(looked_at(f"上游（{name}）", partial(_upstreams, target, name)))
    yield from found


def _upstreams(target: Target, service: str) -> Iterator[Finding]:
    samples = _samples(target, service)
    failed, calls = _calls(samples)
    for sample in samples:
        if sample.name == "upstream_breaker":
            upstream = sample.labels["upstream"]
            level, said = _BREAKER[int(sample.value)]
            waiting = _sum(samples, "upstream_waiting", upstream)
            told = f"{said}，排队 {waiting:.0f}，启动以来调用 {calls.get(upstream, 0):.0f} 次"
            yield Finding(level, f"上游 {upstream}", told)
            share = failed.get(upstream, 0) / calls[upstream] if calls.get(upstream) else 0
            if share > 0.05:
                yield watch(f"上游 {upstream}", f"启动以来 {share:.0%} 的调用失败")
        if sample.name == "sms_provider_share":
            lost = 100 - sample.value
            yield graded(f"短信 {sample.labels['provider']}", f"份额 {sample.value:.0f}%", lost, 1, 51)


def _calls(samples: list[Sample]) -> tuple[dict[str, float], dict[str, float]]:
    failed: dict[str, float] = {}
    calls: dict[str, float] = {}
    for sample in samples:
        if sample.name == "upstream_calls_total":
            upstream = sample.labels["upstream"]
            calls[upstream] = calls.get(upstream, 0) + sample.value
            if sample.labels["outcome"] == "failed":
                failed[upstream] = failed.get(upstream, 0) + sample.value
    return failed, calls


def _sum(samples: list[Sample], name: str, upstream: str) -> float:
    return sum(one.value for one in samples if one.name == name and one.labels["upstream"] == upstream)


def _samples(target: Target, service: str) -> list[Sample]:
    answer = requests.get(f"{target.url(service)}/metrics", timeout=_SECONDS)
    families = text_string_to_metric_families(answer.text)
    return [sample for family in families for sample in family.samples]
