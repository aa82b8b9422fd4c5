"""Alerts fire when they should and not otherwise, and what operators look at exists."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract.catalogue import EVENTS
from deploy.topology import SERVICES
from scripts.lib.write_dashboards import FOLDER, documents, files
from tests.architecture.measured import metrics
from tests.architecture.sources import ROOT

ALERTS = Path(__file__).parent / "alerts"
MANUAL = ROOT / "docs" / "manuals" / "operations.md"
FOREIGN = {
    "up": "Prometheus itself",
    "rabbitmq_queue_messages": "RabbitMQ",
    "rabbitmq_connections": "RabbitMQ",
    "haproxy_server_status": "HAProxy",
}
"""Metrics that are not ours."""

_WORDS = {
    "sum",
    "by",
    "max",
    "min",
    "rate",
    "increase",
    "histogram_quantile",
    "time",
    "and",
    "or",
    "unless",
    "bool",
    "group",
    "present_over_time",
    "label_replace",
}
_PROMETHEUS_OWN = {"le", "instance", "job", "host", "server", "proxy", "state"}
"""Labels that scraping adds (prometheus.yml), and HAProxy's."""
_CHINESE = re.compile(r"[一-鿿]")


def _rules(file: Path) -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(file.read_text())["groups"]
    assert group["name"] == file.stem
    found: list[dict[str, Any]] = group["rules"]
    return found


RULES = {
    rule["alert"]: (file, rule) for file in sorted((FOLDER / "rules").glob("*.yml")) for rule in _rules(file)
}
EXPRESSIONS = {
    **{name: rule["expr"] for name, (_, rule) in RULES.items()},
    **{
        f"{name}: {panel['title']} {target['refId']}": target["expr"]
        for name, document in documents().items()
        for panel in document["panels"]
        for target in panel["targets"]
    },
}  # fmt: skip
every_alert = pytest.mark.parametrize("name", RULES)
every_expression = pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS)


def _promtool() -> str:
    found = shutil.which("promtool") or str(ROOT / ".venv" / "installed" / "promtool")
    assert Path(found).exists(), "scripts/test fetches promtool"
    return found


@pytest.mark.parametrize("file", sorted(ALERTS.glob("*.yml")), ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_not_otherwise(file: Path) -> None:
    judged = subprocess.run(
        [_promtool(), "test", "rules", file.name], cwd=ALERTS, capture_output=True, text=True, check=False
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_prometheus_accepts_the_rules() -> None:
    files = sorted(map(str, (FOLDER / "rules").glob("*.yml")))
    judged = subprocess.run(
        [_promtool(), "check", "rules", *files], capture_output=True, text=True, check=False
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr


@every_alert
def test_an_alert_has_been_seen_to_fire_and_to_keep_quiet(name: str) -> None:
    file, _ = RULES[name]
    tried = [
        case["exp_alerts"]
        for test in yaml.safe_load((ALERTS / file.name).read_text())["tests"]
        for case in test["alert_rule_test"]
        if case["alertname"] == name
    ]
    assert any(tried) and not all(tried), f"{name}: a test where it fires, and one where it does not"


@every_alert
def test_an_alert_says_in_chinese_what_is_wrong_and_what_to_do_first(name: str) -> None:
    _, rule = RULES[name]
    told = rule["annotations"]
    assert set(told) == {"summary", "first", "runbook"}
    assert _CHINESE.search(told["summary"]) and _CHINESE.search(told["first"])
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert told["runbook"] == f"docs/manuals/operations.md#{name.lower()}"
    assert f"\n#### {name}\n" in MANUAL.read_text(), "the manual's paragraph on it"


def test_the_manual_tells_of_no_alert_that_is_gone() -> None:
    told = re.findall(r"^#### ([A-Z]\w+)$", MANUAL.read_text(), re.MULTILINE)
    assert sorted(told) == sorted(RULES)


@every_expression
def test_every_metric_named_exists(expression: str) -> None:
    """With the labels it has."""
    known = {scraped: set(metric.labels) for metric in metrics() for scraped in metric.scraped}
    for name, braces in re.findall(r"([a-z_]{2,})(\{[^}]*\})?(?=[\[\s)]|$)", _without_groupings(expression)):
        if name in _WORDS:
            continue
        assert name in known or name in FOREIGN, f"{name} is counted nowhere"
        wanted = set(re.findall(r"(\w+)\s*=~?\s*\"", braces))
        assert wanted <= known.get(name, set()) | _PROMETHEUS_OWN, f"{name} has no label {wanted}"


@every_expression
def test_every_label_that_is_grouped_by_exists(expression: str) -> None:
    named = {label for metric in metrics() for label in metric.labels} | _PROMETHEUS_OWN
    for grouping in re.findall(r"by \(([^)]*)\)", expression):
        assert {label.strip() for label in grouping.split(",")} <= named


@every_expression
def test_every_event_named_exists(expression: str) -> None:
    assert set(re.findall(r'event="([^"]+)"', expression)) <= set(EVENTS)


def _without_groupings(expression: str) -> str:
    return re.sub(r"by \([^)]*\)", "", expression)


def test_dashboards_and_consoles_are_what_their_panels_say() -> None:
    made = files()
    assert set(documents()) == {"overview", "payment", "upstream", "sms", "bus"}
    assert {*(FOLDER / "dashboards").iterdir(), *(FOLDER / "consoles").glob("*.html")} == set(made)
    for path, text in made.items():
        assert path.read_text("utf-8") == text, "run scripts/dashboards"


def test_every_console_draws_every_panel_of_its_dashboard_and_is_linked() -> None:
    around = (FOLDER / "consoles" / "page.lib").read_text("utf-8")
    for name, document in documents().items():
        page = (FOLDER / "consoles" / f"{name}.html").read_text("utf-8")
        assert page.count("draw(") == len(document["panels"])
        assert all(f"<h2>{panel['title']}</h2>" in page for panel in document["panels"])
        assert page.count("{{") == page.count("{{ template ") == 2, "a legend is no template"
        assert f'href="{name}.html"' in around


def test_every_panel_has_a_chinese_title_and_a_place_of_its_own() -> None:
    for document in documents().values():
        places = [json.dumps(panel["gridPos"]) for panel in document["panels"]]
        assert len(places) == len(set(places))
        assert all(_CHINESE.search(panel["title"]) for panel in document["panels"])


def test_prometheus_asks_every_service() -> None:
    jobs = {
        job["job_name"]: job
        for job in yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    }
    assert jobs["services"]["dns_sd_configs"][0]["names"] == list(SERVICES)


def test_prometheus_asks_the_clusters_servers_where_they_are_mounted() -> None:
    (job,) = (
        job
        for job in yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
        if job["job_name"] == "servers"
    )
    ((place,),) = (one["files"] for one in job["file_sd_configs"])
    compose = yaml.safe_load((ROOT / "docker-compose.cluster.yml").read_text())["services"]
    assert f"./deploy/observability/cluster.yml:{place}:ro" in compose["prometheus"]["volumes"]
    asked = {
        target.partition(":")[0]
        for group in yaml.safe_load((FOLDER / "cluster.yml").read_text())
        for target in group["targets"]
    }
    assert asked == {name for name in compose if re.match("rabbitmq2|rabbitmq3|balancer|etcd", name)}
    watched = (ROOT / "deploy/docker/haproxy.cfg").read_text().partition("backend members")[2]
    assert all(f"server {name} {name}:5432" in watched for name in ("postgresql", "postgresql2"))
