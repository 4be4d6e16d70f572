"""The demo's people: 300 of them with departments, badges P-0001 .. and a ledger of terminals. Always the same ones."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from domain.people import repository
from domain.people import repository_terminals as terminals
from domain.people.models import Department, Person, Terminal
from realtime.tracking import repository_bindings as bindings
from realtime.tracking.repository_bindings import Carrier
from twin import clock
from twin.db.uow import UnitOfWork
from twin.ids import uuid7

DEPARTMENTS: tuple[tuple[str, str, str, str | None], ...] = (
    ("D0", "公司", "Company", None),
    ("D1", "生产部", "Production", "D0"),
    ("D11", "一联合装置", "Complex 1", "D1"),
    ("D12", "二联合装置", "Complex 2", "D1"),
    ("D13", "中控室", "Control room", "D1"),
    ("D2", "储运部", "Storage and transport", "D0"),
    ("D3", "公用工程部", "Utilities", "D0"),
    ("D4", "安全环保部", "Safety and environment", "D0"),
    ("D5", "设备部", "Maintenance", "D0"),
    ("D6", "综合管理部", "Administration", "D0"),
    ("D7", "化验室", "Laboratory", "D0"),
)
#: Duties and trades of a department's people, and how many of the 210 employees work there.
_STAFF: tuple[tuple[str, int, tuple[tuple[str, str], ...]], ...] = (
    ("D11", 34, (("装置外操", "工艺操作"), ("生产班长", "工艺操作"))),
    ("D12", 34, (("装置外操", "工艺操作"), ("生产班长", "工艺操作"))),
    ("D13", 24, (("中控内操", "工艺操作"), ("值班长", "工艺操作"))),
    ("D2", 34, (("储运外操", "储运操作"), ("储运班长", "储运操作"), ("装卸工", "装卸"))),
    ("D3", 26, (("电气运行", "电工"), ("公用工程班长", "锅炉工"), ("水处理工", "水处理"))),
    ("D4", 16, (("安全员", "安全管理"), ("环保专工", "环保"), ("消防员", "消防"))),
    ("D5", 22, (("仪表工", "仪表"), ("钳工", "钳工"), ("设备专工", "设备管理"))),
    ("D6", 10, (("行政专员", "管理"), ("保安", "保卫"))),
    ("D7", 10, (("化验员", "化验"),)),
)
_FIRMS = (
    "宏业检修工程有限公司",
    "中海防腐保温有限公司",
    "天成脚手架工程有限公司",
    "滨海电气安装有限公司",
    "安泰检测技术有限公司",
)
_CRAFTS = (
    ("焊工", "焊接"),
    ("架子工", "脚手架"),
    ("管工", "管道"),
    ("电工", "电气"),
    ("起重工", "起重"),
    ("防腐工", "防腐"),
)
_GUESTS = ("应急管理局", "设计院", "设备供应商", "保险公司", "高校实习")
#: Zone owners and demo accounts are people of the plant too: name, sex, department, duty, account.
_KNOWN: tuple[tuple[str, str, str, str, str | None], ...] = (
    ("王立新", "male", "D0", "总经理", "leader"),
    ("林海燕", "female", "D4", "安全总监", "manager"),
    ("刘洋", "male", "D11", "装置外操", "employee"),
    ("周建国", "male", "D2", "储运部部长", None),
    ("陈志远", "male", "D1", "生产部部长", None),
    ("孙卫东", "male", "D3", "公用工程部部长", None),
    ("马俊峰", "male", "D2", "装卸主管", None),
    ("赵雅琴", "female", "D6", "综合管理部部长", None),
)
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_MALE = "伟强磊军勇杰涛明超波刚平辉鹏华飞斌浩宇晨志国建峰海东文林俊博凯龙"
_FEMALE = "芳娜敏静丽娟艳霞秀英玲梅燕红云洁婷雪琳慧莹倩佳欣怡萍月晶颖莉蕾"

EMPLOYEES, CONTRACTORS, VISITORS = 210, 75, 15
_SPARE = 20


@dataclass(frozen=True)
class Somebody:
    """A person of the demo; ``account`` is a user name."""

    code: str
    name: str
    sex: str
    klass: str
    department: str | None
    employer: str
    duty: str
    trade: str
    phone: str
    account: str | None = None


def _name(chance: random.Random, taken: set[str]) -> tuple[str, str]:
    while True:
        sex = "female" if chance.random() < 0.22 else "male"
        given = _FEMALE if sex == "female" else _MALE
        name = chance.choice(_SURNAMES) + "".join(chance.choices(given, k=chance.choice((1, 2, 2, 2))))
        if name not in taken:
            taken.add(name)
            return name, sex


def people() -> list[Somebody]:
    """Everybody; the order is that of the badges."""
    chance, made = random.Random(20261128), list[Somebody]()
    taken = {row[0] for row in _KNOWN} | {"高强"}

    def phone(n: int) -> str:
        return f"1{chance.choice('3578')}{n:09d}"

    for name, sex, department, duty, account in _KNOWN:
        code = f"E{len(made) + 1:04d}"
        made.append(Somebody(code, name, sex, "employee", department, "", duty, "管理", phone(len(made)), account))
    for department, count, duties in _STAFF:
        for _ in range(count):
            if len(made) < EMPLOYEES:
                name, sex = _name(chance, taken)
                duty, trade = duties[0] if chance.random() < 0.7 else chance.choice(duties)
                code = f"E{len(made) + 1:04d}"
                made.append(Somebody(code, name, sex, "employee", department, "", duty, trade, phone(len(made))))
    for n in range(CONTRACTORS):
        name, sex = ("高强", "male") if n == 0 else _name(chance, taken)
        duty, trade = _CRAFTS[n % len(_CRAFTS)]
        account = "contractor" if n == 0 else None
        firm = _FIRMS[n % len(_FIRMS)]
        made.append(
            Somebody(f"C{n + 1:04d}", name, sex, "contractor", "D5", firm, duty, trade, phone(300 + n), account)
        )
    for n in range(VISITORS):
        name, sex = _name(chance, taken)
        account = "visitor" if n == 0 else None
        firm = _GUESTS[n % len(_GUESTS)]
        made.append(Somebody(f"F{n + 1:04d}", name, sex, "visitor", "D6", firm, "来访", "", phone(400 + n), account))
    return made


def ledger(today: date) -> list[dict[str, object]]:
    """The terminals: badges, vehicle units, anchors of the demo site, handhelds. A few are flagged."""
    rows: list[dict[str, object]] = []
    for n in range(EMPLOYEES + CONTRACTORS + VISITORS + _SPARE):
        expiry = today + timedelta(days=400 + 7 * (n % 90))
        if n in (17, 141):
            expiry = today - timedelta(days=12)
        elif n in (33, 88, 202):
            expiry = today + timedelta(days=18)
        rows.append(
            {
                "kind": "badge", "code": f"P-{n + 1:04d}", "model": "TW-B20 防爆工牌", "ex_mark": "Ex ib IIC T4 Gb",
                "ex_certificate": f"CNEx24.{1000 + n // 20}X", "ex_expiry": expiry,
                "temp_limit_c": 60.0 if n in (59, 60) else 85.0, "nfc": f"04{n:010X}", "vibrates": n % 5 != 4,
                "battery_on": today - timedelta(days=200), "battery_years": 3.0,
            }
        )  # fmt: skip
    for n in range(25):
        rows.append(
            {
                "kind": "vehicle_unit", "code": f"V-{n + 1:04d}", "model": "TW-V3 车载终端", "ex_mark": "Ex ib IIC T4 Gb",
                "ex_certificate": f"CNEx24.{3000 + n}", "ex_expiry": today + timedelta(days=600), "temp_limit_c": 85.0,
            }
        )  # fmt: skip
    for n in range(80):
        years = 5.6 if n in (70, 71) else 1.0 + (n % 30) / 10.0
        rows.append(
            {
                "kind": "anchor", "code": f"AN-{n + 1:03d}", "model": "TW-A10 防爆基站", "ex_mark": "Ex db IIC T6 Gb",
                "ex_certificate": f"CNEx23.{500 + n // 10}", "ex_expiry": today + timedelta(days=700 + n),
                "temp_limit_c": 85.0, "battery_on": today - timedelta(days=int(365.25 * years)), "battery_years": 5.0,
            }
        )  # fmt: skip
    for n in range(20):
        rows.append(
            {
                "kind": "handheld", "code": f"HH-{n + 1:02d}", "model": "TW-H5 防爆手持终端", "nfc": f"05{n:010X}",
                "ex_mark": "Ex ib IIC T4 Gb", "ex_certificate": f"CNEx24.{2000 + n}", "temp_limit_c": 70.0,
                "ex_expiry": today + timedelta(days=500), "battery": 12.0 if n == 4 else 60.0 + n, "vibrates": True,
            }
        )  # fmt: skip
    return rows


async def load(uow: UnitOfWork, accounts: Mapping[str, UUID]) -> int:
    """Put the demo's people, departments, terminals and badges in place; what is there already stays. How many came."""
    now = clock.now()
    known = await repository.people_by_code(uow.session, [somebody.code for somebody in people()])
    there = {row.code for row, _ in await repository.departments(uow.session)}
    for code, name, name_en, parent in DEPARTMENTS:
        if code not in there:
            uow.session.add(
                Department(
                    id=uuid7(), enterprise_id=uow.enterprise_id, code=code, name=name, name_en=name_en,
                    parent_code=parent, updated_at=now,
                )
            )  # fmt: skip
    for row in ledger(now.date()):
        if await terminals.terminal(uow.session, str(row["code"])) is None:
            terminal = Terminal(id=uuid7(), enterprise_id=uow.enterprise_id, version=1, updated_at=now, **row)
            uow.session.add(terminal)
            await uow.session.flush()
            if terminal.kind in ("badge", "vehicle_unit"):
                await terminals.put_badge(uow.session, uow.enterprise_id, terminal, now)
    names = {code: name for code, name, _, _ in DEPARTMENTS}
    came = 0
    for n, one in enumerate(people()):
        if one.code in known:
            continue
        values = {key: value for key, value in one.__dict__.items() if key != "account"}
        person = Person(
            id=uuid7(), enterprise_id=uow.enterprise_id, version=1, created_at=now, updated_at=now,
            account_id=accounts.get(one.account or ""), **values,
        )  # fmt: skip
        uow.session.add(person)
        await uow.session.flush()
        bearer = Carrier("person", person.id, person.name, person.klass, names.get(person.department or "", ""))
        await bindings.issue(uow.session, uow.enterprise_id, bearer, f"P-{n + 1:04d}", now)
        came += 1
    await uow.audit("people.load", "person", "demo", after={"people": came})
    return came
