"""Import with preview and export over HTTP: round trips through the database, and files that must change nothing."""

from __future__ import annotations

import io
import json
import os
import struct
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import ezdxf
import httpx
import numpy as np
import pytest
import shapely
from gis_assets.sites.demo.build import features
from openpyxl import Workbook, load_workbook
from pyogrio import raw
from sqlalchemy import text

from tests.conftest import Enterprise, SignIn
from tests.support import make_enterprise
from twin.db.uow import unit_of_work
from twin.registry.layer import layers
from twin.spatial.transfer.service import FORMATS

Json = dict[str, Any]
X, Y = 117.7790, 38.3592


async def send(
    http: httpx.AsyncClient, path: str, layer: str, name: str, content: bytes, **form: str
) -> httpx.Response:
    headers = {"Accept-Language": form.pop("language", "zh-CN")}
    return await http.post(
        f"/api/spatial/{path}", data={"layer": layer, **form}, files={"file": (name, content)}, headers=headers
    )


async def preview(http: httpx.AsyncClient, layer: str, name: str, content: bytes, **form: str) -> Json:
    answer = await send(http, "import/preview", layer, name, content, **form)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def exported(http: httpx.AsyncClient, layer: str, format: str, crs: str = "4326") -> bytes:
    answer = await http.get("/api/spatial/export", params={"layer": layer, "format": format, "crs": crs})
    assert answer.status_code == 200, answer.text
    assert f"{layer}-" in answer.headers["content-disposition"]
    return answer.content


async def state(enterprise: Enterprise) -> list[tuple[Any, ...]]:
    """All that a failed import could have changed."""
    async with unit_of_work(enterprise.id) as uow:
        parts = [f"SELECT '{key}', count(*), sum(version) FROM {layer.table}" for key, layer in layers().items()]
        parts += [f"SELECT '{t}', count(*), 0 FROM {t}" for t in ("audit", "outbox", "feature_history")]
        rows = await uow.session.execute(text(" UNION ALL ".join(parts) + " ORDER BY 1"))
        return [tuple(row) for row in rows]


@pytest.mark.req("M1.7")
@pytest.mark.parametrize("crs", ["4326", "4490", "site", "gcj02", "bd09", "local"])
@pytest.mark.parametrize("format_key", list(FORMATS))
async def test_an_export_changes_nothing_when_it_comes_back(
    manager: httpx.AsyncClient, format_key: str, crs: str
) -> None:
    for layer in ("zone", "tank", "device") if crs == "site" else ("unit",):
        content = await exported(manager, layer, format_key, crs)
        found = await preview(manager, layer, f"x{FORMATS[format_key].suffixes[0]}", content, crs=crs)
        assert found["errors"] == [] and found["changes"] == [] and found["ignored"] == []
        count = len(json.loads(await exported(manager, layer, "geojson"))["features"])
        assert found["unchanged"] == count >= len(features()[layer])


@pytest.mark.req("M1.7")
async def test_changes_are_previewed_then_written_with_history(
    manager: httpx.AsyncClient, enterprise: Enterprise
) -> None:
    document = json.loads(await exported(manager, "warehouse", "geojson"))
    first, second = document["features"][:2]
    first["properties"]["goods"] = "固体烧碱"
    new = json.loads(json.dumps(second))
    new["properties"] |= {"code": "WH-NEW", "name": "新库"}
    document["features"].append(new)
    content = json.dumps(document).encode()
    before = await state(enterprise)
    found = await preview(manager, "warehouse", "a.geojson", content)
    assert (found["create"], found["update"]) == (1, 1) and found["unchanged"] == len(document["features"]) - 2
    assert {c["code"]: c["fields"] for c in found["changes"] if c["action"] == "update"} == {
        first["properties"]["code"]: ["goods"]
    }
    assert await state(enterprise) == before
    done = await send(manager, "import", "warehouse", "a.geojson", content)
    assert done.status_code == 200 and (done.json()["create"], done.json()["update"]) == (1, 1)
    versions = (await manager.get(f"/api/spatial/warehouse/{first['id']}/history")).json()["items"]
    assert [v["action"] for v in versions] == ["update", "create"] and versions[0]["by_name"] == "manager"
    assert versions[0]["feature"]["properties"]["goods"] == "固体烧碱"
    again = await send(manager, "import", "warehouse", "a.geojson", content)
    assert again.json()["unchanged"] == len(document["features"]) and again.json()["changes"] == []


def collection(*rows: tuple[Json, Any]) -> bytes:
    items = [{"type": "Feature", "properties": p, "geometry": g} for p, g in rows]
    return json.dumps({"type": "FeatureCollection", "features": items}).encode()


def point(x: float = X, y: float = Y) -> Json:
    return {"type": "Point", "coordinates": [x, y]}


def device(code: str, **more: Any) -> Json:
    return {"code": code, "name": "测点", "tag": code, "kind": "温度", **more}


BAD_ROWS: list[tuple[str, Json, Any, str]] = [
    ("required", device("B-1", name=None), point(), "名称"),
    ("not_in_list", device("B-1", kind="月亮"), point(), "类别"),
    ("not_number", device("B-1", range_low="冷"), point(), "量程下限"),
    ("unknown_code", device("B-1", zone_code="NO"), point(), "所属区域"),
    ("geometry_outside_site", device("B-1"), point(117.0), "图形"),
    ("geometry_type", device("B-1"), {"type": "LineString", "coordinates": [[X, Y], [X, Y + 0.001]]}, "图形"),
    ("geometry_missing", device("B-1"), None, "图形"),
    ("repeated_code", device("OK-1", tag="OTHER"), point(), "编号"),
    ("taken_by", device("B-1", tag="OK-1"), point(), "位号"),
    ("required", device("", tag="B-1"), point(), "编号"),
]


@pytest.mark.parametrize(("code", "properties", "geometry", "what"), BAD_ROWS)
async def test_one_bad_row_keeps_everything_out(
    manager: httpx.AsyncClient, enterprise: Enterprise, code: str, properties: Json, geometry: Any, what: str
) -> None:
    content = collection((device("OK-1"), point()), (properties, geometry))
    before = await state(enterprise)
    answer = await send(manager, "import", "device", "a.geojson", content)
    assert (answer.status_code, answer.json()["code"]) == (422, "import_invalid")
    row = next(r for r in answer.json()["errors"] if r["code"] == code)
    assert (
        row["where"].startswith("第 2 行") and row["where"].endswith(what) and not row["message"].startswith("error.")
    )
    english = await preview(manager, "device", "a.geojson", content, language="en")
    assert english["errors"][0]["where"].startswith("row 2") and english["create"] <= 1
    assert await state(enterprise) == before


async def test_a_wrong_system_is_found_out(manager: httpx.AsyncClient) -> None:
    content = await exported(manager, "gate", "xlsx", "4548")
    found = await preview(manager, "gate", "a.xlsx", content, crs="4547")
    assert "EPSG:4548" in found["errors"][0]["message"]
    stated = await exported(manager, "gate", "gpkg", "4548")
    refused = await send(manager, "import/preview", "gate", "a.gpkg", stated, crs="4326")
    assert (refused.status_code, refused.json()["code"]) == (422, "crs_mismatch")
    auto = await preview(manager, "gate", "a.gpkg", stated, crs="auto")
    assert auto["crs"] == "EPSG:4548" and auto["errors"] == []
    for crs in ("4978", "5773", "no such", "EPSG:1"):
        answer = await manager.get("/api/spatial/export", params={"layer": "gate", "crs": crs})
        assert answer.status_code == 422 and answer.json()["code"] in ("unknown_crs", "crs_unsuitable"), crs


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


VRT = b'<OGRVRTDataSource><OGRVRTLayer name="gate"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>'
SHP = struct.pack(">i", 9994) + bytes(96)
BAD_FILES: list[tuple[str, bytes, int, str]] = [
    ("a.geojson", b"{", 422, "file_unreadable"),
    ("a.geojson", b"[" * 100_000, 422, "file_unreadable"),
    ("a.geojson", b'{"type": "Topology"}', 422, "file_unreadable"),
    ("a.gpkg", VRT, 422, "file_unreadable"),
    ("a.gpkg", b"SQLite format 3\x00" + bytes(2000), 422, "file_unreadable"),
    ("a.zip", b"PK\x03\x04 no zip", 422, "file_unreadable"),
    ("a.zip", zipped(**{"a.txt": b"x"}), 422, "file_unreadable"),
    ("a.zip", zipped(**{"a.shp": VRT, "a.dbf": b"x"}), 422, "file_unreadable"),
    ("a.zip", zipped(**{"a.shp": SHP, "a.dbf": b"x"}), 422, "file_unreadable"),
    ("a.zip", zipped(**{"a.shp": bytes(300_000_000), "a.dbf": b"x"}), 413, "file_too_large"),
    ("a.xlsx", zipped(**{"xl/workbook.xml": bytes(60_000_000)}), 413, "file_too_large"),
    ("a.xlsx", zipped(**{"xl/workbook.xml": b"<x"}), 422, "file_unreadable"),
    ("a.dxf", b"no drawing", 422, "file_unreadable"),
    ("a.dxf", b"  0\nSECTION\n  2\nHEADER\n  9\n", 422, "file_unreadable"),
    ("a.dwg", b"AC1032", 415, "unsupported_format"),
    ("", b"x", 422, "invalid"),
]


@pytest.mark.parametrize(
    ("name", "content", "status", "code"), BAD_FILES, ids=[f"{n}-{f[0]}" for n, f in enumerate(BAD_FILES)]
)
async def test_bad_files_are_refused(
    manager: httpx.AsyncClient, enterprise: Enterprise, name: str, content: bytes, status: int, code: str
) -> None:
    before = await state(enterprise)
    answer = await send(manager, "import", "gate", name, content)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await state(enterprise) == before


async def test_members_of_a_zip_never_become_paths(manager: httpx.AsyncClient, tmp_path: Path) -> None:
    good = ZipFile(io.BytesIO(await exported(manager, "gate", "shp")))
    moved = {f"../../../../tmp/evil/{name}": good.read(name) for name in good.namelist()}
    found = await preview(manager, "gate", "a.zip", zipped(**moved))
    assert found["errors"] == [] and found["unchanged"] == len(features()["gate"])
    assert not os.path.exists("/tmp/evil")  # noqa: ASYNC240, PTH110


def chinese_shapefile(folder: Path) -> bytes:
    """A ZIP as Chinese desktop programs make it: GBK without a code page, Chinese columns, no heights."""
    raw.write(
        folder / "gate.shp",
        shapely.to_wkb(np.array([shapely.Point(X, Y)], dtype=object)),
        [np.array(["G-9"], object), np.array(["东侧物流门"], object), np.array(["物流门"], object)],
        ["编号", "名称", "类别"],
        driver="ESRI Shapefile",
        geometry_type="Point",
        crs="EPSG:4490",
        encoding="GBK",
    )
    return zipped(**{p.name: p.read_bytes() for p in folder.iterdir() if p.suffix != ".cpg"})


async def test_a_chinese_desktop_shapefile_is_read(manager: httpx.AsyncClient, tmp_path: Path) -> None:
    found = await preview(manager, "gate", "门.zip", chinese_shapefile(tmp_path))
    assert found["errors"] == [] and found["changes"][0]["name"] == "东侧物流门" and found["crs"] == "EPSG:4490"


def drawing() -> bytes:
    """A plant's own drawing in local millimetres: circles with text, a closed outline, a block with attributes."""
    made = ezdxf.new("R2010")
    made.header["$INSUNITS"] = 4
    space = made.modelspace()
    for n in range(2):
        space.add_circle((-100_000 + 30_000 * n, 20_000), 8_000, dxfattribs={"layer": "储罐"})
        space.add_mtext(
            f"T-9{n}\\P原油罐{n}号", dxfattribs={"layer": "文字", "insert": (-100_000 + 30_000 * n, 20_000)}
        )
    space.add_lwpolyline([(0, 0), (9_000, 0), (9_000, 5_000), (0, 5_000)], close=True, dxfattribs={"layer": "储罐"})
    space.add_text("V-99", dxfattribs={"layer": "文字"}).set_placement((4_000, 2_000))
    tank = made.blocks.new("TANK")
    tank.add_circle((0, 0), 5)
    tank.add_lwpolyline([(6, 0), (7, 0), (7, 1)], close=True)
    tank.add_attdef("编号", (0, 0))
    scaled = {"layer": "储罐", "xscale": 1000, "yscale": 1000}
    space.add_blockref("TANK", (20_000, 40_000), dxfattribs=scaled).add_auto_attribs({"编号": "T-95"})
    block = made.blocks.new("CAM")
    block.add_attdef("编号", (0, 0))
    insert = space.add_blockref("CAM", (12_000, 34_000), dxfattribs={"layer": "摄像机"})
    insert.add_auto_attribs({"编号": "CAM-99"})
    insert.add_attrib("NAME", "北侧球机")
    insert.add_attrib("KIND", "云台")
    space.add_line((0, 0), (50_000, 0), dxfattribs={"layer": "ROAD"})
    out = io.StringIO()
    made.write(out)
    return out.getvalue().encode()


async def test_a_plant_drawing_in_local_millimetres(manager: httpx.AsyncClient) -> None:
    content = drawing()
    form = {"crs": "local", "defaults": json.dumps({"kind": "fixed_roof", "name": "容器"})}
    found = await preview(manager, "tank", "总图.dxf", content, **form)
    assert found["errors"] == [], found["errors"]
    assert {c["code"]: c["name"] for c in found["changes"]} == {
        "T-90": "原油罐0号",
        "T-91": "原油罐1号",
        "V-99": "容器",
        "T-95": "容器",
    }
    assert (await send(manager, "import", "tank", "总图.dxf", content, **form)).status_code == 200
    tanks = {
        f["properties"]["code"]: f for f in json.loads(await exported(manager, "tank", "geojson", "local"))["features"]
    }
    made = shapely.geometry.shape(tanks["T-90"]["geometry"])
    assert made.centroid.x == pytest.approx(-100, abs=0.01) and made.centroid.y == pytest.approx(20, abs=0.01)
    assert made.area == pytest.approx(np.pi * 64, rel=0.01) and made.exterior.coords[0][2] == pytest.approx(0, abs=1e-6)
    shell = shapely.geometry.shape(tanks["T-95"]["geometry"])
    assert shell.centroid.x == pytest.approx(20, abs=0.01) and shell.area == pytest.approx(np.pi * 25, rel=0.01)
    camera = await preview(manager, "camera", "总图.dxf", content, crs="local")
    assert camera["errors"] == [] and [(c["code"], c["name"]) for c in camera["changes"]] == [("CAM-99", "北侧球机")]


async def test_a_drawing_without_a_fitting_layer_lists_its_own(manager: httpx.AsyncClient) -> None:
    answer = await send(manager, "import/preview", "building", "总图.dxf", drawing(), crs="local", language="en")
    assert answer.json()["code"] == "layer_unclear" and "储罐 (4)" in answer.json()["message"]
    named = await preview(manager, "building", "总图.dxf", drawing(), crs="local", cad_layers="储罐", language="en")
    assert {row["code"] for row in named["errors"]} == {"required"}
    assert named["errors"][0]["where"].startswith("CIRCLE #")


@pytest.mark.req("M1.7")
@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_the_excel_template_is_filled_in_and_read(manager: httpx.AsyncClient, language: str) -> None:
    accept = {"Accept-Language": language}
    answer = await manager.get("/api/spatial/template", params={"layer": "device"}, headers=accept)
    book = load_workbook(io.BytesIO(answer.content))
    sheet, lists, about = book.worksheets
    header = [str(cell.value) for cell in sheet[1]]
    assert header[0].endswith("(code) *") and header[-1].endswith("(z)") and about.max_row > len(header)
    assert len(sheet.data_validations.dataValidation) == 2
    choices = {str(column[0].value): [c.value for c in column[1:] if c.value] for column in lists.iter_cols()}
    kind, safety = (next(v for k, v in choices.items() if k.endswith(f"({n})")) for n in ("kind", "safety"))
    kinds = next(field.codes for field in layers()["device"].fields if field.name == "kind")
    assert len(kind) == len(kinds) > 10 and len(safety) == 2
    values = {"code": "X-1", "name": 7, "tag": "X-1", "kind": kind[2], "x": X, "y": Y, "safety": safety[0]}
    sheet.append([next((v for k, v in values.items() if f"({k})" in title), None) for title in header])
    out = io.BytesIO()
    book.save(out)
    found = await preview(manager, "device", "a.xlsx", out.getvalue(), language=language)
    assert found["errors"] == [] and (found["create"], found["changes"][0]["name"]) == (1, "7")


async def test_a_table_without_codes_and_unknown_columns(manager: httpx.AsyncClient) -> None:
    book = Workbook()
    book.active.append(["什么", "x"])
    out = io.BytesIO()
    book.save(out)
    answer = await send(manager, "import/preview", "gate", "a.xlsx", out.getvalue())
    assert answer.json()["code"] == "column_missing"
    content = collection(({"code": "G-8", "name": "门", "kind": "both", "colour": "red"}, point()))
    assert (await preview(manager, "gate", "a.geojson", content))["ignored"] == ["colour"]


async def test_rights_and_enterprises(sign_in: SignIn, manager: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    content = collection(({"code": "G-7", "name": "门", "kind": "both"}, point()))
    employee = await sign_in("employee")
    for path in ("import", "import/preview"):
        assert (await send(employee, path, "gate", "a.geojson", content)).status_code == 403
        assert (await send(client, path, "gate", "a.geojson", content)).status_code == 401
        assert (await send(manager, path, "nothing", "a.geojson", content)).json()["code"] == "layer_not_found"
    assert (await employee.get("/api/spatial/export", params={"layer": "gate"})).status_code == 403
    other = await make_enterprise("far")
    answer = await client.post("/api/auth/login", json={"username": "far-manager", "password": other.password})
    assert answer.status_code == 200
    assert (await client.get("/api/spatial/export", params={"layer": "gate"})).json()["code"] == "site_not_found"
    assert (await send(client, "import", "gate", "a.geojson", content)).json()["code"] == "site_not_found"
    client.cookies.clear()
