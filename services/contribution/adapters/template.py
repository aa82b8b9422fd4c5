"""The empty spreadsheet an operator fills in: headings, examples on a sheet of their own, and an explanation."""

from __future__ import annotations

import io
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from services.contribution.domain.cells import Column

SHEET = "缴费标准"
"""The sheet that is read."""

_EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("城乡居民", "医疗保险", "个人缴费标准", "400", "", "", "", "", ""),
    ("城乡居民", "养老保险", "100元档", "100", "", "", "", "", ""),
    ("城乡居民", "养老保险", "2000元档", "2000", "", "", "", "", ""),
    ("灵活就业人员", "养老保险", "60%基数档", "", "4053.60", "4053.60", "20268.00", "20", "12"),
    ("灵活就业人员", "养老保险", "100%基数档", "", "6756.00", "4053.60", "20268.00", "20", "12"),
)
_EXPLANATION = (
    "一行填一个档次；同一缴费人员、险种、执行年度的各行合起来是一张标准表，按从上到下的顺序显示给缴费人。",
    "生效后整张表替换原来的表：没有填的档次就停用。先用“预览”核对，再提交，由另一位操作员审核后才生效。",
    "一个文件只填一个统筹区。统筹区代码为6位：自治区450000，设区市如450100，县（市、区）如450103。",
    "缴费人员：城乡居民 或 灵活就业人员。险种：养老保险 或 医疗保险。",
    "执行年度：只能填本年度或下一年度；到下一张表开始执行之前一直有效。以往年度的标准不能修改。",
    "档次名称：要与社保系统的档次名称一字不差（最多32个字），否则缴费人选择后查不到应缴记录。",
    "城乡居民：填年应缴金额（元），后面五格不填。",
    "灵活就业人员：填月缴费基数、基数下限、基数上限、缴费比例、缴费月数，年应缴金额不填，由系统计算：",
    "年应缴金额 = 月缴费基数 × 缴费比例 × 缴费月数，最后四舍五入到分。要与社保系统核定的金额一致，否则缴费人不能缴费。",
    "缴费比例：20%填20，8.5%填8.5。金额最多两位小数，不写“元”和千位逗号。",
    "不能使用公式；任何一格都不能以 = + - @ 开头。一张标准表最多60个档次，文件不超过384KB，保存为 .xlsx 或 .csv。",
)


def template(year: int) -> bytes:
    """The workbook, with examples for a contribution year."""
    workbook = Workbook()
    filled, examples, explanation = (
        workbook.active,
        workbook.create_sheet("示例"),
        workbook.create_sheet("填写说明"),
    )
    filled.title = SHEET
    for sheet in (filled, examples):
        _head(sheet)
    _restrict(filled)
    for kind, insurance_type, *rest in _EXAMPLES:
        examples.append(["450100", kind, insurance_type, year, *rest])
    explanation.append(["填写说明"])
    explanation["A1"].font = Font(bold=True, size=14)
    explanation.column_dimensions["A"].width = 110
    for number, text in enumerate(_EXPLANATION, 1):
        explanation.append([f"{number}. {text}"])
        explanation.cell(number + 1, 1).alignment = Alignment(wrap_text=True, vertical="top")
    target = io.BytesIO()
    workbook.save(target)
    return target.getvalue()


def _head(sheet: Any) -> None:
    sheet.append([column.heading for column in Column])
    for column in Column:
        cell = sheet.cell(1, column + 1)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DCE6F1")
        cell.alignment = Alignment(wrap_text=True, horizontal="center")
        sheet.column_dimensions[cell.column_letter].width = 18
    sheet.freeze_panes = "A2"


def _restrict(sheet: Any) -> None:
    """Lists where only a few words are right, and text where Excel would make a number of a code."""
    for column, words in ((Column.KIND, "城乡居民,灵活就业人员"), (Column.TYPE, "养老保险,医疗保险")):
        rule = DataValidation(type="list", formula1=f'"{words}"', allow_blank=True)
        sheet.add_data_validation(rule)
        letter = sheet.cell(1, column + 1).column_letter
        rule.add(f"{letter}2:{letter}5001")
