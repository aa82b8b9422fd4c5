"""Named people with fixed ID numbers, one for every prompt of requirements 3.2.1.6 and 3.2.1.15."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox import fees
from sandbox.divisions import agency
from sandbox.idnumber import complete
from sandbox.people import FLEXIBLE, RESIDENT, Enrolment, Person, PriorPayment, enrol, registration_number

MEDICAL, PENSION = fees.RESIDENT_MEDICAL, fees.RESIDENT_PENSION
FIRST_SERIAL = 90_000_001


def personas() -> tuple[Person, ...]:
    """All personas, in the order in which the tour shows them."""
    built: list[Person] = []
    for serial, row in enumerate(_ROWS, start=FIRST_SERIAL):
        built.append(_person(serial, *row[:5], **row[5]))
    return tuple(built)


def _person(
    serial: int,
    key: str,
    first_seventeen: str,
    name: str,
    shows: str,
    enrolled: tuple[tuple[str, tuple[str, ...]], ...],
    *,
    kind: str = RESIDENT,
    known: bool = True,
    paid: tuple[PriorPayment, ...] = (),
    arrears_years: int = 0,
    choose_agency_again: bool = False,
    faults: Mapping[str, Any] | None = None,
) -> Person:
    """``enrolled`` holds (county, insurance types) pairs; a person number is per agency."""
    enrolments: tuple[Enrolment, ...] = ()
    for county, types in enrolled:
        enrolments += enrol(agency(county), serial, *types)
    home = agency(enrolled[0][0]) if enrolled else agency("450103")
    return Person(
        id_number=complete(first_seventeen),
        name=name,
        djxh=registration_number(home, serial),
        kind=kind,
        known=known,
        enrolments=enrolments,
        prior_payments=paid,
        arrears_years=arrears_years,
        persona=key,
        shows=shows,
        choose_agency_again=choose_agency_again,
        faults=faults or {},
    )


def _in(county: str, *types: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return ((county, types),)


# key, first 17 digits, name, what the person shows, enrolments, the rest
_ROWS: tuple[tuple[str, str, str, str, tuple[tuple[str, tuple[str, ...]], ...], dict[str, Any]], ...] = (
    (
        "medical_only",
        "45010319780612204",
        "韦秀兰",
        "一地参保，只有居民医疗：最顺利的一条路",
        _in("450103", MEDICAL),
        {},
    ),
    (
        "medical_and_pension",
        "45020219850324312",
        "黄丽华",
        "居民医疗和居民养老，同一经办机构",
        _in("450202", MEDICAL, PENSION),
        {},
    ),
    ("pension_only", "45012319691130231", "覃志强", "只有居民养老，分档次缴费", _in("450123", PENSION), {}),
    ("not_enrolled", "45042119750207604", "农建国", "税务部门没有收到参保登记信息", (), {"known": False}),
    ("no_insurance_type", "45010319820919301", "梁桂英", "有基础信息，没有险种信息", (), {}),
    (
        "two_agencies",
        "45050219880110205",
        "莫文斌",
        "居民医疗两地参保，需选经办机构",
        (("450103", (MEDICAL,)), ("450202", (MEDICAL,))),
        {},
    ),
    (
        "two_agencies_again",
        "45090219730505108",
        "陆燕芳",
        "两地参保，医疗接口返回后仍需再选一次经办机构",
        (("450902", (MEDICAL,)), ("450702", (MEDICAL,))),
        {"choose_agency_again": True},
    ),
    (
        "all_paid",
        "45072119950717401",
        "甘雪梅",
        "本年度和下一年度医疗都已缴清",
        _in("450721", MEDICAL),
        {"paid": (PriorPayment(MEDICAL, 0, days_ago=300), PriorPayment(MEDICAL, 1, days_ago=20))},
    ),
    (
        "declared",
        "45100219870622309",
        "蒙立新",
        "本年度医疗已由其他渠道申报缴费，养老也已缴",
        _in("451002", MEDICAL, PENSION),
        {
            "paid": (
                PriorPayment(MEDICAL, 0, "支付宝城市服务", days_ago=60),
                PriorPayment(PENSION, 0, "银行柜台", tier="300元档", days_ago=45),
            )
        },
    ),
    (
        "flexible",
        "45112119660303210",
        "陈国栋",
        "灵活就业人员：职工养老（按基数）和职工医疗",
        _in("451121", fees.EMPLOYEE_PENSION, fees.EMPLOYEE_MEDICAL),
        {"kind": FLEXIBLE},
    ),
    (
        "flexible_arrears",
        "45132219800909301",
        "廖海涛",
        "灵活就业人员，养老有 3 年待补缴",
        _in("451322", fees.EMPLOYEE_PENSION),
        {"kind": FLEXIBLE, "arrears_years": 3},
    ),
    (
        "arrears_13",
        "45122519830925105",
        "罗玉珍",
        "居民养老有 13 年待补缴（每次显示 5 条，只能一次缴清）",
        _in("451225", MEDICAL, PENSION),
        {"arrears_years": 13},
    ),
    ("no_arrears", "45032819710808204", "潘永福", "居民养老没有待补缴的年份", _in("450328", PENSION), {}),
    (
        "dotted_name",
        "65010319920411602",
        "阿依古丽·买买提",
        "少数民族姓名，带间隔号",
        _in("450108", MEDICAL, PENSION),
        {},
    ),
    ("rare_character", "45020519800101410", "韦𣲗然", "姓名含扩展 B 区生僻字", _in("450205", MEDICAL), {}),
    (
        "id_ends_in_x",
        "45010319890214018",
        "唐小凤",
        "身份证号末位是 X，录入小写 x 也能查到",
        _in("450103", MEDICAL, PENSION),
        {},
    ),
    ("under_14", "45018120190520301", "谭子涵", "未满 14 周岁，只有居民医疗", _in("450181", MEDICAL), {}),
    (
        "list_as_array",
        "45130219841212503",
        "欧德才",
        "只有一条参保信息，但接口仍以数组返回",
        _in("451302", MEDICAL),
        {"faults": {"taxbank": {"single_item": "array"}}},
    ),
    (
        "upstream_fails",
        "45142319790930706",
        "何志明",
        "查询此人时税银接口总是报错",
        _in("451423", MEDICAL),
        {"faults": {"taxbank": {"error_rate": 1.0}}},
    ),
    (
        "upstream_slow",
        "45080219860416301",
        "周金莲",
        "查询此人时税银接口要 6 秒才回答",
        _in("450802", MEDICAL),
        {"faults": {"taxbank": {"latency_ms": 6000}}},
    ),
)
