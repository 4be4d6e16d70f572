/**
 * The site's local frame: metres east, north and up from an origin on the WGS84 ellipsoid (a tangent plane). Everything that the
 * scene computes, it computes here; over a plant the curvature of the earth stays below 0.1 m at 1 km.
 */

export type Vec3 = [number, number, number]

const A = 6378137
const F = 1 / 298.257223563
const E2 = F * (2 - F)
const RAD = Math.PI / 180

/** Earth-centred metres of longitude, latitude in degrees and ellipsoidal height in metres. */
export function toEcef(lon: number, lat: number, h: number): Vec3 {
  const [sl, cl] = [Math.sin(lat * RAD), Math.cos(lat * RAD)]
  const n = A / Math.sqrt(1 - E2 * sl * sl)
  return [(n + h) * cl * Math.cos(lon * RAD), (n + h) * cl * Math.sin(lon * RAD), (n * (1 - E2) + h) * sl]
}

/** Inverse of toEcef; converges to well under 1e-9 degree at any height of a building or an aircraft. */
export function fromEcef([x, y, z]: Vec3): Vec3 {
  const p = Math.hypot(x, y)
  let lat = Math.atan2(z, p * (1 - E2))
  let h = 0
  for (let i = 0; i < 6; i++) {
    const s = Math.sin(lat)
    const n = A / Math.sqrt(1 - E2 * s * s)
    h = p / Math.cos(lat) - n
    lat = Math.atan2(z, p * (1 - (E2 * n) / (n + h)))
  }
  return [Math.atan2(y, x) / RAD, lat / RAD, h]
}

export class SiteFrame {
  readonly origin: Vec3
  readonly east: Vec3
  readonly north: Vec3
  readonly up: Vec3

  constructor(
    readonly lon: number,
    readonly lat: number,
    readonly height: number,
  ) {
    const [so, co, sa, ca] = [Math.sin(lon * RAD), Math.cos(lon * RAD), Math.sin(lat * RAD), Math.cos(lat * RAD)]
    this.origin = toEcef(lon, lat, height)
    this.east = [-so, co, 0]
    this.north = [-sa * co, -sa * so, ca]
    this.up = [ca * co, ca * so, sa]
  }

  toLocal(lon: number, lat: number, h: number): Vec3 {
    return this.ecefToLocal(toEcef(lon, lat, h))
  }

  ecefToLocal([x, y, z]: Vec3): Vec3 {
    const d: Vec3 = [x - this.origin[0], y - this.origin[1], z - this.origin[2]]
    return [dot(d, this.east), dot(d, this.north), dot(d, this.up)]
  }

  toEcef([e, n, u]: Vec3): Vec3 {
    const d = this.direction([e, n, u])
    return [this.origin[0] + d[0], this.origin[1] + d[1], this.origin[2] + d[2]]
  }

  toLonLat(local: Vec3): Vec3 {
    return fromEcef(this.toEcef(local))
  }

  /** A local direction in earth-centred axes. */
  direction([e, n, u]: Vec3): Vec3 {
    const [a, b, c] = [this.east, this.north, this.up]
    return [e * a[0] + n * b[0] + u * c[0], e * a[1] + n * b[1] + u * c[1], e * a[2] + n * b[2] + u * c[2]]
  }
}

export function dot(a: Vec3, b: Vec3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
