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
import { HUES } from '@twin/ui'
import type { SiteFrame } from './frame'
import type { Solid } from './objects'
import type { Box2, OrientedBox } from './polygon'
import type { HeatRaster } from './live/heat'
import type { AreaRaster } from './raster'
import { FRAGMENT } from './shader'
import { rgb } from './rgb'

/** How a zone is painted now. */
export interface Paint {
  /** 0..255 */
  rgb: readonly [number, number, number]
  /** opacity of the fill and of the rim, 0..255 */
  fill: number
  rim: number
  selected: boolean
  /** 0 plain, 1 dense hatch .. 3 wide dots: the level without its colour */
  pattern: number
  /** left bright while the rest is dimmed */
  lit: boolean
}

const WIDTH = 256
/** added to the pattern's number */
const LIT = 16

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

const boxUniform = (b: Box2): Cartesian4 => new Cartesian4(b.minX, b.minY, 1 / (b.maxX - b.minX), 1 / (b.maxY - b.minY))
const vec3 = (hex: string): Cartesian3 => Cartesian3.fromArray(rgb(hex).map((v) => v / 255))

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
        u_tick: { type: UniformType.FLOAT, value: 0 },
        u_cutBox: { type: UniformType.VEC4, value: new Cartesian4() },
        u_cutHalf: { type: UniformType.VEC3, value: new Cartesian3() },
        u_dim: { type: UniformType.FLOAT, value: 0 },
        u_heat: { type: UniformType.SAMPLER_2D, value: blank(linear) },
        u_heatBox: { type: UniformType.VEC4, value: new Cartesian4() },
        u_heatLow: { type: UniformType.VEC3, value: vec3(HUES.violet) },
        u_heatHigh: { type: UniformType.VEC3, value: vec3(HUES.white) },
        u_objects: { type: UniformType.SAMPLER_2D, value: blank(nearest) },
        u_objectBox: { type: UniformType.VEC4, value: new Cartesian4() },
        u_hoverZone: { type: UniformType.VEC4, value: new Cartesian4() },
        u_hoverObject: { type: UniformType.VEC4, value: new Cartesian4() },
        u_chosenObject: { type: UniformType.VEC4, value: new Cartesian4() },
        u_glow: { type: UniformType.VEC3, value: vec3(HUES.white) },
        u_section: { type: UniformType.VEC4, value: new Cartesian4() },
        u_pit: { type: UniformType.VEC4, value: new Cartesian4() },
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

  /** Which zone stands where; its texels have to be painted anew. */
  setZones(raster: AreaRaster | undefined): void {
    this.shader.setUniform('u_opacity', raster ? 1 : 0)
    this.index = new Map(raster?.refs.map(({ id }, i) => [id, i]))
    this.rows = Math.max(1, Math.ceil(this.index.size / WIDTH))
    this.clear()
    if (!raster) return
    const { box, size, heights } = raster
    const table = new Float32Array(WIDTH * this.rows * 4)
    heights.forEach((range, i) => table.set(range, i * 4))
    const set = (name: string, uniform: TextureUniform) => this.shader.setUniform(name, uniform)
    set('u_ids', new TextureUniform({ typedArray: raster.ids, width: size, height: size, ...nearest }))
    if (raster.edges)
      set(
        'u_edges',
        new TextureUniform({
          typedArray: raster.edges,
          width: size,
          height: size,
          pixelFormat: PixelFormat.RG,
          ...linear,
        }),
      )
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
    this.shader.setUniform('u_box', boxUniform(box))
  }

  /** No zone has a colour; `flush` sends it. */
  clear(): void {
    this.palette = new Uint8Array(WIDTH * this.rows * 2 * 4)
  }

  /** Writes a zone's texels; `flush` sends them. `tick`: it pulses from then on (1..255, round and round), until `calm` says that this tick is over. */
  paint(at: number | undefined, paint: Paint, tick?: number): void {
    if (at === undefined) return
    const { palette } = this
    // one by one: of thousands of zones that change at once, arrays would cost more than the rest
    palette[at] = paint.rgb[0]
    palette[at + 1] = paint.rgb[1]
    palette[at + 2] = paint.rgb[2]
    palette[at + 3] = paint.fill
    const flags = at + WIDTH * 4
    palette[flags] = paint.selected ? 255 : 0
    if (tick !== undefined) palette[flags + 1] = tick
    palette[flags + 2] = paint.pattern + (paint.lit ? LIT : 0)
    palette[flags + 3] = paint.rim
  }

  /** These zones pulse from a tick on; `flush` sends it. */
  pulse(ids: readonly string[], tick: number): void {
    for (const id of ids) {
      const at = this.texel(id)
      if (at !== undefined) this.palette[at + WIDTH * 4 + 1] = tick
    }
  }

  /** Those of the zones that still pulse from this tick do so no more; `flush` sends it. */
  calm(ids: readonly string[], tick: number): void {
    for (const id of ids) {
      const at = this.texel(id)
      if (at !== undefined && this.palette[at + WIDTH * 4 + 1] === tick) this.palette[at + WIDTH * 4 + 1] = 0
    }
  }

  /** What tick it is, 0..255: pulses fade without a texel being written. */
  setTick(tick: number): void {
    this.shader.setUniform('u_tick', tick)
  }

  /** Where the texel of a zone begins in the palette, until `setZones`. */
  texel(id: string): number | undefined {
    const i = this.index.get(id)
    return i === undefined ? undefined : (Math.floor(i / WIDTH) * 2 * WIDTH + (i % WIDTH)) * 4
  }

  /** #rrggbb of the texel that the shader reads. */
  colour(id: string): string | undefined {
    const at = this.texel(id)
    if (at === undefined) return undefined
    return '#' + [0, 1, 2].map((k) => (this.palette[at + k] as number).toString(16).padStart(2, '0')).join('')
  }

  flush(): void {
    // a copy: Cesium uploads at the next frame, and texels may change again before
    this.shader.setUniform(
      'u_palette',
      new TextureUniform({ typedArray: this.palette.slice(), width: WIDTH, height: this.rows * 2, ...nearest }),
    )
  }

  /** Where nothing is lit, all is dark. */
  setDim(on: boolean): void {
    this.shader.setUniform('u_dim', on ? 1 : 0)
  }

  /** Takes away what lies farther along `normal` than `offset`, local metres. */
  setSection(plane: { normal: [number, number, number]; offset: number } | undefined): void {
    this.shader.setUniform('u_section', plane ? new Cartesian4(...plane.normal, plane.offset) : new Cartesian4())
  }

  /** Opens the ground in a square, local metres. */
  setPit(pit: { x: number; y: number; half: number } | undefined): void {
    this.shader.setUniform('u_pit', pit ? new Cartesian4(pit.x, pit.y, pit.half, 1) : new Cartesian4())
  }

  /** Which object stands where. */
  setObjects(raster: AreaRaster | undefined): void {
    if (!raster) {
      this.shader.setUniform('u_objectBox', new Cartesian4())
      return
    }
    const { ids, size } = raster
    this.shader.setUniform('u_objects', new TextureUniform({ typedArray: ids, width: size, height: size, ...nearest }))
    this.shader.setUniform('u_objectBox', boxUniform(raster.box))
  }

  /** The objects and the zone that are lit up: some uniforms, whatever there is on the model. */
  light(lights: { hover?: Solid | undefined; chosen?: Solid | undefined; zone?: string | undefined }): void {
    const uniform = (solid: Solid | undefined) =>
      solid ? new Cartesian4(solid.number, solid.zMin, solid.zMax, 1) : new Cartesian4()
    const number = lights.zone === undefined ? undefined : this.index.get(lights.zone)
    this.shader.setUniform('u_hoverObject', uniform(lights.hover))
    this.shader.setUniform('u_chosenObject', uniform(lights.chosen))
    this.shader.setUniform(
      'u_hoverZone',
      number === undefined ? new Cartesian4() : new Cartesian4(number + 1, -1e4, 1e4, 0.5),
    )
  }

  /** Paints a density on the mesh. */
  setHeat(heat: HeatRaster | undefined): void {
    if (!heat) {
      this.shader.setUniform('u_heatBox', new Cartesian4())
      return
    }
    const { box, size, cells } = heat
    const texels = new Uint8Array(size * size * 4)
    cells.forEach((v, i) => (texels[i * 4] = v))
    this.shader.setUniform('u_heat', new TextureUniform({ typedArray: texels, width: size, height: size, ...linear }))
    this.shader.setUniform('u_heatBox', boxUniform(box))
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
