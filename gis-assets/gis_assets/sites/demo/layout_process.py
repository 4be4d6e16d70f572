"""Equipment of the two process units and of the hydrogen and air separation block.

Unit 100: naphtha hydrotreating and catalytic reforming (石脑油加氢/重整).
Unit 200: gas fractionation and MTBE (气分/MTBE).
"""

from __future__ import annotations

from gis_assets.sites.demo.shapes import Column, Drum, Frame, Furnace, Pump, Rack, Rect

UNIT_RACKS: tuple[Rack, ...] = (
    Rack("PR-11", (-110, 76), (-14, 76), 7, (5.0, 7.5, 10.0), 10, coolers=10),
    Rack("PR-12", (-62, 40), (-62, 72), 5, (5.5, 8.0), 7),
    Rack("PR-21", (18, 76), (138, 76), 7, (5.0, 7.5, 10.0), 10, coolers=13),
    Rack("PR-22", (74, 40), (74, 72), 5, (5.5, 8.0), 7),
)

FRAMES: tuple[Frame, ...] = (
    Frame("ST-101", Rect(-108, 86, -72, 102), (6.0, 12.0, 18.0)),
    Frame("ST-102", Rect(-70, 86, -52, 98), (5.0, 10.0)),
    Frame("ST-103", Rect(-110, 46, -86, 58), (5.0, 10.0)),
    Frame("ST-201", Rect(92, 86, 134, 102), (6.0, 12.0, 17.0)),
    Frame("ST-202", Rect(20, 86, 44, 98), (5.0, 10.0)),
    Frame("ST-203", Rect(84, 46, 110, 58), (5.0, 10.0)),
)

FURNACES: tuple[Furnace, ...] = (
    Furnace("F-101", "加氢进料加热炉 F-101", "Hydrotreater charge heater F-101", Rect(-140, 50, -128, 62), 16, 42),
    Furnace("F-102", "重整一号加热炉 F-102", "Reformer heater F-102", Rect(-140, 72, -126, 86), 18, 46, 2.2),
    Furnace("F-103", "重整二号加热炉 F-103", "Reformer heater F-103", Rect(-140, 96, -126, 110), 18, 46, 2.2),
)

COLUMNS: tuple[Column, ...] = (
    Column("R-101", "加氢反应器 R-101", "Hydrotreating reactor R-101", -102, 94, 2.8, 20, "reactor"),
    Column("R-102", "重整一反 R-102", "Reforming reactor R-102", -94, 94, 2.4, 21, "reactor"),
    Column("R-103", "重整二反 R-103", "Reforming reactor R-103", -86, 94, 2.6, 22, "reactor"),
    Column("R-104", "重整三反 R-104", "Reforming reactor R-104", -78, 94, 2.8, 23, "reactor"),
    Column("C-101", "汽提塔 C-101", "Stripper C-101", -76, 52, 2.4, 34, "column", (10, 17, 24, 31)),
    Column("C-102", "脱戊烷塔 C-102", "Depentaniser C-102", -48, 53, 3.0, 46, "column", (11, 19, 27, 35, 43)),
    Column("C-103", "脱己烷塔 C-103", "Dehexaniser C-103", -36, 53, 2.6, 40, "column", (10, 18, 26, 37)),
    Column("C-104", "白土塔 C-104", "Clay tower C-104", -24, 53, 2.2, 18, "column", (8, 16)),
    Column("V-101", "高压分离器 V-101", "High-pressure separator V-101", -60, 108, 2.2, 11, "drum"),
    Column("C-201", "脱丙烷塔 C-201", "Depropaniser C-201", 28, 56, 3.0, 48, "column", (11, 19, 27, 36, 45)),
    Column("C-202", "脱乙烷塔 C-202", "Deethaniser C-202", 40, 56, 2.2, 36, "column", (10, 18, 26, 34)),
    Column(
        "C-203A", "丙烯精馏塔 C-203A", "Propylene splitter C-203A", 52, 56, 3.8, 62, "column", (12, 22, 32, 42, 52, 59)
    ),
    Column(
        "C-203B", "丙烯精馏塔 C-203B", "Propylene splitter C-203B", 62, 56, 3.8, 66, "column", (12, 22, 32, 42, 52, 63)
    ),
    Column(
        "C-204",
        "催化蒸馏塔 C-204",
        "Catalytic distillation column C-204",
        122,
        54,
        2.6,
        44,
        "column",
        (10, 18, 26, 34, 41),
    ),
    Column("C-205", "甲醇回收塔 C-205", "Methanol recovery column C-205", 133, 54, 1.8, 30, "column", (9, 18, 27)),
    Column("R-201A", "醚化反应器 R-201A", "Etherification reactor R-201A", 102, 94, 2.4, 19, "reactor"),
    Column("R-201B", "醚化反应器 R-201B", "Etherification reactor R-201B", 112, 94, 2.4, 19, "reactor"),
    Column("C-206", "水洗塔 C-206", "Water wash column C-206", 126, 94, 2.0, 26, "column", (20, 24)),
    Column("CB-301", "空分冷箱 CB-301", "Air separation cold box CB-301", 230, 95, 5.0, 32, "coldbox"),
    Column("V-311", "液氮储罐 V-311", "Liquid nitrogen tank V-311", 218, 108, 3.4, 13, "drum"),
    Column("V-312", "液氮储罐 V-312", "Liquid nitrogen tank V-312", 224, 112, 3.4, 13, "drum"),
)


def _exchangers() -> tuple[Drum, ...]:
    rows: list[Drum] = []
    for i in range(6):  # ground level in unit 100, bundle ends facing the pulling lane
        rows.append(
            Drum(
                f"E-{101 + i}",
                f"换热器 E-{101 + i}",
                f"Exchanger E-{101 + i}",
                -106 + 4.0 * i,
                52,
                1.6 + 5.0 * (i % 2),
                1.1,
                7.0,
                90,
            )
        )
    for i in range(4):
        rows.append(
            Drum(f"E-{111 + i}", f"冷凝器 E-{111 + i}", f"Condenser E-{111 + i}", -67 + 4.2 * i, 92, 6.4, 1.2, 7.5, 90)
        )
    for i in range(6):
        rows.append(
            Drum(
                f"E-{201 + i}",
                f"换热器 E-{201 + i}",
                f"Exchanger E-{201 + i}",
                87 + 4.0 * i,
                52,
                1.6 + 5.0 * (i % 2),
                1.1,
                7.0,
                90,
            )
        )
    for i in range(5):
        rows.append(
            Drum(
                f"E-{211 + i}",
                f"塔顶冷凝器 E-{211 + i}",
                f"Overhead condenser E-{211 + i}",
                23 + 4.4 * i,
                92,
                11.3,
                1.3,
                8.0,
                90,
            )
        )
    return tuple(rows)


DRUMS: tuple[Drum, ...] = (
    *_exchangers(),
    Drum("V-102", "回流罐 V-102", "Reflux drum V-102", -61, 92, 11.9, 2.4, 8.0, 0, "drum"),
    Drum("V-103", "原料缓冲罐 V-103", "Feed surge drum V-103", -30, 64, 2.6, 2.4, 8.0, 0, "drum"),
    Drum("V-201", "脱丙烷塔回流罐 V-201", "Depropaniser reflux drum V-201", 27, 92, 7.0, 2.4, 7.0, 90, "drum"),
    Drum("V-202", "丙烯塔回流罐 V-202", "Splitter reflux drum V-202", 37, 92, 7.2, 2.8, 8.0, 90, "drum"),
    Drum("V-203", "原料缓冲罐 V-203", "Feed surge drum V-203", 60, 92, 2.8, 2.8, 10.0, 0, "drum"),
    Drum("V-204", "甲醇缓冲罐 V-204", "Methanol surge drum V-204", 124, 88.5, 7.1, 1.8, 6.0, 0, "drum"),
    Drum("V-901", "火炬分液罐 V-901", "Flare knock-out drum V-901", 238, 186, 3.2, 3.6, 12.0, 0, "drum"),
    Drum("V-902", "火炬水封罐 V-902", "Flare seal drum V-902", 249, 177, 2.6, 2.6, 7.0, 90, "drum"),
)


def _pumps() -> tuple[Pump, ...]:
    rows = []
    for unit, x0 in ((1, -104.0), (2, 24.0)):
        for i in range(12):  # pump rows under the unit racks, A/B pairs
            no, ab = 1 + i // 2, "AB"[i % 2]
            code = f"P-{unit}0{no}{ab}"
            rows.append(
                Pump(code, f"机泵 {code}", f"Pump {code}", x0 + 7.2 * i + (1.2 if ab == "A" else -1.2), 71.0, 90, 1.0)
            )
    for i in range(4):
        rows.append(
            Pump(f"P-30{i + 1}", f"罐区转输泵 P-30{i + 1}", f"Transfer pump P-30{i + 1}", -270 + 9 * i, 44.5, 90, 1.1)
        )
    for i in range(4):
        rows.append(Pump(f"P-40{i + 1}", f"装车泵 P-40{i + 1}", f"Loading pump P-40{i + 1}", 40 + 9 * i, 142.3, 0, 1.1))
    return tuple(rows)


PUMPS: tuple[Pump, ...] = _pumps()
