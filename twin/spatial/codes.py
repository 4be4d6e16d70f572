"""Code lists of the spatial layers, Chinese first. Words follow docs/guide/glossary.md."""

from __future__ import annotations

from twin.registry.layer import Text

Codes = tuple[tuple[str | int, Text], ...]


def codes(*rows: tuple[str | int, str, str]) -> Codes:
    """A code list from rows of value, Chinese, English."""
    return tuple((value, Text(zh, en)) for value, zh, en in rows)


RISK = codes(
    (1, "重大风险", "Major"), (2, "较大风险", "Considerable"), (3, "一般风险", "General"), (4, "低风险", "Low")
)
CONTROL = codes((1, "公司级", "Company"), (2, "部门级", "Department"), (3, "车间级", "Workshop"), (4, "班组级", "Team"))
ZONE = codes(
    ("plant", "全厂", "Plant"), ("area", "功能区", "Area"), ("unit", "装置单元", "Unit"), ("place", "部位", "Place")
)
TANK = codes(
    ("fixed_roof", "固定顶罐", "Fixed roof"),
    ("floating_roof", "浮顶罐", "Floating roof"),
    ("sphere", "球罐", "Sphere"),
    ("vessel", "卧式容器", "Vessel"),
)
ROAD = codes(
    ("main", "主干道", "Main road"), ("secondary", "次干道", "Secondary road"), ("fire", "消防道", "Fire road")
)
GATE = codes(
    ("people", "人流门", "People"), ("vehicles", "物流门", "Vehicles"), ("both", "人车共用", "People and vehicles")
)
DEVICE = codes(
    ("temperature", "温度", "Temperature"),
    ("pressure", "压力", "Pressure"),
    ("level", "液位", "Level"),
    ("flow", "流量", "Flow"),
    ("gas_combustible", "可燃气体", "Combustible gas"),
    ("gas_toxic", "有毒气体", "Toxic gas"),
    ("gas_oxygen", "氧气浓度", "Oxygen"),
    ("humidity", "湿度", "Humidity"),
    ("vibration", "振动", "Vibration"),
    ("current", "电流", "Current"),
    ("valve", "阀位", "Valve position"),
    ("wind", "风速风向", "Wind"),
    ("rain", "雨量", "Rain"),
    ("air_temperature", "气温", "Air temperature"),
)
PASSAGE = codes(("stairs", "楼梯", "Stairs"), ("lift", "电梯", "Lift"), ("ramp", "坡道", "Ramp"))
CAMERA = codes(("fixed", "固定枪机", "Fixed"), ("ptz", "云台", "Pan-tilt-zoom"), ("thermal", "热成像", "Thermal"))
FENCE = codes(
    ("trespass", "禁入", "No entry"),
    ("over_count", "超员", "Over count"),
    ("under_count", "缺员", "Under count"),
    ("leave_post", "离岗", "Leaving post"),
    ("gathering", "聚集", "Gathering"),
    ("static_timeout", "静止超时", "Static too long"),
    ("stay", "滞留超时", "Stay too long"),
    ("call", "点名区", "Call area"),
    ("speeding", "车辆限速", "Speed limit"),
    ("parking", "禁停", "No parking"),
    ("count", "计数区", "Counting only"),
)
GRADE = codes((1, "红色", "Red"), (2, "橙色", "Orange"), (3, "黄色", "Yellow"), (4, "蓝色", "Blue"))
ANCHOR = codes(("uwb", "UWB 基站", "UWB"), ("ble", "蓝牙信标", "BLE"), ("rtk", "RTK 基准站", "RTK base"))
