"""People who do not exist, as their cards would name them."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sandbox.idnumber import complete

_DIVISIONS = Path(__file__).parents[2] / "services" / "identity" / "divisions"

_SURNAMES = "韦黄覃陆莫蒙农梁李陈卢罗潘廖蓝谭唐王张刘周吴林杨赵冯石龙欧苏邓何曾彭蒋侯岑闭零庞凌仇"
_GIVEN = (
    "小明建国秀英丽华玉兰桂芳文武志强海燕春梅美玲光荣福寿永平家宝子涵雨欣俊杰思远浩然梓轩佳怡晓东振宁德胜金凤"
    "彩虹月娥少华庆祥忠义绍鸿世昌翠萍艳红凤鸣天佑承恩若曦"
)
_RARE = "喆垚翀犇燚淼昶妤媛璟珩琰赟韬晟昱祎颢霂芃萱"
_MINORITY_NAMES = (
    "阿依古丽·买买提", "迪丽努尔·艾合买提", "买买提·吐尔逊", "古丽娜尔·阿不都热依木", "扎西·多吉", "卓玛·央金",
    "巴特尔·孟和", "努尔兰·赛力克", "艾力·卡德尔", "帕提古丽·依明",
)  # fmt: skip
_NATIONS = (
    "汉",
    "壮",
    "壮",
    "汉",
    "瑶",
    "苗",
    "侗",
    "仫佬",
    "毛南",
    "回",
    "彝",
    "京",
    "水",
    "仡佬",
    "满",
    "维吾尔",
    "藏",
)
_ROADS = (
    "民族大道",
    "大学东路",
    "友爱南路",
    "解放路",
    "人民西路",
    "中山北路",
    "新兴街",
    "江滨路",
    "朝阳路",
    "桂花巷",
)


@dataclass(frozen=True)
class Holder:
    """All that the two sides of a card say, as it is printed."""

    name: str
    sex: str
    nation: str
    birth: dt.date
    address: str
    number: str
    authority: str
    valid_from: dt.date
    valid_to: dt.date | None

    @property
    def validity(self) -> str:
        end = f"{self.valid_to:%Y.%m.%d}" if self.valid_to else "长期"
        return f"{self.valid_from:%Y.%m.%d}-{end}"


def make_up(random: random.Random) -> Holder:
    """A holder. The same generator in the same state gives the same holder."""
    nation = random.choice(_NATIONS)
    county, address, authority = _home(random)
    birth = dt.date(1936, 1, 1) + dt.timedelta(days=random.randrange(365 * 80))
    male = random.random() < 0.5
    number = complete(f"{county}{birth:%Y%m%d}{random.randrange(50):02d}{random.randrange(5) * 2 + male}")
    start = dt.date(2008, 1, 1) + dt.timedelta(days=random.randrange(365 * 17))
    years = random.choice((5, 10, 20, 20, None))
    # Nobody's period begins on a 29 February: its end is then the same day, years later.
    start = start.replace(day=min(start.day, 28))
    return Holder(
        _name(random, nation), "男" if male else "女", nation, birth, address, number, authority,
        start, start.replace(year=start.year + years) if years else None,
    )  # fmt: skip


def _name(random: random.Random, nation: str) -> str:
    if nation in ("维吾尔", "藏"):
        return random.choice(_MINORITY_NAMES)
    given = "".join(random.choice(_GIVEN) for _ in range(random.choice((1, 2, 2, 2))))
    if random.random() < 0.2:
        given = given[:-1] + random.choice(_RARE)
    return random.choice(_SURNAMES) + given


def _home(random: random.Random) -> tuple[str, str, str]:
    """County code, address and issuing authority."""
    cities, counties = _divisions()
    code = random.choice(sorted(counties))
    city, county = cities[code[:4]], counties[code]
    region = random.choice(("广西", "广西", "广西壮族自治区"))
    if county.endswith("区"):
        authority = f"{city}公安局{county[:-1]}分局"
        before = f"{region}{city}{county}"
    else:
        authority = f"{county}公安局"
        before = f"{region}{county}" if random.random() < 0.6 else f"{region}{city}{county}"
    if random.random() < 0.45:
        street = f"{random.choice(_ROADS)}{random.randrange(1, 280)}号"
        if random.random() < 0.6:
            building, stairs = random.randrange(1, 30), random.randrange(1, 4)
            street += f"{building}栋{stairs}单元{random.randrange(1, 33)}{random.randrange(1, 5):02d}号"
        return code, before + street, authority
    return code, before + _village(random, code), authority


def _village(random: random.Random, county: str) -> str:
    towns: dict[str, tuple[str, list[str]]] = {}
    for line in (_DIVISIONS / f"{county}.tsv").read_text().splitlines():
        code, name = line.split("\t")
        if len(code) == 3:
            towns[code] = (name, [])
        else:
            towns[code[:3]][1].append(name)
    town, villages = random.choice([one for one in towns.values() if one[1]])
    village = random.choice(villages)
    for ending in ("民委员会", "居民委员会", "委会", "居委会"):
        village = (
            village.removesuffix(ending)
            if not village.endswith("社区居委会")
            else village.removesuffix("居委会")
        )
    end = random.choice(("", "上屯", "那排屯", "板江屯", "第三组", "岭脚队"))
    return f"{town}{village}{end}{random.randrange(1, 160)}号"


@cache
def _divisions() -> tuple[dict[str, str], dict[str, str]]:
    """Names of cities by four digits, of counties by six."""
    rows: Sequence[list[str]] = [
        line.split("\t") for line in (_DIVISIONS / "guangxi.tsv").read_text().splitlines()
    ]
    cities = {code: name for code, name in rows if len(code) == 4}
    return cities, {code: name for code, name in rows if len(code) == 6}
