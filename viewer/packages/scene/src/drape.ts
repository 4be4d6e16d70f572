import {
  Cartesian2,
  Cartesian3,
  Cartesian4,
  CustomShader,
  Matrix4,
  PixelDatatype,
  PixelFormat,
  TextureMagnificationFilter,
  TextureMinificationFilter,
  TextureUniform,
  UniformType,
  type Camera,
  type Cesium3DTileset,
} from '@cesium/engine'
import type { SiteFrame } from './frame'
import type { OrientedBox } from './polygon'
import { REACH, type ZoneRaster } from './raster'

/** How a zone is painted now. */
export interface Paint {
  /** 0..255 */
  rgb: [number, number, number]
  /** opacity of the fill and of the rim, 0..1 */
  fill: number
  rim: number
  selected: boolean
  /** 0..1, a change that wants to be seen */
  pulse: number
  /** 0 plain, 1 dense hatch .. 3 wide dots: the level without its colour */
  pattern: number
}

const WIDTH = 256

const FRAGMENT = /* glsl */ `
vec4 zonePaint(float n) { float i = n - 1.0; return texelFetch(u_palette, ivec2(int(mod(i, 256.0)), int(i / 256.0) * 2), 0); }
vec4 zoneFlags(float n) { float i = n - 1.0; return texelFetch(u_palette, ivec2(int(mod(i, 256.0)), int(i / 256.0) * 2 + 1), 0); }
bool zoneHolds(float n, float z) {
  if (n < 0.5) return false;
  float i = n - 1.0;
  vec4 h = texelFetch(u_heights, ivec2(int(mod(i, 256.0)), int(i / 256.0)), 0);
  return z >= h.x && z <= h.y;
}
void fragmentMain(FragmentInput fsInput, inout czm_modelMaterial material) {
  vec3 p = (u_eyeToSite * vec4(fsInput.attributes.positionEC, 1.0)).xyz;
  vec3 nx = dFdx(p);
  vec3 ny = dFdy(p);
  vec3 normal = normalize(cross(nx, ny) + vec3(0.0, 0.0, 1e-6));
  float px = max(length(nx.xy), length(ny.xy));
  if (u_cutHalf.x > 0.0) {
    vec2 q = p.xy - u_cutBox.xy;
    vec2 uv = vec2(dot(q, u_cutBox.zw), dot(q, vec2(-u_cutBox.w, u_cutBox.z)));
    if (abs(uv.x) < u_cutHalf.x && abs(uv.y) < u_cutHalf.y && p.z > u_cutHalf.z) discard;
  }
  vec3 base = material.diffuse;
  float luma = dot(base, vec3(0.2126, 0.7152, 0.0722));
  base = mix(vec3(luma), base, u_tone.x) * u_tone.y;
  vec2 uv = (p.xy - u_box.xy) * u_box.zw;
  if (u_opacity > 0.0 && uv.x > 0.0 && uv.y > 0.0 && uv.x < 1.0 && uv.y < 1.0) {
    vec4 ids = floor(texture(u_ids, uv) * 255.0 + 0.5);
    vec2 edge = texture(u_edges, uv).rg * ${REACH.toFixed(1)};
    float a = ids.r + ids.g * 256.0;
    float b = ids.b + ids.a * 256.0;
    bool first = zoneHolds(a, p.z);
    float n = first ? a : (zoneHolds(b, p.z) ? b : 0.0);
    if (n > 0.5) {
      float d = first ? edge.x : edge.y;
      vec4 paint = zonePaint(n);
      vec4 flags = zoneFlags(n);
      vec3 colour = czm_srgbToLinear(paint.rgb);
      float flat_ = smoothstep(0.25, 0.75, abs(normal.z));
      float pattern = floor(flags.b * 255.0 + 0.5);
      float ink = 0.0;
      float spacing = pattern == 1.0 ? 5.0 : (pattern == 2.0 ? 10.0 : 7.0);
      if (pattern > 0.5 && pattern < 2.5) {
        float s = abs(fract((p.x + p.y) / spacing) - 0.5) * spacing;
        ink = 1.0 - smoothstep(0.35 - px, 0.35 + px, s);
      } else if (pattern > 2.5) {
        vec2 c = (fract(p.xy / spacing) - 0.5) * spacing;
        ink = 1.0 - smoothstep(0.55 - px, 0.55 + px, length(c));
      }
      ink *= (1.0 - smoothstep(0.15, 0.35, px / spacing)) * flat_;
      float selected = flags.r;
      float alpha = paint.a * mix(0.5, 1.0, flat_) * (1.0 + 0.55 * ink) + 0.4 * flags.g + 0.12 * selected;
      float width = max(2.0 * px, min(0.8, 0.3 + 8.0 * px)) * (1.0 + 0.6 * selected);
      float rim = (1.0 - smoothstep(width, width + max(px, 0.15), d)) * flags.a * mix(0.35, 1.0, flat_);
      float gap = smoothstep(0.2, 0.2 + max(px, 0.2), d);
      vec3 rimColour = mix(mix(colour, vec3(1.0), 0.08), vec3(1.0), selected * 0.9);
      vec3 body = colour * mix(0.72, 1.25, sqrt(clamp(luma, 0.0, 1.0)));
      base = mix(base, body, clamp(alpha, 0.0, 0.92) * u_opacity);
      base = mix(base, rimColour, clamp(rim * gap, 0.0, 1.0) * u_opacity);
    }
  }
  material.diffuse = base;
}
`

const nearest = {
  repeat: false,
  minificationFilter: TextureMinificationFilter.NEAREST,
  magnificationFilter: TextureMagnificationFilter.NEAREST,
}
const linear = {
  repeat: false,
  minificationFilter: TextureMinificationFilter.LINEAR,
  magnificationFilter: TextureMagnificationFilter.LINEAR,
}

const blank = (options: object) =>
  new TextureUniform({ typedArray: new Uint8Array(4), width: 1, height: 1, ...options })

/**
 * Paints zones on the mesh itself: a raster of zone numbers in the site's frame, a palette with one texel per zone and one custom
 * shader on the tileset. The place of a fragment comes from its eye position, so it works for every tileset, whatever the
 * transforms of its tiles; the matrix is made in double precision on each frame.
 */
export class Drape {
  private palette = new Uint8Array(WIDTH * 2 * 4)
  private rows = 1
  private index = new Map<string, number>()
  private readonly shader: CustomShader
  private readonly siteToWorld: Matrix4
  private readonly scratch = new Matrix4()

  constructor(frame: SiteFrame) {
    const { east: e, north: n, up: u, origin: o } = frame
    this.siteToWorld = new Matrix4(e[0], n[0], u[0], o[0], e[1], n[1], u[1], o[1], e[2], n[2], u[2], o[2], 0, 0, 0, 1)
    this.shader = new CustomShader({
      fragmentShaderText: FRAGMENT,
      uniforms: {
        u_eyeToSite: { type: UniformType.MAT4, value: new Matrix4() },
        u_box: { type: UniformType.VEC4, value: new Cartesian4() },
        u_ids: { type: UniformType.SAMPLER_2D, value: blank(nearest) },
        u_edges: { type: UniformType.SAMPLER_2D, value: blank(linear) },
        u_palette: { type: UniformType.SAMPLER_2D, value: blank(nearest) },
        u_heights: { type: UniformType.SAMPLER_2D, value: blank(nearest) },
        u_opacity: { type: UniformType.FLOAT, value: 0 },
        u_cutBox: { type: UniformType.VEC4, value: new Cartesian4() },
        u_cutHalf: { type: UniformType.VEC3, value: new Cartesian3() },
        u_tone: { type: UniformType.VEC2, value: new Cartesian2(0.72, 0.86) },
      },
    })
  }

  attach(tileset: Cesium3DTileset): void {
    tileset.customShader = this.shader
  }

  /** Call before each frame. */
  update(camera: Camera): void {
    const worldToSite = Matrix4.inverseTransformation(this.siteToWorld, this.scratch)
    this.shader.setUniform('u_eyeToSite', Matrix4.multiply(worldToSite, camera.inverseViewMatrix, this.scratch))
  }

  /** A new raster; `heights` gives z range in local metres per zone id. */
  setRaster(raster: ZoneRaster, heights: (id: string) => [number, number]): void {
    const { box, size, order } = raster
    this.index = new Map(order.map((id, i) => [id, i]))
    this.rows = Math.max(1, Math.ceil(order.length / WIDTH))
    this.palette = new Uint8Array(WIDTH * this.rows * 2 * 4)
    const table = new Float32Array(WIDTH * this.rows * 4)
    order.forEach((id, i) => table.set(heights(id), i * 4))
    const set = (name: string, uniform: TextureUniform) => this.shader.setUniform(name, uniform)
    set('u_ids', new TextureUniform({ typedArray: raster.ids, width: size, height: size, ...nearest }))
    set('u_edges', new TextureUniform({ typedArray: raster.edges, width: size, height: size, ...linear }))
    set(
      'u_heights',
      new TextureUniform({
        typedArray: table as unknown as Uint8Array,
        width: WIDTH,
        height: this.rows,
        pixelFormat: PixelFormat.RGBA,
        pixelDatatype: PixelDatatype.FLOAT,
        ...nearest,
      }),
    )
    this.shader.setUniform(
      'u_box',
      new Cartesian4(box.minX, box.minY, 1 / (box.maxX - box.minX), 1 / (box.maxY - box.minY)),
    )
  }

  /** Writes texels; `flush` sends them. */
  paint(id: string, paint: Paint): void {
    const i = this.index.get(id)
    if (i === undefined) return
    const at = (Math.floor(i / WIDTH) * 2 * WIDTH + (i % WIDTH)) * 4
    const byte = (v: number) => Math.max(0, Math.min(255, Math.round(v * 255)))
    this.palette.set([...paint.rgb, byte(paint.fill)], at)
    this.palette.set([paint.selected ? 255 : 0, byte(paint.pulse), paint.pattern, byte(paint.rim)], at + WIDTH * 4)
  }

  /** #rrggbb of the texel that the shader reads. */
  colour(id: string): string | undefined {
    const i = this.index.get(id)
    if (i === undefined) return undefined
    const at = (Math.floor(i / WIDTH) * 2 * WIDTH + (i % WIDTH)) * 4
    return '#' + [0, 1, 2].map((k) => (this.palette[at + k] as number).toString(16).padStart(2, '0')).join('')
  }

  flush(): void {
    // a copy: Cesium uploads at the next frame, and texels may change again before
    this.shader.setUniform(
      'u_palette',
      new TextureUniform({ typedArray: this.palette.slice(), width: WIDTH, height: this.rows * 2, ...nearest }),
    )
  }

  setOpacity(value: number): void {
    this.shader.setUniform('u_opacity', value)
  }

  /** Takes away what stands over a footprint above height z (local metres), so that a floor can be looked into. */
  setCut(box: OrientedBox | undefined, z: number, margin = 0.8): void {
    if (!box) {
      this.shader.setUniform('u_cutHalf', new Cartesian3())
      return
    }
    this.shader.setUniform('u_cutBox', new Cartesian4(box.center[0], box.center[1], box.axis[0], box.axis[1]))
    this.shader.setUniform('u_cutHalf', new Cartesian3(box.half[0] + margin, box.half[1] + margin, z))
  }

  destroy(): void {
    if (!this.shader.isDestroyed()) this.shader.destroy()
  }
}
