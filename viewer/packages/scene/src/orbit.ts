import type { Vec3 } from './frame'

/** The camera as an orbit around a point of the site, metres and radians. Pitch is negative (looks down). */
export interface Orbit {
  x: number
  y: number
  z: number
  heading: number
  pitch: number
  range: number
}

export interface Limits {
  /** farthest target from the site's middle, m */
  reach: number
  minRange: number
  maxRange: number
  minPitch: number
  maxPitch: number
}

export const LIMITS: Limits = {
  reach: 1500,
  minRange: 12,
  maxRange: 4000,
  minPitch: (-89.5 * Math.PI) / 180,
  maxPitch: (-5 * Math.PI) / 180,
}

export function viewDirection({ heading, pitch }: Pick<Orbit, 'heading' | 'pitch'>): Vec3 {
  return [Math.sin(heading) * Math.cos(pitch), Math.cos(heading) * Math.cos(pitch), Math.sin(pitch)]
}

export function upDirection({ heading, pitch }: Pick<Orbit, 'heading' | 'pitch'>): Vec3 {
  return [-Math.sin(heading) * Math.sin(pitch), -Math.cos(heading) * Math.sin(pitch), Math.cos(pitch)]
}

export function rightDirection({ heading }: Pick<Orbit, 'heading'>): Vec3 {
  return [Math.cos(heading), -Math.sin(heading), 0]
}

export function eye(orbit: Orbit): Vec3 {
  const d = viewDirection(orbit)
  return [orbit.x - d[0] * orbit.range, orbit.y - d[1] * orbit.range, orbit.z - d[2] * orbit.range]
}

/** Keeps the camera above the ground (a target at or above it and a downward look do that), near the site and within reach. */
export function clamp(orbit: Orbit, limits: Limits = LIMITS): Orbit {
  const far = Math.hypot(orbit.x, orbit.y)
  const pull = far > limits.reach ? limits.reach / far : 1
  return {
    x: orbit.x * pull,
    y: orbit.y * pull,
    z: Math.max(0, orbit.z),
    heading: wrap(orbit.heading),
    pitch: Math.min(limits.maxPitch, Math.max(limits.minPitch, orbit.pitch)),
    range: Math.min(limits.maxRange, Math.max(limits.minRange, orbit.range)),
  }
}

/** The orbit of a camera at `at`: its target is where it looks at the ground, at most `far` metres away. */
export function orbitFrom(at: Vec3, heading: number, pitch: number, far = 3000): Orbit {
  const down = Math.min(pitch, LIMITS.maxPitch)
  const height = Math.max(2, at[2])
  const range = Math.min(far, height / -Math.sin(down))
  const d = viewDirection({ heading, pitch: down })
  return clamp({
    x: at[0] + d[0] * range,
    y: at[1] + d[1] * range,
    z: Math.max(0, height + d[2] * range),
    heading,
    pitch: down,
    range,
  })
}

/** Between two orbits, t 0..1. A long way leads over the top: it draws back until both ends would be in the picture. */
export function between(a: Orbit, b: Orbit, t: number): Orbit {
  const s = t < 0.5 ? 4 * t ** 3 : 1 - (-2 * t + 2) ** 3 / 2
  const way = Math.hypot(b.x - a.x, b.y - a.y)
  const lift = Math.max(0, Math.log((0.9 * way) / Math.max(a.range, b.range)))
  return {
    x: a.x + (b.x - a.x) * s,
    y: a.y + (b.y - a.y) * s,
    z: a.z + (b.z - a.z) * s,
    heading: a.heading + wrap(b.heading - a.heading) * s,
    pitch: a.pitch + (b.pitch - a.pitch) * s,
    range: Math.exp(Math.log(a.range) * (1 - s) + Math.log(b.range) * s + lift * Math.sin(Math.PI * s)),
  }
}

/** To -pi..pi. */
export function wrap(angle: number): number {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI))
}

export interface Lens {
  width: number
  height: number
  /** vertical angle of view, radians */
  fovy: number
}

/** Direction of the ray through a pixel (CSS px, origin top left). */
export function pixelRay(orbit: Orbit, lens: Lens, px: number, py: number): Vec3 {
  const t = Math.tan(lens.fovy / 2)
  const [u, v] = [((2 * px) / lens.width - 1) * t * (lens.width / lens.height), (1 - (2 * py) / lens.height) * t]
  const [d, r, up] = [viewDirection(orbit), rightDirection(orbit), upDirection(orbit)]
  return [d[0] + r[0] * u + up[0] * v, d[1] + r[1] * u + up[1] * v, d[2] + r[2] * u + up[2] * v]
}

/** Where the ray through a pixel meets the level `z`; undefined towards the sky or farther than `far` metres. */
export function pixelOnPlane(
  orbit: Orbit,
  lens: Lens,
  px: number,
  py: number,
  z: number,
  far = 8000,
): Vec3 | undefined {
  const from = eye(orbit)
  const ray = pixelRay(orbit, lens, px, py)
  if (ray[2] > -1e-4) return undefined
  const s = (z - from[2]) / ray[2]
  if (s <= 0 || s * Math.hypot(...ray) > far) return undefined
  return [from[0] + ray[0] * s, from[1] + ray[1] * s, z]
}

export interface Pixel {
  x: number
  y: number
  /** along the view, m */
  depth: number
}

/** Pixel of a point and its distance along the view; undefined behind the camera. */
export function project(orbit: Orbit, lens: Lens, p: Vec3): Pixel | undefined {
  return projector(orbit, lens)(p)
}

/** The same for many points of one picture. */
export function projector(orbit: Orbit, lens: Lens): (p: Vec3) => Pixel | undefined {
  const e = eye(orbit)
  const [d, r, up] = [viewDirection(orbit), rightDirection(orbit), upDirection(orbit)]
  const tan = Math.tan(lens.fovy / 2)
  const aspect = lens.width / lens.height
  return (p) => {
    const v: Vec3 = [p[0] - e[0], p[1] - e[1], p[2] - e[2]]
    const depth = v[0] * d[0] + v[1] * d[1] + v[2] * d[2]
    if (depth < 0.1) return undefined
    const t = tan * depth
    const x = (v[0] * r[0] + v[1] * r[1] + v[2] * r[2]) / (t * aspect)
    const y = (v[0] * up[0] + v[1] * up[1] + v[2] * up[2]) / t
    return { x: ((x + 1) / 2) * lens.width, y: ((1 - y) / 2) * lens.height, depth }
  }
}
