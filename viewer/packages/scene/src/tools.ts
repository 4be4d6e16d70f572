import { SplitDirection } from '@cesium/engine'
import { HUES } from '@twin/ui'
import type { Engine } from './engine'
import type { SiteFrame, Vec3 } from './frame'
import type { PlantModel } from './model'
import { bounds } from './polygon'
import { curtain, faces, lines, prismPaths, slab } from './shapes'
import type { CoverageShape, SceneTools, SectionPlane, SurveyChoice } from './types'

const PIT_HALF = 40
const PIT_DEPTH = 6

/** A section as a half space: what lies farther along `normal` than `offset` is gone, local metres. */
export interface HalfSpace {
  normal: Vec3
  offset: number
}

export function halfSpace({ axis, at, flip }: SectionPlane): HalfSpace {
  const sign = flip ? -1 : 1
  const normal: Vec3 = [axis === 'east' ? sign : 0, axis === 'north' ? sign : 0, axis === 'up' ? sign : 0]
  return { normal, offset: sign * at }
}

export function beyond({ normal, offset }: HalfSpace, [x, y, z]: Vec3): boolean {
  return x * normal[0] + y * normal[1] + z * normal[2] > offset
}

export interface ToolsHost {
  engine(): Engine
  model: PlantModel
  frame: SiteFrame
  /** what the camera looks at, local metres */
  target(): { x: number; y: number }
  redraw(): void
}

/** Section, ground cut-out, surveys and camera coverage. Survives the loss of the WebGL context (`renew`). */
export class Tools implements SceneTools {
  cut: HalfSpace | undefined
  private pit: { x: number; y: number; half: number } | undefined
  private choice: SurveyChoice
  private shape: CoverageShape | undefined

  constructor(
    private readonly host: ToolsHost,
    tilesets: readonly string[],
  ) {
    this.choice = { tilesets }
  }

  extent(): ReturnType<SceneTools['extent']> {
    const things = ['zone', 'building', 'tank', 'unit'].flatMap((layer) => [...this.host.model.layer(layer).values()])
    const rings = things.flatMap((t) => t.rings)
    if (rings.length === 0) return { east: [-500, 500], north: [-500, 500], up: [0, 60] }
    const box = bounds(rings)
    const top = Math.max(10, ...things.filter((t) => t.ref.layer !== 'zone').map((t) => t.zMax))
    const whole = (low: number, high: number): [number, number] => [Math.floor(low), Math.ceil(high)]
    return { east: whole(box.minX, box.maxX), north: whole(box.minY, box.maxY), up: [0, Math.ceil(top) + 2] }
  }

  section(plane: SectionPlane | undefined): void {
    this.cut = plane && halfSpace(plane)
    this.host.engine().drape.setSection(this.cut)
    this.host.redraw()
  }

  underground(on: boolean): void {
    this.pit = on ? { ...this.host.target(), half: PIT_HALF } : undefined
    this.drawPit()
  }

  survey(choice: SurveyChoice): void {
    this.choice = choice
    const { tilesets, other } = choice
    const split = other && other.tileset !== other.instead
    const sides = new Map(
      tilesets.map((url): [string, SplitDirection] => [
        url,
        split && url === other.instead ? SplitDirection.LEFT : SplitDirection.NONE,
      ]),
    )
    if (split) sides.set(other.tileset, SplitDirection.RIGHT)
    const engine = this.host.engine()
    engine.show(sides)
    engine.split(other?.at ?? 0)
  }

  coverage(shape: CoverageShape | undefined): void {
    this.shape = shape
    this.drawCoverage()
    this.host.redraw()
  }

  /** Has the server said what the chosen camera sees? Then the plain cone is left out. */
  get covers(): boolean {
    return this.shape !== undefined
  }

  /** The WebGL context is new. */
  renew(): void {
    this.host.engine().drape.setSection(this.cut)
    this.drawPit()
    this.drawCoverage()
    this.survey(this.choice)
  }

  private drawPit(): void {
    const { frame } = this.host
    const engine = this.host.engine()
    engine.drape.setPit(this.pit)
    engine.lay(this.pit ? PIT_DEPTH + 6 : 1.2)
    if (!this.pit) {
      engine.keep('pit', [])
      return
    }
    const { x, y, half } = this.pit
    const ring: [number, number][] = [
      [x - half, y - half],
      [x + half, y - half],
      [x + half, y + half],
      [x - half, y + half],
    ]
    const depths = Array.from({ length: PIT_DEPTH }, (_, i) => prismPaths([ring], -i - 1, -i - 1)).flat()
    engine.keep('pit', [
      faces(frame, [...curtain([ring], -PIT_DEPTH, 0), ...slab(ring, -PIT_DEPTH)], HUES.grey, 0.25),
      lines(frame, depths, HUES.grey, 1, 0),
      lines(frame, prismPaths([ring], -PIT_DEPTH, 0.1), HUES.white, 2, 0.3),
      lines(frame, this.buried(), HUES.sand, 4, 0.6),
    ])
  }

  /** Lines and outlines of whatever lies below the ground, wherever a layer has it. */
  private buried(): Vec3[][] {
    const paths: Vec3[][] = []
    for (const layer of this.host.model.layers.values())
      for (const placed of layer.values()) {
        if (placed.line.length > 1 && placed.line.some((p) => p[2] < -0.3)) paths.push(placed.line)
        else if (placed.rings.length > 0 && placed.ref.layer !== 'zone' && placed.zMin < -1)
          paths.push(...prismPaths(placed.rings, placed.zMin, Math.min(0, placed.zMax)))
      }
    return paths
  }

  private drawCoverage(): void {
    const { frame } = this.host
    const local = ([lon, lat, h]: readonly [number, number, number]): Vec3 => frame.toLocal(lon, lat, h)
    const corners = (this.shape?.triangles ?? []).map(local)
    const triangles = corners.flatMap((_, i) => (i % 3 === 0 ? [corners.slice(i, i + 3)] : []))
    const edges = (this.shape?.edges ?? []).map((edge) => edge.map(local))
    this.host
      .engine()
      .keep('coverage', [
        triangles.length > 0 ? faces(frame, triangles, HUES.sand, 0.2) : undefined,
        lines(frame, edges, HUES.sand, 1.8, 0.35),
      ])
  }
}
