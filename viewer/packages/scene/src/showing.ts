import type { Engine } from './engine'
import { Floors } from './floors'
import type { SiteFrame, Vec3 } from './frame'
import { keyOf } from './live/host'
import type { PlantModel, Placed } from './model'
import { solidOf } from './objects'
import { drawMassing } from './massing'
import { drawFences, drawFloor, drawRoads, drawSelection, drawStems } from './overlays'
import type { Rasters } from './picking'
import { pinAt } from './pins'
import { orientedBox } from './polygon'
import { beyond, type Tools } from './tools'
import type { FeatureRef } from './types'

/** What is shown, chosen, lit up and cut open, and how the engine is told. Survives the loss of the WebGL context. */
export class Showing {
  visible: ReadonlySet<string> = new Set(['zone'])
  selected: FeatureRef | undefined
  /** zones that stay bright while the rest is dimmed */
  lit: ReadonlySet<string> | undefined
  readonly floors: Floors
  tools: Tools | undefined
  private hovered: FeatureRef | undefined

  constructor(
    private readonly model: PlantModel,
    private readonly frame: SiteFrame,
    private readonly rasters: Rasters,
  ) {
    this.floors = new Floors(model)
  }

  /** With a floor open, points of other floors of its building are left out and its own are shown whatever the layer tree says. */
  shows(placed: Placed): boolean {
    const cut = this.tools?.cut
    if (cut && beyond(cut, placed.at)) return false
    return this.floors.shows(placed) ?? this.visible.has(placed.ref.layer)
  }

  holds(ref: FeatureRef): boolean {
    const placed = this.model.get(ref)
    return placed !== undefined && this.shows(placed)
  }

  get selectedKey(): string | undefined {
    return this.selected && keyOf(this.selected)
  }

  /** Where the sign or name of a feature stands. */
  spot(placed: Placed): Vec3 {
    if (placed.feature.geometry.type !== 'Point') return placed.at
    const [x, y, z] = pinAt(placed)
    return [x, y, z + this.lift(placed)]
  }

  /** How far a point is lifted because its storey is drawn apart, m. */
  lift(placed: Placed): number {
    const code = placed.feature.properties['floor_code']
    return placed.feature.geometry.type === 'Point'
      ? this.floors.lift(placed.at, typeof code === 'string' ? code : undefined)
      : 0
  }

  /** The pointer is over a thing: it lights up on the mesh. True when that is another one than before. */
  hover(ref: FeatureRef | undefined, engine: Engine): boolean {
    if (ref?.id === this.hovered?.id && ref?.layer === this.hovered?.layer) return false
    this.hovered = ref
    this.light(engine)
    return true
  }

  /** Lights up what is hovered over and chosen, by the numbers that they have in the rasters now. */
  light(engine: Engine): void {
    const { object } = this.rasters
    const zone = this.hovered?.layer === 'zone' ? this.hovered.id : undefined
    engine.drape.light({ hover: solidOf(object, this.hovered), chosen: solidOf(object, this.selected), zone })
  }

  redraw(engine: Engine): void {
    const { frame, model, floors } = this
    engine.pins.update(
      (placed) => this.shows(placed),
      this.selectedKey,
      (placed) => this.lift(placed),
    )
    drawStems(engine, frame, model, (placed) => this.shows(placed))
    drawFences(engine, frame, model, this.visible.has('geofence'))
    drawRoads(engine, frame, model, this.visible.has('road'))
    drawSelection(engine, frame, model.get(this.selected), this.tools?.covers ?? false)
    drawFloor(engine, frame, floors)
    drawMassing(engine, frame, model, (placed) => this.shows(placed))
    const ring = (floors.building() ?? floors.open)?.rings[0]
    engine.drape.setCut(ring && orientedBox(ring), floors.cutAt())
    this.light(engine)
    engine.draw()
  }
}
