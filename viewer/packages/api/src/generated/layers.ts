// Written by `python -m tiles.features.typescript` from the layer registry; do not edit.
import type { CommonProperties } from '../types'

export interface Title {
  zh: string
  en: string
}
export interface CodeInfo {
  value: string | number
  title: Title
}
export interface FieldInfo {
  name: string
  title: Title
  kind: 'string' | 'integer' | 'number' | 'boolean' | 'datetime'
  codes: readonly CodeInfo[]
  unit: string
  minimum?: number
  maximum?: number
  required: boolean
  writable: boolean
}
export interface StyleInfo {
  colour: string
  by: string | null
  colours: readonly { value: string | number; colour: string }[]
  icon: string
  label: string | null
  minZoom: number
}
export interface LayerInfo {
  key: string
  title: Title
  geometry: 'Point' | 'LineString' | 'Polygon'
  topic: string
  live: boolean
  identify: number
  fields: readonly FieldInfo[]
  style: StyleInfo
}


export interface SiteProperties extends CommonProperties {
  crs: number
  timezone: string
  origin_lon: number
  origin_lat: number
  origin_h: number
  address: string | null
}

export interface ZoneProperties extends CommonProperties {
  kind: "plant" | "area" | "unit" | "place"
  parent_code: string | null
  z_min: number | null
  z_max: number | null
  control_level: 1 | 2 | 3 | 4
  static_risk: 1 | 2 | 3 | 4
  risk: 1 | 2 | 3 | 4 | null
  department: string | null
  owner: string | null
  owner_phone: string | null
  hazards: string | null
}

export interface BuildingProperties extends CommonProperties {
  kind: string
  z_min: number | null
  z_max: number | null
  storeys: number | null
  zone_code: string | null
}

export interface FloorProperties extends CommonProperties {
  building_code: string
  level: number
  z_min: number | null
  z_max: number | null
}

export interface UnitProperties extends CommonProperties {
  kind: string
  process: string | null
  z_min: number | null
  z_max: number | null
  zone_code: string | null
}

export interface TankProperties extends CommonProperties {
  kind: "fixed_roof" | "floating_roof" | "sphere" | "vessel"
  medium: string | null
  medium_en: string | null
  volume_m3: number | null
  diameter_m: number | null
  height_m: number | null
  z_min: number | null
  z_max: number | null
  zone_code: string | null
}

export interface WarehouseProperties extends CommonProperties {
  kind: string
  goods: string | null
  z_min: number | null
  z_max: number | null
  zone_code: string | null
}

export interface RoadProperties extends CommonProperties {
  kind: "main" | "secondary" | "fire"
  width_m: number | null
}

export interface GateProperties extends CommonProperties {
  kind: "people" | "vehicles" | "both"
  direction_deg: number | null
}

export interface DeviceProperties extends CommonProperties {
  tag: string
  kind: "temperature" | "pressure" | "level" | "flow" | "gas_combustible" | "gas_toxic" | "gas_oxygen" | "humidity" | "vibration" | "current" | "valve" | "wind"
  measurand: string | null
  unit_text: string | null
  range_low: number | null
  range_high: number | null
  limit_ll: number | null
  limit_l: number | null
  limit_h: number | null
  limit_hh: number | null
  zone_code: string | null
  safety: boolean
  source: string | null
}

export interface CameraProperties extends CommonProperties {
  kind: "fixed" | "ptz" | "thermal"
  heading_deg: number | null
  tilt_deg: number | null
  fov_deg: number | null
  range_m: number | null
  mount_m: number | null
  zone_code: string | null
  stream: string | null
}

export interface GeofenceProperties extends CommonProperties {
  kind: "trespass" | "over_count" | "under_count" | "leave_post" | "gathering" | "static_timeout" | "stay" | "call" | "speeding" | "parking" | "count"
  floor_code: string | null
  z_min: number | null
  z_max: number | null
  limit_count: number | null
  limit_seconds: number | null
  limit_speed_kmh: number | null
  radius_m: number | null
  classes: string | null
  allowed: string | null
  schedule: string | null
  grade: 1 | 2 | 3 | 4 | null
  zone_code: string | null
  enabled: boolean
}

export interface AssemblyPointProperties extends CommonProperties {
  capacity: number | null
}

export interface AnchorProperties extends CommonProperties {
  kind: "uwb" | "ble" | "rtk"
  floor_code: string | null
  mount_m: number | null
  zone_code: string | null
}

export const LAYERS: Record<string, LayerInfo> = {
  site: {"key": "site", "title": {"zh": "厂区", "en": "Site"}, "geometry": "Polygon", "topic": "layer.site", "live": true, "identify": 0, "fields": [{"name": "code", "title": {"zh": "编号", "en": "Code"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name", "title": {"zh": "名称", "en": "Name"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name_en", "title": {"zh": "英文名称", "en": "English name"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "note", "title": {"zh": "备注", "en": "Note"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "version", "title": {"zh": "版本", "en": "Version"}, "kind": "integer", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "updated_at", "title": {"zh": "更新时间", "en": "Updated"}, "kind": "datetime", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "crs", "title": {"zh": "平面坐标系 (EPSG)", "en": "Metric CRS (EPSG)"}, "kind": "integer", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "timezone", "title": {"zh": "时区", "en": "Time zone"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "origin_lon", "title": {"zh": "原点经度", "en": "Origin longitude"}, "kind": "number", "codes": [], "unit": "°", "required": true, "writable": true, "minimum": -180, "maximum": 180}, {"name": "origin_lat", "title": {"zh": "原点纬度", "en": "Origin latitude"}, "kind": "number", "codes": [], "unit": "°", "required": true, "writable": true, "minimum": -90, "maximum": 90}, {"name": "origin_h", "title": {"zh": "原点椭球高", "en": "Origin height"}, "kind": "number", "codes": [], "unit": "m", "required": true, "writable": true, "minimum": -500, "maximum": 9000}, {"name": "address", "title": {"zh": "地址", "en": "Address"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}], "style": {"colour": "line-neutral", "by": null, "colours": [], "icon": "", "label": "name", "minZoom": 0}},
  zone: {"key": "zone", "title": {"zh": "风险区域", "en": "Zones"}, "geometry": "Polygon", "topic": "layer.zone", "live": true, "identify": 1, "fields": [{"name": "code", "title": {"zh": "编号", "en": "Code"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name", "title": {"zh": "名称", "en": "Name"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name_en", "title": {"zh": "英文名称", "en": "English name"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "note", "title": {"zh": "备注", "en": "Note"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "version", "title": {"zh": "版本", "en": "Version"}, "kind": "integer", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "updated_at", "title": {"zh": "更新时间", "en": "Updated"}, "kind": "datetime", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "kind", "title": {"zh": "类别", "en": "Kind"}, "kind": "string", "codes": [{"value": "plant", "title": {"zh": "全厂", "en": "Plant"}}, {"value": "area", "title": {"zh": "功能区", "en": "Area"}}, {"value": "unit", "title": {"zh": "装置单元", "en": "Unit"}}, {"value": "place", "title": {"zh": "部位", "en": "Place"}}], "unit": "", "required": true, "writable": true}, {"name": "parent_code", "title": {"zh": "上级区域", "en": "Parent zone"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "z_min", "title": {"zh": "底部高程", "en": "Bottom"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": -500, "maximum": 9000}, {"name": "z_max", "title": {"zh": "顶部高程", "en": "Top"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": -500, "maximum": 9000}, {"name": "control_level", "title": {"zh": "管控层级", "en": "Control level"}, "kind": "integer", "codes": [{"value": 1, "title": {"zh": "公司级", "en": "Company"}}, {"value": 2, "title": {"zh": "部门级", "en": "Department"}}, {"value": 3, "title": {"zh": "车间级", "en": "Workshop"}}, {"value": 4, "title": {"zh": "班组级", "en": "Team"}}], "unit": "", "required": true, "writable": true}, {"name": "static_risk", "title": {"zh": "静态风险", "en": "Static risk"}, "kind": "integer", "codes": [{"value": 1, "title": {"zh": "重大风险", "en": "Major"}}, {"value": 2, "title": {"zh": "较大风险", "en": "Considerable"}}, {"value": 3, "title": {"zh": "一般风险", "en": "General"}}, {"value": 4, "title": {"zh": "低风险", "en": "Low"}}], "unit": "", "required": true, "writable": true}, {"name": "risk", "title": {"zh": "当前风险", "en": "Risk now"}, "kind": "integer", "codes": [{"value": 1, "title": {"zh": "重大风险", "en": "Major"}}, {"value": 2, "title": {"zh": "较大风险", "en": "Considerable"}}, {"value": 3, "title": {"zh": "一般风险", "en": "General"}}, {"value": 4, "title": {"zh": "低风险", "en": "Low"}}], "unit": "", "required": false, "writable": false}, {"name": "department", "title": {"zh": "责任部门", "en": "Department"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "owner", "title": {"zh": "责任人", "en": "Owner"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "owner_phone", "title": {"zh": "联系电话", "en": "Phone"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "hazards", "title": {"zh": "主要危险", "en": "Main hazards"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}], "style": {"colour": "risk-4", "by": "risk", "colours": [{"value": 1, "colour": "risk-1"}, {"value": 2, "colour": "risk-2"}, {"value": 3, "colour": "risk-3"}, {"value": 4, "colour": "risk-4"}], "icon": "", "label": "name", "minZoom": 0}},
  building: {"key": "building", "title": {"zh": "建筑物", "en": "Buildings"}, "geometry": "Polygon", "topic": "layer.building", "live": true, "identify": 3, "fields": [{"name": "code", "title": {"zh": "编号", "en": "Code"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name", "title": {"zh": "名称", "en": "Name"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name_en", "title": {"zh": "英文名称", "en": "English name"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "note", "title": {"zh": "备注", "en": "Note"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "version", "title": {"zh": "版本", "en": "Version"}, "kind": "integer", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "updated_at", "title": {"zh": "更新时间", "en": "Updated"}, "kind": "datetime", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "kind", "title": {"zh": "类别", "en": "Kind"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "z_min", "title": {"zh": "底部高程", "en": "Bottom"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": -500, "maximum": 9000}, {"name": "z_max", "title": {"zh": "顶部高程", "en": "Top"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": -500, "maximum": 9000}, {"name": "storeys", "title": {"zh": "层数", "en": "Storeys"}, "kind": "integer", "codes": [], "unit": "", "required": false, "writable": true, "minimum": 1, "maximum": 200}, {"name": "zone_code", "title": {"zh": "所属区域", "en": "Zone"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}], "style": {"colour": "line-neutral", "by": null, "colours": [], "icon": "building", "label": "name", "minZoom": 0}},
  floor: {"key": "floor", "title": {"zh": "楼层", "en": "Floors"}, "geometry": "Polygon", "topic": "layer.floor", "live": true, "identify": 2, "fields": [{"name": "code", "title": {"zh": "编号", "en": "Code"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name", "title": {"zh": "名称", "en": "Name"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name_en", "title": {"zh": "英文名称", "en": "English name"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "note", "title": {"zh": "备注", "en": "Note"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "version", "title": {"zh": "版本", "en": "Version"}, "kind": "integer", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "updated_at", "title": {"zh": "更新时间", "en": "Updated"}, "kind": "datetime", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "building_code", "title": {"zh": "所属建筑", "en": "Building"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "level", "title": {"zh": "层号", "en": "Level"}, "kind": "integer", "codes": [], "unit": "", "required": true, "writable": true, "minimum": -20, "maximum": 200}, {"name": "z_min", "title": {"zh": "底部高程", "en": "Bottom"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": -500, "maximum": 9000}, {"name": "z_max", "title": {"zh": "顶部高程", "en": "Top"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": -500, "maximum": 9000}], "style": {"colour": "line-neutral", "by": null, "colours": [], "icon": "floor", "label": "name", "minZoom": 0}},
  unit: {"key": "unit", "title": {"zh": "生产装置", "en": "Units"}, "geometry": "Polygon", "topic": "layer.unit", "live": true, "identify": 2, "fields": [{"name": "code", "title": {"zh": "编号", "en": "Code"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name", "title": {"zh": "名称", "en": "Name"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name_en", "title": {"zh": "英文名称", "en": "English name"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "note", "title": {"zh": "备注", "en": "Note"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "version", "title": {"zh": "版本", "en": "Version"}, "kind": "integer", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "updated_at", "title": {"zh": "更新时间", "en": "Updated"}, "kind": "datetime", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "kind", "title": {"zh": "类别", "en": "Kind"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "process", "title": {"zh": "工艺", "en": "Process"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "z_min", "title": {"zh": "底部高程", "en": "Bottom"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": -500, "maximum": 9000}, {"name": "z_max", "title": {"zh": "顶部高程", "en": "Top"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": -500, "maximum": 9000}, {"name": "zone_code", "title": {"zh": "所属区域", "en": "Zone"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}], "style": {"colour": "line-neutral", "by": null, "colours": [], "icon": "unit", "label": "name", "minZoom": 0}},
  tank: {"key": "tank", "title": {"zh": "储罐", "en": "Tanks"}, "geometry": "Polygon", "topic": "layer.tank", "live": true, "identify": 4, "fields": [{"name": "code", "title": {"zh": "编号", "en": "Code"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name", "title": {"zh": "名称", "en": "Name"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name_en", "title": {"zh": "英文名称", "en": "English name"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "note", "title": {"zh": "备注", "en": "Note"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "version", "title": {"zh": "版本", "en": "Version"}, "kind": "integer", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "updated_at", "title": {"zh": "更新时间", "en": "Updated"}, "kind": "datetime", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "kind", "title": {"zh": "类别", "en": "Kind"}, "kind": "string", "codes": [{"value": "fixed_roof", "title": {"zh": "固定顶罐", "en": "Fixed roof"}}, {"value": "floating_roof", "title": {"zh": "浮顶罐", "en": "Floating roof"}}, {"value": "sphere", "title": {"zh": "球罐", "en": "Sphere"}}, {"value": "vessel", "title": {"zh": "卧式容器", "en": "Vessel"}}], "unit": "", "required": true, "writable": true}, {"name": "medium", "title": {"zh": "介质", "en": "Medium"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "medium_en", "title": {"zh": "介质(英)", "en": "Medium (English)"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "volume_m3", "title": {"zh": "容积", "en": "Volume"}, "kind": "number", "codes": [], "unit": "m³", "required": false, "writable": true, "minimum": 0}, {"name": "diameter_m", "title": {"zh": "直径", "en": "Diameter"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": 0}, {"name": "height_m", "title": {"zh": "高度", "en": "Height"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": 0}, {"name": "z_min", "title": {"zh": "底部高程", "en": "Bottom"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": -500, "maximum": 9000}, {"name": "z_max", "title": {"zh": "顶部高程", "en": "Top"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": -500, "maximum": 9000}, {"name": "zone_code", "title": {"zh": "所属区域", "en": "Zone"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}], "style": {"colour": "line-neutral", "by": null, "colours": [], "icon": "tank", "label": "name", "minZoom": 0}},
  warehouse: {"key": "warehouse", "title": {"zh": "仓库", "en": "Warehouses"}, "geometry": "Polygon", "topic": "layer.warehouse", "live": true, "identify": 3, "fields": [{"name": "code", "title": {"zh": "编号", "en": "Code"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name", "title": {"zh": "名称", "en": "Name"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name_en", "title": {"zh": "英文名称", "en": "English name"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "note", "title": {"zh": "备注", "en": "Note"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "version", "title": {"zh": "版本", "en": "Version"}, "kind": "integer", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "updated_at", "title": {"zh": "更新时间", "en": "Updated"}, "kind": "datetime", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "kind", "title": {"zh": "类别", "en": "Kind"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "goods", "title": {"zh": "储存物品", "en": "Goods"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "z_min", "title": {"zh": "底部高程", "en": "Bottom"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": -500, "maximum": 9000}, {"name": "z_max", "title": {"zh": "顶部高程", "en": "Top"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": -500, "maximum": 9000}, {"name": "zone_code", "title": {"zh": "所属区域", "en": "Zone"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}], "style": {"colour": "line-neutral", "by": null, "colours": [], "icon": "warehouse", "label": "name", "minZoom": 0}},
  road: {"key": "road", "title": {"zh": "道路", "en": "Roads"}, "geometry": "LineString", "topic": "layer.road", "live": true, "identify": 0, "fields": [{"name": "code", "title": {"zh": "编号", "en": "Code"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name", "title": {"zh": "名称", "en": "Name"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name_en", "title": {"zh": "英文名称", "en": "English name"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "note", "title": {"zh": "备注", "en": "Note"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "version", "title": {"zh": "版本", "en": "Version"}, "kind": "integer", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "updated_at", "title": {"zh": "更新时间", "en": "Updated"}, "kind": "datetime", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "kind", "title": {"zh": "类别", "en": "Kind"}, "kind": "string", "codes": [{"value": "main", "title": {"zh": "主干道", "en": "Main road"}}, {"value": "secondary", "title": {"zh": "次干道", "en": "Secondary road"}}, {"value": "fire", "title": {"zh": "消防道", "en": "Fire road"}}], "unit": "", "required": true, "writable": true}, {"name": "width_m", "title": {"zh": "宽度", "en": "Width"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": 0, "maximum": 200}], "style": {"colour": "line-neutral", "by": null, "colours": [], "icon": "road", "label": "name", "minZoom": 0}},
  gate: {"key": "gate", "title": {"zh": "大门", "en": "Gates"}, "geometry": "Point", "topic": "layer.gate", "live": true, "identify": 6, "fields": [{"name": "code", "title": {"zh": "编号", "en": "Code"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name", "title": {"zh": "名称", "en": "Name"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name_en", "title": {"zh": "英文名称", "en": "English name"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "note", "title": {"zh": "备注", "en": "Note"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "version", "title": {"zh": "版本", "en": "Version"}, "kind": "integer", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "updated_at", "title": {"zh": "更新时间", "en": "Updated"}, "kind": "datetime", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "kind", "title": {"zh": "类别", "en": "Kind"}, "kind": "string", "codes": [{"value": "people", "title": {"zh": "人流门", "en": "People"}}, {"value": "vehicles", "title": {"zh": "物流门", "en": "Vehicles"}}, {"value": "both", "title": {"zh": "人车共用", "en": "People and vehicles"}}], "unit": "", "required": true, "writable": true}, {"name": "direction_deg", "title": {"zh": "朝向", "en": "Direction"}, "kind": "number", "codes": [], "unit": "°", "required": false, "writable": true, "minimum": -360, "maximum": 360}], "style": {"colour": "hue-sand", "by": null, "colours": [], "icon": "gate", "label": "name", "minZoom": 0}},
  device: {"key": "device", "title": {"zh": "监测点", "en": "Measuring points"}, "geometry": "Point", "topic": "layer.device", "live": true, "identify": 8, "fields": [{"name": "code", "title": {"zh": "编号", "en": "Code"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name", "title": {"zh": "名称", "en": "Name"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name_en", "title": {"zh": "英文名称", "en": "English name"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "note", "title": {"zh": "备注", "en": "Note"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "version", "title": {"zh": "版本", "en": "Version"}, "kind": "integer", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "updated_at", "title": {"zh": "更新时间", "en": "Updated"}, "kind": "datetime", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "tag", "title": {"zh": "位号", "en": "Tag"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "kind", "title": {"zh": "类别", "en": "Kind"}, "kind": "string", "codes": [{"value": "temperature", "title": {"zh": "温度", "en": "Temperature"}}, {"value": "pressure", "title": {"zh": "压力", "en": "Pressure"}}, {"value": "level", "title": {"zh": "液位", "en": "Level"}}, {"value": "flow", "title": {"zh": "流量", "en": "Flow"}}, {"value": "gas_combustible", "title": {"zh": "可燃气体", "en": "Combustible gas"}}, {"value": "gas_toxic", "title": {"zh": "有毒气体", "en": "Toxic gas"}}, {"value": "gas_oxygen", "title": {"zh": "氧气浓度", "en": "Oxygen"}}, {"value": "humidity", "title": {"zh": "湿度", "en": "Humidity"}}, {"value": "vibration", "title": {"zh": "振动", "en": "Vibration"}}, {"value": "current", "title": {"zh": "电流", "en": "Current"}}, {"value": "valve", "title": {"zh": "阀位", "en": "Valve position"}}, {"value": "wind", "title": {"zh": "风速风向", "en": "Wind"}}], "unit": "", "required": true, "writable": true}, {"name": "measurand", "title": {"zh": "测量对象", "en": "Measurand"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "unit_text", "title": {"zh": "单位", "en": "Unit"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "range_low", "title": {"zh": "量程下限", "en": "Range low"}, "kind": "number", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "range_high", "title": {"zh": "量程上限", "en": "Range high"}, "kind": "number", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "limit_ll", "title": {"zh": "低低报", "en": "Low-low limit"}, "kind": "number", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "limit_l", "title": {"zh": "低报", "en": "Low limit"}, "kind": "number", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "limit_h", "title": {"zh": "高报", "en": "High limit"}, "kind": "number", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "limit_hh", "title": {"zh": "高高报", "en": "High-high limit"}, "kind": "number", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "zone_code", "title": {"zh": "所属区域", "en": "Zone"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "safety", "title": {"zh": "安全仪表", "en": "Safety instrument"}, "kind": "boolean", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "source", "title": {"zh": "数据源", "en": "Source"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}], "style": {"colour": "hue-teal", "by": null, "colours": [], "icon": "device", "label": "tag", "minZoom": 16}},
  camera: {"key": "camera", "title": {"zh": "摄像机", "en": "Cameras"}, "geometry": "Point", "topic": "layer.camera", "live": true, "identify": 8, "fields": [{"name": "code", "title": {"zh": "编号", "en": "Code"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name", "title": {"zh": "名称", "en": "Name"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name_en", "title": {"zh": "英文名称", "en": "English name"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "note", "title": {"zh": "备注", "en": "Note"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "version", "title": {"zh": "版本", "en": "Version"}, "kind": "integer", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "updated_at", "title": {"zh": "更新时间", "en": "Updated"}, "kind": "datetime", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "kind", "title": {"zh": "类别", "en": "Kind"}, "kind": "string", "codes": [{"value": "fixed", "title": {"zh": "固定枪机", "en": "Fixed"}}, {"value": "ptz", "title": {"zh": "云台", "en": "Pan-tilt-zoom"}}, {"value": "thermal", "title": {"zh": "热成像", "en": "Thermal"}}], "unit": "", "required": true, "writable": true}, {"name": "heading_deg", "title": {"zh": "朝向", "en": "Heading"}, "kind": "number", "codes": [], "unit": "°", "required": false, "writable": true, "minimum": -360, "maximum": 360}, {"name": "tilt_deg", "title": {"zh": "俯仰", "en": "Tilt"}, "kind": "number", "codes": [], "unit": "°", "required": false, "writable": true, "minimum": -90, "maximum": 90}, {"name": "fov_deg", "title": {"zh": "视场角", "en": "Field of view"}, "kind": "number", "codes": [], "unit": "°", "required": false, "writable": true, "minimum": 0, "maximum": 360}, {"name": "range_m", "title": {"zh": "可视距离", "en": "Range"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": 0, "maximum": 20000}, {"name": "mount_m", "title": {"zh": "安装高度", "en": "Mounting height"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": 0, "maximum": 500}, {"name": "zone_code", "title": {"zh": "所属区域", "en": "Zone"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "stream", "title": {"zh": "视频地址", "en": "Stream address"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}], "style": {"colour": "hue-violet", "by": null, "colours": [], "icon": "camera", "label": "name", "minZoom": 16}},
  geofence: {"key": "geofence", "title": {"zh": "电子围栏", "en": "Geofences"}, "geometry": "Polygon", "topic": "layer.geofence", "live": true, "identify": 1, "fields": [{"name": "code", "title": {"zh": "编号", "en": "Code"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name", "title": {"zh": "名称", "en": "Name"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name_en", "title": {"zh": "英文名称", "en": "English name"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "note", "title": {"zh": "备注", "en": "Note"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "version", "title": {"zh": "版本", "en": "Version"}, "kind": "integer", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "updated_at", "title": {"zh": "更新时间", "en": "Updated"}, "kind": "datetime", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "kind", "title": {"zh": "类别", "en": "Kind"}, "kind": "string", "codes": [{"value": "trespass", "title": {"zh": "禁入", "en": "No entry"}}, {"value": "over_count", "title": {"zh": "超员", "en": "Over count"}}, {"value": "under_count", "title": {"zh": "缺员", "en": "Under count"}}, {"value": "leave_post", "title": {"zh": "离岗", "en": "Leaving post"}}, {"value": "gathering", "title": {"zh": "聚集", "en": "Gathering"}}, {"value": "static_timeout", "title": {"zh": "静止超时", "en": "Static too long"}}, {"value": "stay", "title": {"zh": "滞留超时", "en": "Stay too long"}}, {"value": "call", "title": {"zh": "点名区", "en": "Call area"}}, {"value": "speeding", "title": {"zh": "车辆限速", "en": "Speed limit"}}, {"value": "parking", "title": {"zh": "禁停", "en": "No parking"}}, {"value": "count", "title": {"zh": "计数区", "en": "Counting only"}}], "unit": "", "required": true, "writable": true}, {"name": "floor_code", "title": {"zh": "所在楼层", "en": "Floor"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "z_min", "title": {"zh": "底部高程", "en": "Bottom"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": -500, "maximum": 9000}, {"name": "z_max", "title": {"zh": "顶部高程", "en": "Top"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": -500, "maximum": 9000}, {"name": "limit_count", "title": {"zh": "人数上限", "en": "People allowed"}, "kind": "integer", "codes": [], "unit": "", "required": false, "writable": true, "minimum": 0, "maximum": 100000}, {"name": "limit_seconds", "title": {"zh": "时间上限", "en": "Time allowed"}, "kind": "number", "codes": [], "unit": "s", "required": false, "writable": true, "minimum": 0, "maximum": 864000}, {"name": "limit_speed_kmh", "title": {"zh": "限速", "en": "Speed allowed"}, "kind": "number", "codes": [], "unit": "km/h", "required": false, "writable": true, "minimum": 0, "maximum": 200}, {"name": "radius_m", "title": {"zh": "聚集半径", "en": "Radius of a gathering"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": 1, "maximum": 100}, {"name": "classes", "title": {"zh": "适用人员", "en": "Whom it concerns"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "allowed", "title": {"zh": "准入名单", "en": "Who may enter"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "schedule", "title": {"zh": "生效时段", "en": "When it holds"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "grade", "title": {"zh": "报警级别", "en": "Alarm grade"}, "kind": "integer", "codes": [{"value": 1, "title": {"zh": "红色", "en": "Red"}}, {"value": 2, "title": {"zh": "橙色", "en": "Orange"}}, {"value": 3, "title": {"zh": "黄色", "en": "Yellow"}}, {"value": 4, "title": {"zh": "蓝色", "en": "Blue"}}], "unit": "", "required": false, "writable": true}, {"name": "zone_code", "title": {"zh": "所属区域", "en": "Zone"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "enabled", "title": {"zh": "启用", "en": "Enabled"}, "kind": "boolean", "codes": [], "unit": "", "required": false, "writable": true}], "style": {"colour": "hue-violet", "by": null, "colours": [], "icon": "fence", "label": "name", "minZoom": 0}},
  assembly_point: {"key": "assembly_point", "title": {"zh": "集合点", "en": "Assembly points"}, "geometry": "Point", "topic": "layer.assembly_point", "live": true, "identify": 6, "fields": [{"name": "code", "title": {"zh": "编号", "en": "Code"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name", "title": {"zh": "名称", "en": "Name"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name_en", "title": {"zh": "英文名称", "en": "English name"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "note", "title": {"zh": "备注", "en": "Note"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "version", "title": {"zh": "版本", "en": "Version"}, "kind": "integer", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "updated_at", "title": {"zh": "更新时间", "en": "Updated"}, "kind": "datetime", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "capacity", "title": {"zh": "容纳人数", "en": "Capacity"}, "kind": "integer", "codes": [], "unit": "", "required": false, "writable": true, "minimum": 0, "maximum": 1000000}], "style": {"colour": "hue-sand", "by": null, "colours": [], "icon": "assembly", "label": "name", "minZoom": 0}},
  anchor: {"key": "anchor", "title": {"zh": "定位基站", "en": "Anchors"}, "geometry": "Point", "topic": "layer.anchor", "live": true, "identify": 7, "fields": [{"name": "code", "title": {"zh": "编号", "en": "Code"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name", "title": {"zh": "名称", "en": "Name"}, "kind": "string", "codes": [], "unit": "", "required": true, "writable": true}, {"name": "name_en", "title": {"zh": "英文名称", "en": "English name"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "note", "title": {"zh": "备注", "en": "Note"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "version", "title": {"zh": "版本", "en": "Version"}, "kind": "integer", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "updated_at", "title": {"zh": "更新时间", "en": "Updated"}, "kind": "datetime", "codes": [], "unit": "", "required": false, "writable": false}, {"name": "kind", "title": {"zh": "类别", "en": "Kind"}, "kind": "string", "codes": [{"value": "uwb", "title": {"zh": "UWB 基站", "en": "UWB"}}, {"value": "ble", "title": {"zh": "蓝牙信标", "en": "BLE"}}, {"value": "rtk", "title": {"zh": "RTK 基准站", "en": "RTK base"}}], "unit": "", "required": true, "writable": true}, {"name": "floor_code", "title": {"zh": "所在楼层", "en": "Floor"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}, {"name": "mount_m", "title": {"zh": "安装高度", "en": "Mounting height"}, "kind": "number", "codes": [], "unit": "m", "required": false, "writable": true, "minimum": 0, "maximum": 500}, {"name": "zone_code", "title": {"zh": "所属区域", "en": "Zone"}, "kind": "string", "codes": [], "unit": "", "required": false, "writable": true}], "style": {"colour": "hue-grey", "by": null, "colours": [], "icon": "anchor", "label": "name", "minZoom": 17}},
}
