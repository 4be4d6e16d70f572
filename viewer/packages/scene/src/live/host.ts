import type { SiteFrame, Vec3 } from '../frame'
import { eye, projector, type Lens, type Orbit, type Pixel } from '../orbit'
import type { FeatureRef } from '../types'

/** What the live things of any view, 3D or 2D, need to know of it. */
export interface LiveHost {
  element: HTMLElement
  frame: SiteFrame
  /** 1 on a 1920x1080 wall */
  uiScale: number
  visible(layer: string): boolean
  /** where the sign of a feature stands, undefined when it is unknown */
  spot(ref: FeatureRef): Vec3 | undefined
  /** is the feature shown, by layer and by open floor? */
  shows(ref: FeatureRef): boolean
  /** up to where the sign of a feature is drawn, m; left out: as far as its layer */
  reach?(ref: FeatureRef): number
  /** is a mover on the open floor, or none open? `undefined`: outside of the opened building */
  onFloor(at: Vec3, floor: string | undefined): boolean
  selected(): FeatureRef | undefined
  draw(): void
  /** ms between two pictures of what moves all the time; 0 or left out: as it comes */
  calm?(): number
}

/** A picture as it is drawn now. */
export interface LivePicture {
  project(p: Vec3): Pixel | undefined
  /** from the camera to a point, m */
  distance(p: Vec3): number
  /** the same for two pictures that put every point at the same pixel */
  stamp: string
  width: number
  height: number
}

export const keyOf = (ref: FeatureRef): string => `${ref.layer}:${ref.id}`

export function pictureOf(orbit: Orbit, lens: Lens): LivePicture {
  const from = eye(orbit)
  return {
    project: projector(orbit, lens),
    distance: (p) => Math.hypot(p[0] - from[0], p[1] - from[1], p[2] - from[2]),
    stamp: [...from, orbit.heading, orbit.pitch, lens.width, lens.height, lens.fovy].join(),
    width: lens.width,
    height: lens.height,
  }
}
