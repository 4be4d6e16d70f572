"""Everything that stands in the demo plant outside the process units: one table for the data and for the 3D model.

The plant is 600 m x 450 m, fenced, with the sea to the north and the public road to the south. Prevailing wind from the
south-west: offices upwind, flare in the lee corner (GB 50160).
"""

from __future__ import annotations

from gis_assets.sites.demo.shapes import (
    Basin,
    Building,
    Dike,
    Gate,
    Place,
    Rack,
    Rect,
    Road,
    Stack,
    Tank,
)

SITE = Rect(-300, -225, 300, 225)
FENCE = SITE.inset(1.5)
MODEL = Rect(-375, -300, 375, 300)  # what the survey covers: five by four tiles of 150 m
SHORE_Y = 246.0  # top edge of the sea wall
PUBLIC_ROAD_Y = -252.0

ROAD_X = (-284.0, -150.0, 0.0, 150.0, 284.0)
ROAD_Y = (-209.0, -95.0, 25.0, 125.0, 209.0)
BLOCKS: dict[str, Rect] = {
    f"B{r + 1}{c + 1}": Rect(x[0], y[0], x[1], y[1])
    for r, y in enumerate(((-204, -103), (-87, 19), (31, 119), (131, 204)))
    for c, x in enumerate(((-279, -156), (-144, -8), (8, 144), (156, 279)))
}

ROADS: tuple[Road, ...] = (
    Road("R-01", "环厂消防道南段", "Perimeter fire road south", "fire", ((-284, -209), (284, -209)), 7),
    Road("R-02", "环厂消防道东段", "Perimeter fire road east", "fire", ((284, -209), (284, 209)), 7),
    Road("R-03", "环厂消防道北段", "Perimeter fire road north", "fire", ((284, 209), (-284, 209)), 7),
    Road("R-04", "环厂消防道西段", "Perimeter fire road west", "fire", ((-284, 209), (-284, -209)), 7),
    Road("R-05", "安全大道", "Safety Avenue", "main", ((-284, -95), (284, -95)), 12),
    Road("R-06", "装置南路", "Process Road South", "main", ((-284, 25), (284, 25)), 9),
    Road("R-07", "装置北路", "Process Road North", "secondary", ((-284, 125), (284, 125)), 8),
    Road("R-08", "西一路", "West Road 1", "secondary", ((-150, -209), (-150, 209)), 9),
    Road("R-09", "渤海大道", "Bohai Avenue", "main", ((0, -209), (0, 209)), 12),
    Road("R-10", "东一路", "East Road 1", "secondary", ((150, -209), (150, 209)), 9),
    Road("R-11", "人流出入口道路", "Main gate road", "main", ((-215, -240), (-215, -209)), 10),
    Road("R-12", "物流出入口道路", "Logistics gate road", "main", ((215, -240), (215, -209)), 14),
    Road("R-13", "装卸区通道", "Loading bay lane", "secondary", ((217, -95), (217, 25)), 9),
    Road("R-14", "加氢装置检修道", "Unit 100 service lane", "fire", ((-116, 25), (-116, 125)), 5),
)

GATES: tuple[Gate, ...] = (
    Gate("G-01", "人流主大门", "Main gate", "people", -215, -223.5, 10, 0),
    Gate("G-02", "物流大门", "Logistics gate", "vehicles", 215, -223.5, 14, 0),
)

ASSEMBLY: tuple[Place, ...] = (
    Place("AP-01", "紧急集合点一(办公楼前广场)", "Assembly point 1 (office square)", -236, -186, 300),
    Place("AP-02", "紧急集合点二(中控楼北草坪)", "Assembly point 2 (control building lawn)", -40, -120, 200),
    Place("AP-03", "紧急集合点三(物流停车场)", "Assembly point 3 (truck park)", 264, -196, 200),
    Place("AP-04", "紧急集合点四(消防站前)", "Assembly point 4 (fire station)", -190, -74, 150),
)

BUILDINGS: tuple[Building, ...] = (
    Building("BD-01", "综合办公楼", "Administration building", "office", Rect(-262, -152, -196, -134), 16.8, 4, "tile"),
    Building("BD-02", "职工食堂", "Canteen", "canteen", Rect(-186, -140, -162, -118), 8.4, 2, "tile"),
    Building("BD-03", "人流门卫室", "Main gate house", "gatehouse", Rect(-206, -221, -199, -215), 3.6, 1, "tile"),
    Building(
        "BD-04", "中央控制楼", "Central control building", "control", Rect(-130, -172, -86, -146), 13.5, 3, "concrete"
    ),
    Building("BD-05", "中心化验楼", "Laboratory", "laboratory", Rect(-64, -174, -26, -152), 9.0, 2, "tile"),
    Building("BD-06", "消防一站", "Fire station 1", "fire_station", Rect(-270, -82, -228, -64), 9.6, 2, "brick"),
    Building(
        "BD-07", "消防训练塔", "Fire drill tower", "fire_station", Rect(-224, -80, -217, -73), 18.0, 5, "concrete"
    ),
    Building(
        "BD-08", "机修车间", "Maintenance workshop", "workshop", Rect(-272, -32, -222, -2), 10.0, 1, "panel", "gable"
    ),
    Building("BD-09", "锅炉房", "Boiler house", "boiler", Rect(-136, -80, -98, -52), 22.0, 3, "panel"),
    Building("BD-10", "总变电所", "Main substation", "substation", Rect(-66, -80, -28, -62), 11.0, 2, "concrete"),
    Building(
        "BD-11", "脱盐水站", "Demineralised water station", "utility", Rect(-136, -34, -104, -14), 8.0, 1, "panel"
    ),
    Building("BD-12", "空压站", "Instrument air station", "utility", Rect(-62, -24, -32, -8), 8.0, 1, "panel", "gable"),
    Building("BD-13", "循环水泵房", "Cooling water pump house", "utility", Rect(20, -46, 62, -36), 6.5, 1, "panel"),
    Building("BD-14", "消防水泵房", "Fire water pump house", "utility", Rect(100, -54, 136, -43), 6.5, 1, "concrete"),
    Building("BD-15", "装车控制室", "Loading control room", "control", Rect(164, -84, 178, -75), 4.2, 1, "concrete"),
    Building("BD-16", "物流办公室", "Logistics office", "office", Rect(162, -128, 188, -112), 7.8, 2, "tile"),
    Building(
        "BD-17",
        "消防二站(泡沫站)",
        "Fire station 2 (foam)",
        "fire_station",
        Rect(238, -130, 274, -112),
        8.4,
        1,
        "brick",
    ),
    Building("BD-18", "物流门卫室", "Logistics gate house", "gatehouse", Rect(226, -221, 233, -215), 3.6, 1, "tile"),
    Building(
        "BD-19",
        "氢气压缩机房",
        "Hydrogen compressor house",
        "compressor",
        Rect(164, 86, 208, 110),
        11.0,
        1,
        "steel",
        "shed",
    ),
    Building(
        "BD-20",
        "空分压缩机房",
        "Air separation compressor house",
        "compressor",
        Rect(242, 84, 272, 104),
        9.0,
        1,
        "panel",
        "gable",
    ),
    Building("BD-21", "二号区域变电所", "Area substation 2", "substation", Rect(232, 48, 270, 64), 7.2, 1, "concrete"),
    Building(
        "BD-22",
        "循环氢压缩机房",
        "Recycle gas compressor house",
        "compressor",
        Rect(-44, 92, -14, 114),
        12.0,
        1,
        "steel",
        "shed",
    ),
    Building(
        "BD-23", "气分现场机柜间", "Unit 200 instrument room", "control", Rect(112, 108, 138, 117), 5.0, 1, "concrete"
    ),
    Building(
        "BD-24", "污水处理控制室", "Waste water control room", "utility", Rect(204, 138, 222, 149), 5.0, 1, "tile"
    ),
)

WAREHOUSES: tuple[Building, ...] = (
    Building(
        "W-01",
        "甲类危化品库",
        "Class A hazardous goods store",
        "hazardous",
        Rect(20, -142, 58, -118),
        7.0,
        1,
        "brick",
        "gable",
        "催化剂、甲类化学品",
    ),
    Building(
        "W-02",
        "丙类成品库",
        "Class C product warehouse",
        "product",
        Rect(20, -198, 94, -162),
        10.0,
        1,
        "panel",
        "gable",
        "包装成品",
    ),
    Building(
        "W-03",
        "综合物资库",
        "General stores",
        "general",
        Rect(78, -148, 138, -118),
        9.0,
        1,
        "panel",
        "gable",
        "劳保、物资",
    ),
    Building(
        "W-04",
        "危险废物暂存库",
        "Hazardous waste store",
        "waste",
        Rect(108, -192, 134, -174),
        6.0,
        1,
        "brick",
        "gable",
        "废催化剂、废矿物油",
    ),
    Building(
        "W-05",
        "备品备件库",
        "Spare parts store",
        "general",
        Rect(-210, -32, -168, -2),
        9.0,
        1,
        "panel",
        "gable",
        "机泵、阀门备件",
    ),
)

SHEDS: tuple[Building, ...] = (
    Building(
        "LB-01", "一号汽车装车台", "Truck loading bay 1", "loading", Rect(168, -22, 208, -8), 8.0, 1, "steel", "shed"
    ),
    Building(
        "LB-02", "二号汽车装车台", "Truck loading bay 2", "loading", Rect(226, -22, 266, -8), 8.0, 1, "steel", "shed"
    ),
    Building(
        "LB-03", "三号汽车装卸台", "Truck loading bay 3", "loading", Rect(168, -58, 208, -44), 8.0, 1, "steel", "shed"
    ),
    Building("LB-04", "液化气装卸台", "LPG loading bay", "loading", Rect(226, -58, 266, -44), 8.0, 1, "steel", "shed"),
)


def _fixed(no: int, x: float, y: float, d: float, h: float, medium: str, en: str, volume: float) -> Tank:
    return Tank(f"T-{no}", f"{medium}罐 T-{no}", f"{en} tank T-{no}", "fixed_roof", x, y, d, h, medium, en, volume)


def _tanks() -> tuple[Tank, ...]:
    naphtha = [
        Tank(
            f"T-{101 + i}",
            f"石脑油罐 T-{101 + i}",
            f"Naphtha tank T-{101 + i}",
            "floating_roof",
            x,
            172,
            28,
            17,
            "石脑油",
            "Naphtha",
            10000,
        )
        for i, x in enumerate((-116.0, -76.0, -36.0))
    ]
    feed = [
        _fixed(301 + i, (-260, -234, -206, -180)[i % 4], (97, 66)[i // 4], 15, 14, m, en, 2000)
        for i, (m, en) in enumerate(
            [("甲醇", "Methanol")] * 2
            + [("MTBE", "MTBE")] * 2
            + [("重整油", "Reformate")] * 2
            + [("加氢油", "Hydrotreated naphtha")] * 2
        )
    ]
    product = [
        _fixed(401 + i, (32, 62, 92, 122)[i % 4], (186.5, 158.5)[i // 4], 17, 14.5, m, en, 3000)
        for i, (m, en) in enumerate(
            [("苯", "Benzene")] * 2
            + [("甲苯", "Toluene")] * 2
            + [("二甲苯", "Xylene")] * 3
            + [("碳九芳烃", "C9 aromatics")]
        )
    ]
    spheres = [
        Tank(
            f"V-{501 + i}",
            f"{m}球罐 V-{501 + i}",
            f"{en} sphere V-{501 + i}",
            "sphere",
            (-255, -218, -181)[i % 3],
            (186, 158)[i // 3],
            15.7,
            17.4,
            m,
            en,
            2000,
        )
        for i, (m, en) in enumerate(
            [("丙烯", "Propylene")] * 3 + [("液化石油气", "LPG")] * 2 + [("异丁烷", "Isobutane")]
        )
    ]
    water = [
        _fixed(601, -92, -29, 9, 9, "脱盐水", "Demin water", 500),
        _fixed(602, -80, -29, 9, 9, "脱盐水", "Demin water", 500),
        _fixed(701, 108, -74, 18, 12, "消防水", "Fire water", 3000),
        _fixed(702, 131, -74, 18, 12, "消防水", "Fire water", 3000),
    ]
    hydrogen = [
        Tank(
            f"V-{801 + i}",
            f"氢气储罐 V-{801 + i}",
            f"Hydrogen bullet V-{801 + i}",
            "vessel",
            185,
            50 + 6 * i,
            2.6,
            4.2,
            "氢气",
            "Hydrogen",
            80,
            15.0,
            0.0,
        )
        for i in range(4)
    ]
    return (*naphtha, *feed, *product, *spheres, *water, *hydrogen)


TANKS: tuple[Tank, ...] = _tanks()

DIKES: tuple[Dike, ...] = (
    Dike("DK-1", Rect(-140, 146, -12, 201), 1.8, split_x=(-96, -56)),
    Dike("DK-3", Rect(-275, 48, -160, 114), 1.5, split_x=(-220,)),
    Dike("DK-4", Rect(15, 145, 140, 201), 1.6, split_x=(77,)),
    Dike("DK-5", Rect(-274, 144, -161, 201), 0.6, split_x=(-236.5, -199.5)),
)

RACKS: tuple[Rack, ...] = (
    Rack("PR-01", (-276, 36), (276, 36), 7, (5.5, 8.0), 11),
    Rack("PR-02", (13, 41), (13, 134), 6, (5.5, 8.0), 9),
    Rack("PR-03", (-272, 138), (224, 138), 5, (5.5, 7.5), 8),
    Rack("PR-04", (160, 31), (160, -62), 4, (5.5,), 6),
    Rack("PR-05", (-24, 31), (-24, -56), 4, (5.5, 7.5), 6),
    Rack("PR-06", (160, -34), (266, -34), 4, (5.5,), 6),
    Rack("PR-07", (-136, -44), (-24, -44), 3, (5.0,), 5),
)

STACKS: tuple[Stack, ...] = (
    Stack("S-901", "锅炉烟囱", "Boiler chimney", "chimney", -86, -66, 3.6, 75),
    Stack("FL-901", "高架火炬", "Elevated flare", "flare", 260, 186, 1.4, 90),
)

BASINS: tuple[Basin, ...] = (
    Basin("BS-01", "循环水池", "Cooling water basin", Rect(20, -34, 86, -24), 0.8),
    Basin("BS-02", "事故水池", "Emergency retention basin", Rect(20, -82, 86, -54), 0.6, "empty"),
    Basin("BS-03", "生化曝气池", "Aeration basin", Rect(162, 152, 184, 200), 3.0, "sludge"),
    Basin("BS-04", "一号二沉池", "Clarifier 1", Rect(194, 182, 210, 198), 2.4, "water", True),
    Basin("BS-05", "二号二沉池", "Clarifier 2", Rect(194, 158, 210, 174), 2.4, "water", True),
)

COOLING_TOWER = Rect(20, -24, 86, -7)  # four induced-draught cells
COOLING_TOWER_CELLS = 4
COOLING_TOWER_HEIGHT = 11.0
TRANSFORMERS: tuple[Rect, ...] = tuple(Rect(-64 + 13 * i, -56, -57 + 13 * i, -50) for i in range(3))
COOLING_TOWER_CODE = "CT-701"

#: Middle of the control building's stairs, metres from its west wall; on its long axis.
CONTROL_STAIRS = 5.0
CONTROL_FLOOR_HEIGHT = 4.5  # metres, storey height of the central control building
