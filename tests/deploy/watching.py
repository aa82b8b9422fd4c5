"""What Prometheus sees of a stack, asked as its pages ask."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import requests
import yaml

from deploy.local.process import wait_until
from scripts.lib.write_dashboards import FOLDER, documents

SERVICE_DOWN, SERVER_DOWN = "ServiceDown", "ServerDown"


@dataclass(frozen=True)
class Watcher:
    """Prometheus, by its address."""

    url: str

    def value(self, expression: str) -> float:
        """The one number an expression has now; 0 when it has none."""
        found = self.query(expression)
        return float(found[0]["value"][1]) if found else 0.0

    def query(self, expression: str) -> Any:
        """The series an expression has now."""
        return self._ask("/api/v1/query", query=expression)["result"]

    def down(self) -> list[str]:
        """What is to be scraped and does not answer, or has not been asked yet."""
        active = self._ask("/api/v1/targets", state="active")["activeTargets"]
        return sorted(name_of(one["labels"]) for one in active if one["health"] != "up")

    def hosts(self) -> list[str]:
        """Everything that is scraped, by name."""
        active = self._ask("/api/v1/targets", state="active")["activeTargets"]
        return sorted(name_of(one["labels"]) for one in active)

    def rules(self) -> dict[str, str]:
        """The alert rules that are loaded, with how their last evaluation went."""
        groups = self._ask("/api/v1/rules", type="alert")["groups"]
        return {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}

    def alert(self, rule: str, about: str) -> str:
        """pending, firing, or nothing at all."""
        states = [
            one["state"]
            for one in self._ask("/api/v1/alerts")["alerts"]
            if one["labels"]["alertname"] == rule and name_of(one["labels"]) == about
        ]
        return states[0] if states else ""

    def unanswered_panels(self) -> list[str]:
        """Panels of the dashboards whose expressions Prometheus refuses, and consoles it cannot show."""
        panels = [panel for document in documents().values() for panel in document["panels"]]
        wrong = [
            f"{panel['title']}: {target['expr']}"
            for panel in panels
            for target in panel["targets"]
            if not self._get("/api/v1/query", query=target["expr"]).ok
        ]
        pages = {
            path.stem: self._get(f"/consoles/{path.name}") for path in (FOLDER / "consoles").glob("*.html")
        }
        return wrong + [name for name, page in pages.items() if not page.ok or "</html>" not in page.text]

    def becomes(self, rule: str, about: str, state: str, seconds: float = 300.0) -> bool:
        """Wait until an alert is in a state."""
        return wait_until(lambda: self.alert(rule, about) == state, seconds, pause=1)

    def _ask(self, path: str, **asked: str) -> Any:
        answer = self._get(path, **asked)
        answer.raise_for_status()
        return json.loads(answer.text)["data"]

    def _get(self, path: str, **asked: str) -> requests.Response:
        return requests.get(f"{self.url}{path}", params=asked, timeout=20)


def name_of(labels: dict[str, str]) -> str:
    """A service by its name, a server by its address."""
    return labels.get("host") or labels.get("instance", "")


def written_rules() -> set[str]:
    """The alerts of deploy/observability/rules."""
    files = (FOLDER / "rules").glob("*.yml")
    groups = [group for file in files for group in yaml.safe_load(file.read_text("utf-8"))["groups"]]
    return {rule["alert"] for group in groups for rule in group["rules"]}
