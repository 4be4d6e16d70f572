/** What the scene is told and what it tells. The app holds ids and plain data only; no Cesium object ever leaves this package. */

import type { HUES, IconName, RiskLevel } from '@twin/ui'
import type { Vec3 } from './frame'

export interface SceneFeature {
  id: string
  geometry: { type: string; coordinates: unknown }
  properties: { code: string; [key: string]: unknown }
}

export interface FeatureRef {
  layer: string
  id: string
}

/** A camera position: degrees, metres above the ellipsoid. */
export interface CameraView {
  lon: number
  lat: number
  height: number
  heading: number
  pitch: number
}

export type MeasureMode = 'distance' | 'height' | 'area' | 'volume'

export interface MeasureResult {
  mode: MeasureMode
  points: number
  /** metres along the line, metres of height difference, square metres of horizontal area or cubic metres above the base */
  value: number
  /** horizontal length of the line, m */
  horizontal: number
  done: boolean
  /** of a volume: corners in degrees and ellipsoidal metres; the heights between them come from the server */
  outline?: [number, number, number][]
  /** of a volume: m3 missing below the base */
  below?: number
}

export interface PickInfo {
  /** the thing under the pointer, undefined for bare ground or sky */
  ref: FeatureRef | undefined
  /** longitude, latitude in degrees, ellipsoidal height in metres */
  position: Vec3 | undefined
  /** CSS px in the scene's element */
  screen: { x: number; y: number }
}

export interface SceneStats {
  ready: boolean
  tilesLoaded: boolean
  tileset: boolean
  pixelsPerMetre: number
  heading: number
  /** how often the WebGL context was lost and made again */
  recoveries: number
}

export interface SceneEvents {
  pick: (info: PickInfo) => void
  /** the thing under the pointer, lit up on the mesh */
  hover: (ref: FeatureRef | undefined) => void
  camera: (view: CameraView, stats: { heading: number; pixelsPerMetre: number }) => void
  frame: () => void
  ready: () => void
  tiles: (loaded: boolean, pending: number) => void
  measure: (result: MeasureResult | undefined) => void
  recolour: (ids: string[]) => void
  /** the camera follows this mover now, or none any more */
  follow: (ref: FeatureRef | undefined) => void
  lost: () => void
  /** no 3D to be had here: the app falls back to the 2D map */
  unavailable: (reason: string) => void
}

export interface SceneTexts {
  /** name of a feature in the reader's language */
  name(feature: SceneFeature): string
}

// ---- things that move and live values

/** As the positioning engine says it: `held` stands still on purpose, `stale` and `lost` are old. */
export type MoverState = 'good' | 'degraded' | 'held' | 'stale' | 'lost'

/** One known fix of something that moves. */
export interface Mover {
  id: string
  /** degrees */
  lon: number
  lat: number
  /** metres above the ellipsoid */
  h: number
  /** `code` of the floor it is on, when it is inside a building */
  floor?: string | undefined
  glyph: IconName
  hue: keyof typeof HUES
  label?: string | undefined
  /** radius that holds the true place with 95 %, m */
  r95?: number | undefined
  state: MoverState
  /** event time of the fix, ms since 1970 */
  t: number
}

export interface MoverStyle {
  shape: 'circle' | 'square'
  /** width on the screen, px at a UI scale of 1 */
  size?: number
  /** farther than this from the camera it is left out, m */
  far?: number
  /** names are shown up to here, m */
  labelFar?: number
  /** metres above the fix at which its sign stands */
  lift?: number
}

/** Alarm grade in the order of the risk levels: 1 highest .. 4 lowest. */
export type Grade = RiskLevel

/** A value beside a point. */
export interface Badge {
  /** value with its unit */
  text: string
  tone: 'normal' | 'stale' | 'bad' | Grade
}

export interface HeatPoint {
  lon: number
  lat: number
  weight?: number
}

export interface TrackLine {
  id: string
  /** longitude, latitude in degrees, ellipsoidal height in metres */
  points: readonly [number, number, number][]
  hue: keyof typeof HUES
}

/**
 * What modules put on the model while it runs. Every view has one (`view.live`); it survives the loss of the WebGL context. A layer
 * of movers is shown while `setVisible` names it; `pick` tells its layer and id, `screenOf`, `flyTo` and `select` take them.
 */
export interface LiveView {
  /** all movers of a layer. Known ones glide to their new fix, never beyond it; a fix a little older than the known one is ignored. */
  setMovers(layer: string, movers: ReadonlyMap<string, Mover>, style: MoverStyle): void
  changeMovers(layer: string, set: ReadonlyMap<string, Mover>, gone: ReadonlySet<string>): void
  /** keeps the camera on one mover until the user moves it (event `follow`) */
  follow(ref: FeatureRef | undefined): void
  /** values beside the points of a layer, all of them; far away they become counts */
  setBadges(layer: string, badges: ReadonlyMap<string, Badge>): void
  /** draws the eye once (under 2 s) and leaves a steady mark */
  pulse(ref: FeatureRef, grade: Grade): void
  /** the steady mark alone; undefined takes it away */
  mark(ref: FeatureRef, grade: Grade | undefined): void
  /** where many are: undefined takes it away */
  setHeat(points: readonly HeatPoint[] | undefined): void
  /** one zone stands out, the rest is dimmed */
  dimOutside(zoneId: string | undefined): void
  /** the storeys of the building whose floor is open are drawn apart */
  explode(on: boolean): void
  setTrack(lines: readonly TrackLine[] | undefined): void
}

// ---- tools of the 3D model

/** A vertical or level cut through the whole model: what lies beyond it is taken away. */
export interface SectionPlane {
  axis: 'east' | 'north' | 'up'
  /** metres east, north or up of the site's middle */
  at: number
  /** take away the other side */
  flip: boolean
}

/** What the mesh of a model is shown from; with `other` the picture is split and that one is on the right. */
export interface SurveyChoice {
  /** addresses of tileset.json */
  tilesets: readonly string[]
  other?: { tileset: string; instead: string; at: number } | undefined
}

/** What only the 3D model can do. */
export interface SceneTools {
  /** how far the model's things reach, local metres */
  extent(): { east: [number, number]; north: [number, number]; up: [number, number] }
  section(plane: SectionPlane | undefined): void
  /** opens the ground where the camera looks, so that what is buried is seen */
  underground(on: boolean): void
  survey(choice: SurveyChoice): void
  /** what a camera sees, as the server computed it on the mesh: triangles and edges in degrees and ellipsoidal metres */
  coverage(shape: CoverageShape | undefined): void
}

export interface CoverageShape {
  /** corners of triangles, three each */
  triangles: readonly (readonly [number, number, number])[]
  edges: readonly (readonly (readonly [number, number, number])[])[]
}

/** The commands that both the 3D scene and the 2D map understand. */
export interface PlantView {
  readonly kind: '3d' | '2d'
  readonly live: LiveView
  /** 3D only */
  readonly tools: SceneTools | undefined
  setLayer(layer: string, features: readonly SceneFeature[]): void
  /** single changes of a layer; a level change of a zone costs one texel */
  changeLayer(layer: string, set: ReadonlyMap<string, SceneFeature>, gone: ReadonlySet<string>): void
  setVisible(layers: ReadonlySet<string>): void
  select(ref: FeatureRef | undefined): void
  setFloor(floorId: string | undefined): void
  flyTo(target: FeatureRef | CameraView, options?: { instant?: boolean }): void
  zoom(factor: number): void
  northUp(): void
  measure(mode: MeasureMode | undefined): void
  camera(): CameraView
  screenOf(ref: FeatureRef): { x: number; y: number } | undefined
  /** colour with which a zone is painted now, #rrggbb; undefined when it is not painted */
  zoneColour(id: string): string | undefined
  stats(): SceneStats
  refreshTexts(): void
  destroy(): void
}
