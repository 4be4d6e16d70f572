/** What the scene is told and what it tells. The app holds ids and plain data only; no Cesium object ever leaves this package. */

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

export type MeasureMode = 'distance' | 'height' | 'area'

export interface MeasureResult {
  mode: MeasureMode
  points: number
  /** metres along the line, metres of height difference, or square metres of horizontal area */
  value: number
  /** horizontal length of the line, m */
  horizontal: number
  done: boolean
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
  camera: (view: CameraView, stats: { heading: number; pixelsPerMetre: number }) => void
  frame: () => void
  ready: () => void
  tiles: (loaded: boolean, pending: number) => void
  measure: (result: MeasureResult | undefined) => void
  recolour: (ids: string[]) => void
  lost: () => void
  /** no 3D to be had here: the app falls back to the 2D map */
  unavailable: (reason: string) => void
}

export interface SceneTexts {
  /** name of a feature in the reader's language */
  name(feature: SceneFeature): string
}

/** The commands that both the 3D scene and the 2D map understand. */
export interface PlantView {
  readonly kind: '3d' | '2d'
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
