import type { SiteFrame, Vec3 } from './frame'
import type { Placed } from './model'
import { eye, orbitFrom, type Orbit } from './orbit'
import { pinAt } from './pins'
import type { CameraView } from './types'

/** Camera positions for things and views. */

const RAD = Math.PI / 180

export function orbitOf(frame: SiteFrame, view: CameraView): Orbit {
  return orbitFrom(frame.toLocal(view.lon, view.lat, view.height), view.heading * RAD, view.pitch * RAD)
}

export function viewOf(frame: SiteFrame, orbit: Orbit): CameraView {
  const [lon, lat, height] = frame.toLonLat(eye(orbit))
  return { lon, lat, height, heading: degrees(orbit.heading), pitch: orbit.pitch / RAD }
}

/** 0..360 */
export function degrees(heading: number): number {
  return (((heading / RAD) % 360) + 360) % 360
}

const slanting = (pitch: number): number => Math.min(-25 * RAD, Math.max(-55 * RAD, pitch))

/** Beside a moving thing. */
export function orbitBeside([x, y, z]: Vec3, { heading, pitch }: Orbit): Orbit {
  return { x, y, z: Math.max(0, z), heading, pitch: slanting(pitch), range: 60 }
}

/** Nearer to points that are counted together, until they show what they say. */
export function orbitInto([x, y, z]: Vec3, { heading, pitch, range }: Orbit): Orbit {
  return { x, y, z: Math.max(0, z), heading, pitch: slanting(pitch), range: Math.max(20, Math.min(200, range * 0.5)) }
}

/** So that a thing fills a good part of the picture. */
export function orbitAround(placed: Placed, { heading, pitch }: Orbit): Orbit {
  const floor = placed.ref.layer === 'floor'
  const [x, y, z] = placed.feature.geometry.type === 'Point' ? pinAt(placed) : placed.at
  const extent = Math.hypot(placed.box.maxX - placed.box.minX, placed.box.maxY - placed.box.minY)
  const range = floor ? Math.max(55, extent * 1.5) : extent === 0 ? 70 : Math.max(70, extent * 1.7)
  const height = extent === 0 ? z : Math.min(placed.zMax, 12) / 2
  return { x, y, z: Math.max(0, height), heading, pitch: floor ? -52 * RAD : slanting(pitch), range }
}
