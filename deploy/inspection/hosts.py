"""The machine this runs on: load, memory, disks, clock; and backups, where there are any."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from deploy.inspection.findings import Finding, ago, bad, good, graded, watch
from deploy.target import Target

_BACKUP_HOURS = 26


def host(target: Target) -> Iterator[Finding]:
    """Load, memory and clock."""
    cores = os.cpu_count() or 1
    load = os.getloadavg()[1]
    yield graded("处理器负载", f"近 5 分钟 {load:.1f}，{cores} 核", load / cores, 1, 3)
    total, free = _memory()
    yield graded("内存", f"可用 {free // 1024} MB，共 {total // 1024} MB", 1 - free / total, 0.85, 0.95)
    yield _clock()


def storage(target: Target) -> Iterator[Finding]:
    """Disks: the system's, and the one a local instance's data is on."""
    places = {Path("/"), Path("/var"), *([target.folder] if target.folder else [])}
    seen: set[int] = set()
    for place in sorted(places):
        device = place.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        usage = shutil.disk_usage(place)
        used = 1 - usage.free / usage.total
        said = f"已用 {used:.0%}，剩余 {usage.free / 1e9:.0f} GB"
        yield graded(f"磁盘 {place}", said, used, 0.8, 0.9)
        inodes = os.statvfs(place)
        if inodes.f_files:
            share = 1 - inodes.f_favail / inodes.f_files
            yield graded(f"文件数 {place}", f"已用 {share:.0%}", share, 0.8, 0.9)


def backups(folder: Path | None, now: float) -> Iterator[Finding]:
    """The newest file in the place of backups."""
    if folder is None:
        yield watch("备份", "没有指定备份目录（--backups）")
        return
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    if not files:
        yield bad("备份", f"{folder} 下没有备份")
        return
    newest = max(files, key=lambda path: path.stat().st_mtime)
    age = now - newest.stat().st_mtime
    yield graded(
        "备份", f"最近的在 {ago(age)}前：{newest.name}", age / 3600, _BACKUP_HOURS, 2 * _BACKUP_HOURS
    )


def _memory() -> tuple[int, int]:
    """Total and available, in kB."""
    lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    return int(lines["MemTotal"].split()[0]), int(lines["MemAvailable"].split()[0])


def _clock() -> Finding:
    if shutil.which("timedatectl") is None:
        return watch("时钟", f"无法确认是否与时间服务器同步，本机时间 {time.strftime('%Y-%m-%d %H:%M:%S')}")
    asked = subprocess.run(
        ["timedatectl", "show", "--property=NTPSynchronized", "--value"],
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.stdout.strip() == "yes":
        return good("时钟", "已与时间服务器同步")
    return watch("时钟", "没有与时间服务器同步：签名、验证码和对账都依赖正确的时间")
