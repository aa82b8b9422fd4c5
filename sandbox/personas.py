"""Named people with fixed ID numbers, one for every prompt of requirements 3.2.1.6 and 3.2.1.15."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox import fees
from sandbox.divisions import agency
from sandbox.people import FLEXIBLE, RESIDENT, Declaration, Person, PriorPayment, enrol, registration_number

MEDICAL, PENSION = fees.RESIDENT_MEDICAL, fees.RESIDENT_PENSION
FIRST_SERIAL = 90_000_001
HOME_OF_THE_UNENROLLED = "450103"


@dataclass(frozen=True)
class _Persona:
    """One person as written below; ``enrolled`` holds (county, insurance types) pairs."""

    key: str
    id_number: str
    name: str
    shows: str
    enrolled: tuple[tuple[str, tuple[str, ...]], ...] = ()
    kind: str = RESIDENT
    known: bool = True
    paid: tuple[PriorPayment, ...] = ()
    declared: tuple[Declaration, ...] = ()
    arrears_years: int = 0
    choose_agency_again: bool = False
    nothing_due: bool = False
    faults: Mapping[str, Any] = field(default_factory=dict)


def personas() -> tuple[Person, ...]:
    """All personas, in the order in which the tour shows them; their serial numbers follow it."""
    return tuple(_person(serial, persona) for serial, persona in enumerate(_PERSONAS, start=FIRST_SERIAL))


def _person(serial: int, persona: _Persona) -> Person:
    home = agency(persona.enrolled[0][0] if persona.enrolled else HOME_OF_THE_UNENROLLED)
    enrolments = [enrol(agency(county), serial, *types) for county, types in persona.enrolled]
    return Person(
        id_number=persona.id_number,
        name=persona.name,
        djxh=registration_number(home, serial),
        kind=persona.kind,
        known=persona.known,
        enrolments=sum(enrolments, ()),
        prior_payments=persona.paid,
        declarations=persona.declared,
        arrears_years=persona.arrears_years,
        persona=persona.key,
        shows=persona.shows,
        choose_agency_again=persona.choose_agency_again,
        nothing_due=persona.nothing_due,
        faults=persona.faults,
    )


def _at(county: str, *types: str) -> tuple[str, tuple[str, ...]]:
    return county, types


# fmt: off
_PERSONAS = (
    _Persona("medical_only", "450103197806122040", "韦秀兰", "一地参保，只有居民医疗：最顺利的一条路",
        enrolled=(_at("450103", MEDICAL),),
    ),
    _Persona("medical_and_pension", "450202198503243121", "黄丽华", "居民医疗和居民养老，同一经办机构",
        enrolled=(_at("450202", MEDICAL, PENSION),),
    ),
    _Persona("pension_only", "450123196911302319", "覃志强", "只有居民养老，分档次缴费",
        enrolled=(_at("450123", PENSION),),
    ),
    _Persona("not_enrolled", "450421197502076048", "农建国", "税务部门没有收到参保登记信息", known=False),
    _Persona("no_insurance_type", "450103198209193013", "梁桂英", "有基础信息，没有险种信息"),
    _Persona("two_agencies", "450502198801102059", "莫文斌", "居民医疗两地参保，需选经办机构",
        enrolled=(_at("450103", MEDICAL), _at("450202", MEDICAL)),
    ),
    _Persona("two_agencies_again", "450902197305051085", "陆燕芳", "两地参保，医疗接口返回后仍需再选一次经办机构",
        enrolled=(_at("450902", MEDICAL), _at("450702", MEDICAL)), choose_agency_again=True,
    ),
    _Persona("all_paid", "450721199507174013", "甘雪梅", "本年度和下一年度医疗都已缴清",
        enrolled=(_at("450721", MEDICAL),),
        paid=(PriorPayment(MEDICAL, 0, days_ago=300), PriorPayment(MEDICAL, 1, days_ago=20)),
    ),
    _Persona("declared", "451002198706223091", "蒙立新", "本年度医疗已由其他渠道申报缴费，养老也已缴",
        enrolled=(_at("451002", MEDICAL, PENSION),),
        paid=(
            PriorPayment(MEDICAL, 0, "支付宝城市服务", days_ago=60),
            PriorPayment(PENSION, 0, "银行柜台", "300元档", days_ago=45),
        ),
    ),
    _Persona("flexible", "451121196603032108", "陈国栋", "灵活就业人员：职工养老（按基数）和职工医疗",
        enrolled=(_at("451121", fees.EMPLOYEE_PENSION, fees.EMPLOYEE_MEDICAL),), kind=FLEXIBLE,
    ),
    _Persona("flexible_arrears", "451322198009093019", "廖海涛", "灵活就业人员，养老有 3 年待补缴",
        enrolled=(_at("451322", fees.EMPLOYEE_PENSION),), kind=FLEXIBLE, arrears_years=3,
    ),
    _Persona("arrears_13", "451225198309251051", "罗玉珍", "居民养老有 13 年待补缴（每次显示 5 条，只能一次缴清）",
        enrolled=(_at("451225", MEDICAL, PENSION),), arrears_years=13,
    ),
    _Persona("no_arrears", "450328197108082043", "潘永福", "居民养老没有待补缴的年份",
        enrolled=(_at("450328", PENSION),),
    ),
    _Persona("dotted_name", "650103199204116029", "阿依古丽·买买提", "少数民族姓名，带间隔号",
        enrolled=(_at("450108", MEDICAL, PENSION),),
    ),
    _Persona("rare_character", "450205198001014109", "韦𣲗然", "姓名含扩展 B 区生僻字",
        enrolled=(_at("450205", MEDICAL),),
    ),
    _Persona("id_ends_in_x", "45010319890214018X", "唐小凤", "身份证号末位是 X，录入小写 x 也能查到",
        enrolled=(_at("450103", MEDICAL, PENSION),),
    ),
    _Persona("under_14", "450181201905203012", "谭子涵", "未满 14 周岁，只有居民医疗",
        enrolled=(_at("450181", MEDICAL),),
    ),
    _Persona("list_as_array", "451302198412125038", "欧德才", "只有一条参保信息，但接口仍以数组返回",
        enrolled=(_at("451302", MEDICAL),), faults={"taxbank": {"single_item": "array"}},
    ),
    _Persona("upstream_fails", "451423197909307067", "何志明", "查询此人时税银接口总是报错",
        enrolled=(_at("451423", MEDICAL),), faults={"taxbank": {"error_rate": 1.0}},
    ),
    _Persona("upstream_slow", "450802198604163019", "周金莲", "查询此人时税银接口要 6 秒才回答",
        enrolled=(_at("450802", MEDICAL),), faults={"taxbank": {"latency_ms": 6000}},
    ),
    _Persona("declared_unpaid", "450327198603142064", "石春梅", "养老已申报、还没有缴费，可以作废；医疗去年已缴",
        enrolled=(_at("450327", MEDICAL, PENSION),),
        paid=(PriorPayment(MEDICAL, -1, "微信城市服务", days_ago=330),),
        declared=(Declaration(PENSION, 0, "500元档"),),
    ),
    _Persona("declared_being_paid", "45122819730925103X", "蓝宏伟", "养老已申报，银行正在扣款，作废会被拒绝",
        enrolled=(_at("451228", PENSION),),
        declared=(Declaration(PENSION, 0, "200元档", days_ago=1, being_paid=True),),
    ),
    _Persona("nothing_due", "450804195807162031", "闭才德", "居民养老，没有需要缴的费（已到领取待遇年龄）",
        enrolled=(_at("450804", PENSION),), nothing_due=True,
    ),
    _Persona("two_pensions", "451324198111191021", "滕月宏", "居民养老两地参保，各有 2 年待补缴，需选经办机构",
        enrolled=(_at("451324", PENSION), _at("451323", PENSION)), arrears_years=2,
    ),
)
# fmt: on
