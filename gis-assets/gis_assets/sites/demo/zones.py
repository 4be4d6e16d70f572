"""Risk zones (plant, area, unit, place) and electronic fences of the demo plant, local metres.

Siblings never overlap and every child lies inside its parent. Static risk 1 red .. 4 blue; the control level follows it
(1 公司领导, 2 部门, 3 车间, 4 班组).
"""

from __future__ import annotations

from gis_assets.sites.demo.layout import BLOCKS, BUILDINGS, SITE
from gis_assets.sites.demo.shapes import Fence, Point, Rect, Zone

_FLAMMABLE = "火灾、爆炸、中毒"
_CRYO = "低温冻伤、窒息"
_DEPARTMENT = {
    "A1": "储运部",
    "A2": "生产部",
    "A3": "安全环保部",
    "A4": "公用工程部",
    "A5": "储运部",
    "A6": "综合管理部",
}
_OWNER = {"A1": "周建国", "A2": "陈志远", "A3": "林海燕", "A4": "孙卫东", "A5": "马俊峰", "A6": "赵雅琴"}


def _area(code: str, name: str, en: str, risk: int, top: float, hazards: str, outline: list[Point]) -> Zone:
    return Zone(
        code, name, en, "area", "Z-00", tuple(outline), -3, top, risk, _DEPARTMENT[code[2:]], _OWNER[code[2:]], hazards
    )


_AREAS: tuple[Zone, ...] = (
    _area(
        "Z-A1",
        "罐区",
        "Tank farm",
        2,
        40,
        _FLAMMABLE,
        [(-281, 29), (-154, 29), (-154, 129), (146, 129), (146, 206), (-281, 206)],
    ),
    _area("Z-A2", "生产装置区", "Process area", 2, 80, _FLAMMABLE, Rect(-146, 29, 281, 121).outline()),
    _area(
        "Z-A3",
        "环保火炬区",
        "Flare and waste water area",
        3,
        100,
        "火灾、中毒、热辐射",
        Rect(154, 129, 281, 206).outline(),
    ),
    _area("Z-A4", "公用工程区", "Utilities area", 3, 80, "高温、触电、淹溺", Rect(-146, -89, 146, 21).outline()),
    _area(
        "Z-A5",
        "储运装卸区",
        "Storage and loading area",
        3,
        30,
        "火灾、车辆伤害",
        [(6, -206), (281, -206), (281, 21), (154, 21), (154, -101), (6, -101)],
    ),
    _area(
        "Z-A6",
        "行政后勤区",
        "Administration and support area",
        4,
        30,
        "车辆伤害、火灾",
        [(-281, -206), (-6, -206), (-6, -101), (-154, -101), (-154, 21), (-281, 21)],
    ),
)

_UNIT_ROWS: tuple[tuple[str, str, str, str, Rect, float, int, str], ...] = (
    ("Z-11", "液化烃球罐区", "LPG sphere farm", "A1", BLOCKS["B41"], 35, 1, _FLAMMABLE),
    ("Z-12", "石脑油罐区", "Naphtha tank farm", "A1", BLOCKS["B42"], 35, 1, _FLAMMABLE),
    ("Z-13", "芳烃成品罐区", "Aromatics product tank farm", "A1", BLOCKS["B43"], 35, 2, _FLAMMABLE),
    ("Z-14", "中间原料罐区", "Intermediate tank farm", "A1", BLOCKS["B31"], 35, 2, _FLAMMABLE),
    (
        "Z-21",
        "石脑油加氢重整装置",
        "Naphtha hydrotreating and reforming unit 100",
        "A2",
        BLOCKS["B32"],
        75,
        1,
        _FLAMMABLE,
    ),
    ("Z-22", "气体分馏及MTBE装置", "Gas fractionation and MTBE unit 200", "A2", BLOCKS["B33"], 75, 1, _FLAMMABLE),
    (
        "Z-23",
        "氢气压缩及空分站",
        "Hydrogen compression and air separation",
        "A2",
        BLOCKS["B34"],
        45,
        2,
        f"爆炸、{_CRYO}",
    ),
    ("Z-31", "火炬区", "Flare", "A3", Rect(226, 131, 279, 204), 98, 2, "热辐射、火灾、爆炸"),
    ("Z-32", "污水处理场", "Waste water treatment", "A3", Rect(156, 131, 224, 204), 20, 3, "硫化氢中毒、淹溺"),
    (
        "Z-41",
        "锅炉及脱盐水站",
        "Boiler house and demineralised water",
        "A4",
        Rect(-144, -87, -74, 19),
        78,
        3,
        "高温烫伤、锅炉爆炸",
    ),
    (
        "Z-42",
        "总变电所及空压站",
        "Main substation and instrument air",
        "A4",
        Rect(-72, -87, -8, 19),
        30,
        3,
        "触电、火灾",
    ),
    ("Z-43", "循环水场", "Cooling water", "A4", Rect(8, -87, 94, 19), 30, 4, "淹溺、机械伤害"),
    ("Z-44", "消防水泵站", "Fire water pump station", "A4", Rect(96, -87, 144, 19), 30, 4, "淹溺"),
    ("Z-51", "汽车装卸区", "Truck loading area", "A5", BLOCKS["B24"], 25, 2, _FLAMMABLE),
    ("Z-52", "甲类及危废库区", "Hazardous goods stores", "A5", Rect(8, -157, 72, -103), 20, 2, _FLAMMABLE),
    ("Z-53", "成品及物资库区", "Product and general stores", "A5", Rect(8, -204, 144, -159), 20, 3, "火灾、车辆伤害"),
    ("Z-54", "物流停车场", "Truck park", "A5", BLOCKS["B14"], 20, 4, "车辆伤害"),
    ("Z-61", "厂前办公区", "Administration", "A6", BLOCKS["B11"], 25, 4, "火灾"),
    ("Z-62", "中控化验区", "Control and laboratory", "A6", BLOCKS["B12"], 25, 4, "火灾、触电"),
    ("Z-63", "消防机修区", "Fire station and workshop", "A6", BLOCKS["B21"], 25, 4, "机械伤害、起重伤害"),
)


def _building(code: str) -> Rect:
    return next(b.rect for b in BUILDINGS if b.code == code)


_PLACE_ROWS: tuple[tuple[str, str, str, str, Rect, float, int, str], ...] = (
    ("Z-211", "加热炉区", "Fired heaters", "Z-21", Rect(-142.5, 46, -123, 114), 50, 1, "火灾、爆炸、烫伤"),
    ("Z-212", "反应框架区", "Reactor structure", "Z-21", Rect(-110, 84, -71, 104), 30, 1, _FLAMMABLE),
    (
        "Z-213",
        "循环氢压缩机房",
        "Recycle gas compressor house",
        "Z-21",
        _building("BD-22").inset(-1),
        15,
        2,
        "爆炸、噪声",
    ),
    ("Z-221", "丙烯精馏塔区", "Propylene splitters", "Z-22", Rect(22, 48, 70, 62), 70, 1, _FLAMMABLE),
    ("Z-222", "醚化反应区", "Etherification", "Z-22", Rect(90, 84, 136, 104), 30, 2, "火灾、甲醇中毒"),
    ("Z-231", "氢气储罐区", "Hydrogen storage", "Z-23", Rect(174, 45.5, 196, 72), 10, 2, "爆炸"),
    ("Z-511", "液化气装卸台", "LPG loading bay", "Z-51", Rect(224, -60, 268, -42), 12, 2, _FLAMMABLE),
    ("Z-621", "中央控制楼", "Central control building", "Z-62", _building("BD-04").inset(-1), 16, 4, "火灾、触电"),
)


def _zones() -> tuple[Zone, ...]:
    plant = Zone(
        "Z-00",
        "全厂",
        "Whole plant",
        "plant",
        None,
        tuple(SITE.inset(0.5).outline()),
        -5,
        105,
        4,
        "公司",
        "王立新",
        "火灾、爆炸、中毒",
    )
    units = [
        Zone(c, n, e, "unit", f"Z-{a}", tuple(r.outline()), -2.5, top, risk, _DEPARTMENT[a], _OWNER[a], hz)
        for c, n, e, a, r, top, risk, hz in _UNIT_ROWS
    ]
    by_code = {u.code: u for u in units}
    places = [
        Zone(c, n, e, "place", p, tuple(r.outline()), -2, top, risk, by_code[p].department, by_code[p].owner, hz)
        for c, n, e, p, r, top, risk, hz in _PLACE_ROWS
    ]
    return (plant, *_AREAS, *units, *places)


ZONES: tuple[Zone, ...] = _zones()


def _fence(
    no: int, name: str, en: str, kind: str, rect: Rect, top: float, count: int | None = None, seconds: int | None = None
) -> Fence:
    return Fence(f"GF-{no:02d}", name, en, kind, tuple(rect.outline()), -1, top, count, seconds)


GEOFENCES: tuple[Fence, ...] = (
    _fence(1, "液化烃球罐区禁入", "LPG sphere farm no entry", "trespass", Rect(-274, 144, -161, 201), 20),
    _fence(2, "石脑油罐防火堤内禁入", "Naphtha dike no entry", "trespass", Rect(-140, 146, -12, 201), 20),
    _fence(3, "火炬辐射区禁入", "Flare radiation zone no entry", "trespass", Rect(228, 166, 278, 203), 20),
    _fence(4, "氢气储罐区禁入", "Hydrogen storage no entry", "trespass", Rect(174, 45.5, 196, 72), 10),
    _fence(5, "变压器场禁入", "Transformer yard no entry", "trespass", Rect(-72, -59, -24, -46), 8),
    _fence(6, "加热炉区限员", "Fired heaters head count", "over_count", Rect(-142.5, 46, -123, 114), 30, count=6),
    _fence(7, "反应框架限员", "Reactor structure head count", "over_count", Rect(-110, 84, -71, 104), 25, count=9),
    _fence(8, "甲类库限员", "Class A store head count", "over_count", Rect(18, -144, 60, -116), 10, count=3),
    _fence(9, "液化气装卸台限员", "LPG loading bay head count", "over_count", Rect(224, -60, 268, -42), 12, count=6),
    _fence(
        10,
        "循环氢压缩机房静止",
        "Recycle compressor no movement",
        "static_timeout",
        Rect(-45, 91, -13, 115),
        14,
        seconds=300,
    ),
    _fence(11, "污水处理场静止", "Waste water no movement", "static_timeout", Rect(160, 150, 222, 202), 8, seconds=300),
    _fence(12, "应急点名区(全厂)", "Roll call (whole plant)", "call", Rect(-298, -223, 298, 223), 100),
)
