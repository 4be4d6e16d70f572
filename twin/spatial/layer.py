"""The layers of the spatial core, declared once (twin/registry/layer.py says what comes of a declaration)."""

from __future__ import annotations

from functools import partial

from twin.registry.layer import Field, Layer, Style, Text
from twin.spatial import codes, fence_rules
from twin.spatial.fence_rules import holds
from twin.spatial.models import (
    Anchor,
    AssemblyPoint,
    Building,
    Camera,
    Device,
    Floor,
    Gate,
    Geofence,
    Passage,
    Road,
    Site,
    Tank,
    Unit,
    Warehouse,
    Zone,
)


def _number(name: str, zh: str, en: str, unit: str = "", low: float | None = None, high: float | None = None) -> Field:
    return Field(name, Text(zh, en), "number", unit=unit, minimum=low, maximum=high, tile=True)


def _kind(code_list: codes.Codes = ()) -> Field:
    return Field("kind", Text("类别", "Kind"), codes=code_list, required=True, tile=True)


_ZONE_CODE = Field("zone_code", Text("所属区域", "Zone"), tile=True)
_HEIGHTS = (
    _number("z_min", "底部高程", "Bottom", "m", -500, 9000),
    _number("z_max", "顶部高程", "Top", "m", -500, 9000),
)
_RISK_COLOURS = ((1, "risk-1"), (2, "risk-2"), (3, "risk-3"), (4, "risk-4"))

LAYERS: tuple[Layer, ...] = (
    Layer(
        "site",
        Text("厂区", "Site"),
        Text("厂区边界与坐标基准", "Boundary and local frame of the plant"),
        Site,
        "Polygon",
        (
            Field("crs", Text("平面坐标系 (EPSG)", "Metric CRS (EPSG)"), "integer", required=True),
            Field("timezone", Text("时区", "Time zone"), required=True),
            Field(
                "origin_lon",
                Text("原点经度", "Origin longitude"),
                "number",
                unit="°",
                minimum=-180,
                maximum=180,
                required=True,
            ),
            Field(
                "origin_lat",
                Text("原点纬度", "Origin latitude"),
                "number",
                unit="°",
                minimum=-90,
                maximum=90,
                required=True,
            ),
            Field(
                "origin_h",
                Text("原点椭球高", "Origin height"),
                "number",
                unit="m",
                minimum=-500,
                maximum=9000,
                required=True,
            ),
            Field("address", Text("地址", "Address")),
        ),
        Style("line-neutral"),
    ),
    Layer(
        "zone",
        Text("风险区域", "Zones"),
        Text("风险分区，红橙黄蓝四色", "Risk zones in four colours"),
        Zone,
        "Polygon",
        (
            _kind(codes.ZONE),
            Field("parent_code", Text("上级区域", "Parent zone"), tile=True),
            *_HEIGHTS,
            Field(
                "control_level", Text("管控层级", "Control level"), "integer", codes.CONTROL, required=True, tile=True
            ),
            Field("static_risk", Text("静态风险", "Static risk"), "integer", codes.RISK, required=True, tile=True),
            Field("risk", Text("当前风险", "Risk now"), "integer", codes.RISK, writable=False, tile=True),
            Field("department", Text("责任部门", "Department"), tile=True),
            Field("owner", Text("责任人", "Owner"), tile=True),
            Field("owner_phone", Text("联系电话", "Phone")),
            Field("hazards", Text("主要危险", "Main hazards")),
        ),
        Style("risk-4", by="risk", colours=_RISK_COLOURS),
        identify=1,
    ),
    Layer(
        "building",
        Text("建筑物", "Buildings"),
        Text("建筑物轮廓与高度", "Buildings with heights"),
        Building,
        "Polygon",
        (
            _kind(),
            *_HEIGHTS,
            Field("storeys", Text("层数", "Storeys"), "integer", minimum=1, maximum=200, tile=True),
            _ZONE_CODE,
        ),
        Style("line-neutral", icon="building"),
        identify=3,
    ),
    Layer(
        "floor",
        Text("楼层", "Floors"),
        Text("建筑物的楼层", "Storeys of buildings"),
        Floor,
        "Polygon",
        (
            Field("building_code", Text("所属建筑", "Building"), required=True, tile=True),
            Field("level", Text("层号", "Level"), "integer", minimum=-20, maximum=200, required=True, tile=True),
            *_HEIGHTS,
        ),
        Style("line-neutral", icon="floor"),
        identify=2,
    ),
    Layer(
        "passage",
        Text("楼梯与电梯", "Stairs and lifts"),
        Text(
            "人员上下楼的通道，楼层定位以此判断换层",
            "Where people change storeys; positioning lets floors change there",
        ),
        Passage,
        "Polygon",
        (
            Field("building_code", Text("所属建筑", "Building"), required=True, tile=True),
            _kind(codes.PASSAGE),
            *_HEIGHTS,
        ),
        Style("line-neutral", icon="floor"),
        identify=2,
    ),
    Layer(
        "unit",
        Text("生产装置", "Units"),
        Text("生产装置与公用工程单元", "Process and utility units"),
        Unit,
        "Polygon",
        (_kind(), Field("process", Text("工艺", "Process")), *_HEIGHTS, _ZONE_CODE),
        Style("line-neutral", icon="unit"),
        identify=2,
    ),
    Layer(
        "tank",
        Text("储罐", "Tanks"),
        Text("储罐、球罐与容器", "Tanks, spheres and vessels"),
        Tank,
        "Polygon",
        (
            _kind(codes.TANK),
            Field("medium", Text("介质", "Medium"), tile=True),
            Field("medium_en", Text("介质(英)", "Medium (English)"), tile=True),
            _number("volume_m3", "容积", "Volume", "m³", 0),
            _number("diameter_m", "直径", "Diameter", "m", 0),
            _number("height_m", "高度", "Height", "m", 0),
            *_HEIGHTS,
            _ZONE_CODE,
        ),
        Style("line-neutral", icon="tank"),
        identify=4,
    ),
    Layer(
        "warehouse",
        Text("仓库", "Warehouses"),
        Text("危化品与物资仓库", "Stores of goods and chemicals"),
        Warehouse,
        "Polygon",
        (_kind(), Field("goods", Text("储存物品", "Goods")), *_HEIGHTS, _ZONE_CODE),
        Style("line-neutral", icon="warehouse"),
        identify=3,
    ),
    Layer(
        "road",
        Text("道路", "Roads"),
        Text("厂区道路中心线", "Centre lines of roads"),
        Road,
        "LineString",
        (_kind(codes.ROAD), _number("width_m", "宽度", "Width", "m", 0, 200)),
        Style("line-neutral", icon="road"),
    ),
    Layer(
        "gate",
        Text("大门", "Gates"),
        Text("人流与物流大门", "Gates for people and vehicles"),
        Gate,
        "Point",
        (_kind(codes.GATE), _number("direction_deg", "朝向", "Direction", "°", -360, 360)),
        Style("hue-sand", icon="gate"),
        identify=6,
    ),
    Layer(
        "device",
        Text("监测点", "Measuring points"),
        Text("DCS、SIS、GDS 监测点", "Measuring points of DCS, SIS and GDS"),
        Device,
        "Point",
        (
            Field("tag", Text("位号", "Tag"), required=True, tile=True),
            _kind(codes.DEVICE),
            Field("measurand", Text("测量对象", "Measurand"), tile=True),
            Field("unit_text", Text("单位", "Unit"), tile=True),
            _number("range_low", "量程下限", "Range low"),
            _number("range_high", "量程上限", "Range high"),
            _number("limit_ll", "低低报", "Low-low limit"),
            _number("limit_l", "低报", "Low limit"),
            _number("limit_h", "高报", "High limit"),
            _number("limit_hh", "高高报", "High-high limit"),
            _ZONE_CODE,
            Field("safety", Text("安全仪表", "Safety instrument"), "boolean", tile=True),
            Field("source", Text("数据源", "Source")),
        ),
        Style("hue-teal", icon="device", label="tag", min_zoom=16),
        identify=8,
    ),
    Layer(
        "camera",
        Text("摄像机", "Cameras"),
        Text("摄像机位置与视场", "Cameras with their view"),
        Camera,
        "Point",
        (
            _kind(codes.CAMERA),
            _number("heading_deg", "朝向", "Heading", "°", -360, 360),
            _number("tilt_deg", "俯仰", "Tilt", "°", -90, 90),
            _number("fov_deg", "视场角", "Field of view", "°", 0, 360),
            _number("range_m", "可视距离", "Range", "m", 0, 20000),
            _number("mount_m", "安装高度", "Mounting height", "m", 0, 500),
            _ZONE_CODE,
            Field("stream", Text("视频地址", "Stream address")),
        ),
        Style("hue-violet", icon="camera", min_zoom=16),
        identify=8,
    ),
    Layer(
        "geofence",
        Text("电子围栏", "Geofences"),
        Text("人员电子围栏", "Fences with rules for people"),
        Geofence,
        "Polygon",
        (
            _kind(codes.FENCE),
            Field("floor_code", Text("所在楼层", "Floor"), tile=True),
            *_HEIGHTS,
            Field("limit_count", Text("人数上限", "People allowed"), "integer", minimum=0, maximum=100000, tile=True),
            _number("limit_seconds", "时间上限", "Time allowed", "s", 0, 864000),
            _number("limit_speed_kmh", "限速", "Speed allowed", "km/h", 0, 200),
            _number("radius_m", "聚集半径", "Radius of a gathering", "m", 1, 100),
            Field(
                "classes", Text("适用人员", "Whom it concerns"), tile=True, check=partial(holds, fence_rules.classes)
            ),
            Field("allowed", Text("准入名单", "Who may enter"), check=partial(holds, fence_rules.allowed)),
            Field("schedule", Text("生效时段", "When it holds"), check=partial(holds, fence_rules.schedule)),
            Field("grade", Text("报警级别", "Alarm grade"), "integer", codes.GRADE, tile=True),
            _ZONE_CODE,
            Field("enabled", Text("启用", "Enabled"), "boolean", tile=True),
        ),
        Style("hue-violet", icon="fence"),
        identify=1,
    ),
    Layer(
        "assembly_point",
        Text("集合点", "Assembly points"),
        Text("紧急集合点", "Where people gather in an emergency"),
        AssemblyPoint,
        "Point",
        (Field("capacity", Text("容纳人数", "Capacity"), "integer", minimum=0, maximum=1000000, tile=True),),
        Style("hue-sand", icon="assembly"),
        identify=6,
    ),
    Layer(
        "anchor",
        Text("定位基站", "Anchors"),
        Text("人员定位基站与信标", "Anchors of the positioning system"),
        Anchor,
        "Point",
        (
            _kind(codes.ANCHOR),
            Field("floor_code", Text("所在楼层", "Floor"), tile=True),
            _number("mount_m", "安装高度", "Mounting height", "m", 0, 500),
            _ZONE_CODE,
        ),
        Style("hue-grey", icon="anchor", min_zoom=17),
        identify=7,
    ),
)
