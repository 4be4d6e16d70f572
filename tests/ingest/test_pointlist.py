"""Point lists from Excel and CSV with their source addresses, and coverage of what the design demands."""

from __future__ import annotations

import io
from typing import Any

import pytest
from openpyxl import load_workbook

from realtime.history.samples import micros, pack
from realtime.history.writer import Writer
from tests.conftest import Enterprise, SignIn
from tests.history.conftest import Points
from twin import clock
from twin.settings import Settings

AT = "/api/points"


def upload(name: str, data: bytes) -> dict[str, tuple[str, bytes]]:
    return {"file": (name, data)}


@pytest.mark.req("M9.1")
async def test_a_point_list_is_previewed_and_imported_with_its_addresses(points: Points, sign_in: SignIn) -> None:
    admin, manager = await sign_in("system_admin"), await sign_in("manager")
    made = await admin.post(
        "/api/sources",
        json={"name": "gds", "kind": "modbus_tcp", "settings": {"host": "127.0.0.1"}, "enabled": False},
    )
    at = f"/api/sources/{made.json()['id']}"
    near = (await admin.get("/ogc/collections/device/items?limit=1")).json()["features"][0]
    lon, lat, h = near["geometry"]["coordinates"]
    # The template, filled in.
    book = load_workbook(io.BytesIO((await admin.get(AT + "/template", headers={"Accept-Language": "en"})).content))
    sheet = book.worksheets[0]
    head = [str(cell.value) for cell in sheet[1]]
    column = {text.rstrip(" *").rsplit("(", 1)[1].rstrip(")"): n for n, text in enumerate(head)}
    assert {"code", "tag", "source_name", "address", "scale", "shift", "x"} <= set(column)

    def row(**values: Any) -> list[Any]:
        cells: list[Any] = [None] * len(head)
        for name, value in values.items():
            cells[column[name]] = value
        return cells

    new = {"code": "GT-9001", "name": "新探测器", "tag": "GT-9001", "kind": "gas_combustible", "unit_text": "%LEL",
           "range_low": 0, "range_high": 100, "limit_h": 25, "limit_hh": 50, "x": lon, "y": lat, "z": h}  # fmt: skip
    for n, values in enumerate(
        (
            new | {"source_name": "gds", "address": "1:holding:0:float32", "scale": 0.1},
            new | {"code": "GT-9002", "tag": "GT-9002", "source_name": "gds", "address": "nonsense"},
            new | {"code": "GT-9003", "tag": "GT-9003", "source_name": "nowhere", "address": "1:coil:0"},
            new | {"code": "GT-9004", "tag": "GT-9004", "address": "1:coil:0"},
        ),
        2,
    ):
        for m, value in enumerate(row(**values), 1):
            sheet.cell(n, m, value)
    out = io.BytesIO()
    book.save(out)
    seen = (await admin.post(AT + "/import/preview", files=upload("p.xlsx", out.getvalue()))).json()
    assert [(e["row"], e["code"]) for e in seen["errors"]] == [
        (3, "address_invalid"), (4, "pointlist_source"), (5, "pointlist_half"),
    ]  # fmt: skip
    refused = await admin.post(AT + "/import", files=upload("p.xlsx", out.getvalue()))
    assert refused.status_code == 422 and refused.json()["code"] == "import_invalid"
    for n in (5, 4, 3):
        sheet.delete_rows(n)
    out = io.BytesIO()
    book.save(out)
    done = await admin.post(AT + "/import", files=upload("p.xlsx", out.getvalue()))
    assert done.status_code == 200, done.text
    assert (done.json()["create"], done.json()["addresses"], done.json()["ignored"]) == (1, 1, [])
    (point,) = (await admin.get(at + "/points")).json()
    assert (point["address"], point["scale"]) == ("1:holding:0:float32", 0.1)
    # The same point by CSV as a Chinese spreadsheet saves it: only the address changes.
    head_csv = "编号,名称,位号,kind,经度,纬度,高程,采集源,采集地址"
    body = f"GT-9001,新探测器,GT-9001,gas_combustible,{lon},{lat},{h},gds,1:holding:2:float32"
    done = await admin.post(AT + "/import", files=upload("p.csv", f"{head_csv}\n{body}\n".encode("gb18030")))
    assert done.status_code == 200, done.text
    (point,) = (await admin.get(at + "/points")).json()
    assert point["address"] == "1:holding:2:float32"
    assert (await manager.post(AT + "/import", files=upload("p.xlsx", out.getvalue()))).status_code == 403
    assert (await admin.post(AT + "/import", files=upload("p.txt", b"x"))).status_code == 415


@pytest.mark.req("M9.2")
async def test_coverage_names_what_is_missing_and_what_is_silent(
    points: Points, enterprise: Enterprise, database: Settings, sign_in: SignIn
) -> None:
    admin, employee = await sign_in("system_admin"), await sign_in("employee")
    ids = [str(device) for device in points.devices[:3]]
    tags = {}
    for id_ in ids:
        tags[id_] = (await admin.get(f"/ogc/collections/device/items/{id_}")).json()["properties"]["tag"]
    made = await admin.post(
        "/api/sources", json={"name": "plc", "kind": "modbus_tcp", "settings": {"host": "127.0.0.1"}}
    )
    put = [{"device_id": id_, "address": f"1:holding:{n}"} for n, id_ in enumerate(ids[:2])]
    await admin.put(f"/api/sources/{made.json()['id']}/points", json=put)
    writer = Writer(database, "test")
    now = micros(clock.now())
    await writer.write(pack([(points.tags[0], now, now, 1.0, 0)]))
    await writer.alive()
    await writer.close()
    demanded = [{"tag": tag, "document": "P&ID-01"} for tag in [*tags.values(), "XX-0001"]]
    assert (await admin.put(AT + "/required", json=demanded)).status_code == 204
    told = (await employee.get(AT + "/coverage")).json()
    assert told["required"] == 4 and told["counts"] == {"ok": 1, "silent": 1, "unassigned": 1, "missing": 1}
    states = {gap["tag"]: gap["state"] for gap in told["gaps"]}
    assert states == {tags[ids[1]]: "silent", tags[ids[2]]: "unassigned", "XX-0001": "missing"}
    assert (await admin.put(AT + "/required", json=[*demanded, demanded[0]])).status_code == 422
    assert (await employee.put(AT + "/required", json=[])).status_code == 403
