import {
  ArcType,
  BoundingSphere,
  Cartesian3,
  Color,
  ColorGeometryInstanceAttribute,
  ComponentDatatype,
  Geometry,
  GeometryAttribute,
  GeometryAttributes,
  GeometryInstance,
  Material,
  PerInstanceColorAppearance,
  PolylineGeometry,
  PolylineMaterialAppearance,
  Primitive,
  PrimitiveType,
} from '@cesium/engine'
import type { SiteFrame, Vec3 } from './frame'
import { open, triangulate, type Point2 } from './polygon'

/** Lines and faces in local metres, as primitives that are built at once and never picked. */

export function colour(css: string, alpha = 1): Color {
  return Color.fromCssColorString(css).withAlpha(alpha)
}

/** Lines of constant width; where something hides them they show as a ghost. */
export function lines(frame: SiteFrame, paths: Vec3[][], css: string, width = 2, ghost = 0.25): Primitive | undefined {
  const instances = paths
    .filter((path) => path.length > 1)
    .map(
      (path) =>
        new GeometryInstance({
          geometry: new PolylineGeometry({
            positions: path.map((p) => Cartesian3.fromArray(frame.toEcef(p))),
            width,
            arcType: ArcType.NONE,
            vertexFormat: PolylineMaterialAppearance.VERTEX_FORMAT,
          }),
        }),
    )
  if (instances.length === 0) return undefined
  const appearance = (alpha: number) =>
    new PolylineMaterialAppearance({
      material: Material.fromType('Color', { color: colour(css, alpha) }),
      translucent: true,
    })
  const options: ConstructorParameters<typeof Primitive>[0] = {
    geometryInstances: instances,
    appearance: appearance(1),
    asynchronous: false,
    allowPicking: false,
  }
  if (ghost > 0) options.depthFailAppearance = appearance(ghost)
  return new Primitive(options)
}

/** Translucent triangles. */
export function faces(frame: SiteFrame, triangles: Vec3[][], css: string, alpha: number): Primitive | undefined {
  if (triangles.length === 0) return undefined
  const points = triangles.flat()
  const attributes = new GeometryAttributes()
  attributes.position = new GeometryAttribute({
    componentDatatype: ComponentDatatype.DOUBLE,
    componentsPerAttribute: 3,
    values: new Float64Array(points.flatMap((p) => frame.toEcef(p))),
  })
  const geometry = new Geometry({
    attributes,
    indices: new Uint32Array(points.map((_, i) => i)),
    primitiveType: PrimitiveType.TRIANGLES,
    boundingSphere: BoundingSphere.fromPoints(points.map((p) => Cartesian3.fromArray(frame.toEcef(p)))),
  })
  return new Primitive({
    geometryInstances: new GeometryInstance({
      geometry,
      attributes: { color: ColorGeometryInstanceAttribute.fromColor(colour(css, alpha)) },
    }),
    appearance: new PerInstanceColorAppearance({ flat: true, translucent: alpha < 1, closed: false }),
    asynchronous: false,
    allowPicking: false,
  })
}

/** Ring paths of a prism: bottom, top and (for few corners) its uprights. */
export function prismPaths(rings: Point2[][], z0: number, z1: number): Vec3[][] {
  const paths: Vec3[][] = []
  for (const ring of rings) {
    const corners = open(ring)
    const loop = (z: number): Vec3[] => [...corners, corners[0] as Point2].map(([x, y]): Vec3 => [x, y, z])
    paths.push(loop(z0))
    if (z1 - z0 > 0.5) {
      paths.push(loop(z1))
      if (corners.length <= 12)
        for (const [x, y] of corners)
          paths.push([
            [x, y, z0],
            [x, y, z1],
          ])
    }
  }
  return paths
}

/** The walls of a prism as triangles. */
export function curtain(rings: Point2[][], z0: number, z1: number): Vec3[][] {
  const triangles: Vec3[][] = []
  for (const ring of rings) {
    const corners = open(ring)
    corners.forEach(([ax, ay], i) => {
      const [bx, by] = corners[(i + 1) % corners.length] as Point2
      triangles.push(
        [
          [ax, ay, z0],
          [bx, by, z0],
          [bx, by, z1],
        ],
        [
          [ax, ay, z0],
          [bx, by, z1],
          [ax, ay, z1],
        ],
      )
    })
  }
  return triangles
}

/** A level polygon as triangles. */
export function slab(ring: Point2[], z: number): Vec3[][] {
  return triangulate(ring).map((triangle) => triangle.map(([x, y]): Vec3 => [x, y, z]))
}

/** What a camera sees: a sector from its height, cut off at its range and at the ground. Degrees and metres. */
export function viewCone(
  at: Vec3,
  heading: number,
  tilt: number,
  fov: number,
  range: number,
): { faces: Vec3[][]; edges: Vec3[][] } {
  const steps = 16
  const rad = Math.PI / 180
  const vertical = fov * 0.5625 // a 16:9 picture
  const ray = (h: number, t: number): Vec3 => {
    const d: Vec3 = [Math.sin(h * rad) * Math.cos(t * rad), Math.cos(h * rad) * Math.cos(t * rad), Math.sin(t * rad)]
    const toGround = d[2] < 0 ? (0.15 - at[2]) / d[2] : Infinity
    const r = Math.max(0.5, Math.min(range, toGround))
    return [at[0] + d[0] * r, at[1] + d[1] * r, at[2] + d[2] * r]
  }
  const arc = (t: number): Vec3[] =>
    Array.from({ length: steps + 1 }, (_, i) => ray(heading - fov / 2 + (fov * i) / steps, t))
  const top = arc(Math.min(tilt + vertical / 2, 30))
  const bottom = arc(Math.max(tilt - vertical / 2, -89))
  const triangles: Vec3[][] = []
  for (let i = 0; i < steps; i++) {
    const [a, b, c, d] = [top[i], top[i + 1], bottom[i], bottom[i + 1]] as [Vec3, Vec3, Vec3, Vec3]
    triangles.push([at, a, b], [at, c, d], [a, b, d], [a, d, c])
  }
  const [l, r, bl, br] = [top[0], top[steps], bottom[0], bottom[steps]] as [Vec3, Vec3, Vec3, Vec3]
  triangles.push([at, l, bl], [at, r, br])
  return { faces: triangles, edges: [[at, l], [at, r], [at, bl], [at, br], top, bottom, [l, bl], [r, br]] }
}
