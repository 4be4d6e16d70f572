import {
  Cartesian3,
  Geometry,
  GeometryAttribute,
  GeometryAttributes,
  GeometryInstance,
  BoundingSphere,
  Color,
  ComponentDatatype,
  Material,
  MaterialAppearance,
  Primitive,
  PrimitiveType,
} from '@cesium/engine'
import type { SiteFrame } from './frame'

const SOURCE = /* glsl */ `
uniform vec4 u_near; uniform vec4 u_far; uniform vec4 u_line; uniform float u_reach;
float gridLine(vec2 p, float cell) {
  vec2 w = fwidth(p);
  vec2 g = abs(fract(p / cell - 0.5) - 0.5) * cell;
  vec2 l = 1.0 - smoothstep(w * 0.5, w * 1.5, g);
  return max(l.x, l.y) * (1.0 - smoothstep(0.08, 0.3, max(w.x, w.y) / cell));
}
czm_material czm_getMaterial(czm_materialInput m) {
  czm_material r = czm_getDefaultMaterial(m);
  vec2 p = (m.st - 0.5) * 2.0 * u_reach;
  float d = length(p) / u_reach;
  vec3 c = mix(u_near.rgb, u_far.rgb, smoothstep(0.12, 0.85, d));
  float l = max(gridLine(p, 100.0), 0.45 * gridLine(p, 20.0) * (1.0 - smoothstep(0.15, 0.3, d)));
  c = mix(c, u_line.rgb, l * (1.0 - smoothstep(0.2, 0.75, d)));
  r.diffuse = vec3(0.0); r.emission = c; r.alpha = 1.0;
  return r;
}
`

/** A quiet ground around the model that fades into the background, with a grid of 100 m. Replaces the globe, which would cover
 * plants below the ellipsoid. */
export function groundDisc(
  frame: SiteFrame,
  colours: { near: string; far: string; line: string },
  reach: number,
  drop: number,
): Primitive {
  const corner = (x: number, y: number): [number, number, number] => frame.toEcef([x * reach, y * reach, -drop])
  const positions = new Float64Array([...corner(-1, -1), ...corner(1, -1), ...corner(1, 1), ...corner(-1, 1)])
  const attributes = new GeometryAttributes()
  attributes.position = new GeometryAttribute({
    componentDatatype: ComponentDatatype.DOUBLE,
    componentsPerAttribute: 3,
    values: positions,
  })
  attributes.st = new GeometryAttribute({
    componentDatatype: ComponentDatatype.FLOAT,
    componentsPerAttribute: 2,
    values: new Float32Array([0, 0, 1, 0, 1, 1, 0, 1]),
  })
  const up = frame.up
  attributes.normal = new GeometryAttribute({
    componentDatatype: ComponentDatatype.FLOAT,
    componentsPerAttribute: 3,
    values: new Float32Array([...up, ...up, ...up, ...up]),
  })
  const geometry = new Geometry({
    attributes,
    indices: new Uint16Array([0, 1, 2, 0, 2, 3]),
    primitiveType: PrimitiveType.TRIANGLES,
    boundingSphere: new BoundingSphere(Cartesian3.fromArray(frame.origin), reach * 1.5),
  })
  const material = new Material({
    fabric: {
      uniforms: {
        u_near: Color.fromCssColorString(colours.near),
        u_far: Color.fromCssColorString(colours.far),
        u_line: Color.fromCssColorString(colours.line),
        u_reach: reach,
      },
      source: SOURCE,
    },
    translucent: false,
  })
  return new Primitive({
    geometryInstances: new GeometryInstance({ geometry }),
    appearance: new MaterialAppearance({
      material,
      flat: true,
      faceForward: false,
      translucent: false,
      closed: false,
      materialSupport: MaterialAppearance.MaterialSupport.TEXTURED,
    }),
    asynchronous: false,
    allowPicking: false,
  })
}
