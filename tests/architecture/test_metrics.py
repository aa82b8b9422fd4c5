"""What is counted, and that no label can hold a person or grow without end."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.measured import Metric, metrics
from tests.architecture.sources import files, tree

LABELS = {
    "service": "deploy/topology.py",
    "kind": "http, rpc, event, timer; of sms_steps and breaks the contract's enums",
    "entrypoint": "a method's name in our code",
    "result": "ok, a contract error's code, a status of HTTP, crash, database_away",
    "event": "a type of contract/events.py: what does not fit one is parked before it is counted",
    "outcome": "a word of our code",
    "upstream": "an upstream of the settings",
    "priority": "kit.waiting.Priority",
    "reason": "full, overdue; of staff_calls_refused a word of our code",
    "method": "a method of contract/catalogue.py",
    "operation": "a word of an adapter's code",
    "state": "a state machine's enum",
    "provider": "a provider of the settings",
    "call": "send, find",
    "fate": "delivered, failed",
    "age": "four ranges of days",
}
"""Every label there may be and where its values come from: our code or the settings, never a request."""

every_metric = pytest.mark.parametrize("metric", metrics(), ids=lambda metric: metric.name)


@every_metric
def test_a_label_is_one_whose_values_are_few_and_nobodys(metric: Metric) -> None:
    strange = set(metric.labels) - set(LABELS)
    assert not strange, f"{metric.path}: {metric.name}: say in LABELS where {strange} come from"


def test_no_label_is_listed_that_nobody_uses() -> None:
    assert set(LABELS) == {label for metric in metrics() for label in metric.labels}


def test_a_name_is_used_once() -> None:
    names = [metric.name for metric in metrics()]
    assert len(names) == len(set(names))


@every_metric
def test_a_metric_says_what_it_counts_and_in_which_unit(metric: Metric) -> None:
    assert not metric.name.endswith("_total"), "the client adds it"
    assert metric.kind != "Histogram" or metric.name.endswith("_seconds")


def test_no_label_is_given_what_a_request_holds() -> None:
    """What is asked for, or from where, is never a value; nor is anything formatted into one."""
    for path in files("kit", "services"):
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr == "labels":
                for argument in node.args:
                    said = ast.unparse(argument)
                    assert "request" not in said and not isinstance(argument, ast.JoinedStr), (
                        f"{path}:{node.lineno}: {said}"
                    )
