import type { Vec3 } from './frame'
import type { Placed, PlantModel } from './model'
import { inside } from './polygon'

/** Height between the storeys of an exploded building, m, on top of their own. */
const APART = 6

/** The storey that is open, and what it says about which things are shown and where. */
export class Floors {
  open: Placed | undefined
  exploded = false

  constructor(private readonly model: PlantModel) {}

  set(id: string | undefined): void {
    this.open = id === undefined ? undefined : this.model.layer('floor').get(id)
  }

  /** After a layer was replaced. */
  renew(): void {
    this.open = this.model.get(this.open?.ref)
  }

  building(): Placed | undefined {
    const code = this.open?.feature.properties['building_code']
    return [...this.model.layer('building').values()].find((b) => b.feature.properties.code === code)
  }

  /** Storeys of the opened building, the lowest first. */
  storeys(): Placed[] {
    const code = this.open?.feature.properties['building_code']
    return [...this.model.layer('floor').values()]
      .filter((f) => f.feature.properties['building_code'] === code)
      .sort((a, b) => a.zMin - b.zMin)
  }

  /** Storey of the opened building that holds a point, by its stated floor or else by its height. */
  private storeyOf([x, y, z]: Vec3, code: string | undefined): Placed | undefined {
    return this.storeys().find((f) =>
      code !== undefined
        ? f.feature.properties.code === code
        : z >= f.zMin - 0.3 && z < f.zMax && inside(f.rings, x, y),
    )
  }

  private outside([x, y]: Vec3): boolean {
    return !this.open || !inside(this.open.rings, x, y)
  }

  /** Is something at a place to be seen? Outside of the opened building everything is. */
  holds(at: Vec3, code: string | undefined): boolean {
    if (this.outside(at)) return true
    const storey = this.storeyOf(at, code)
    return this.exploded ? storey !== undefined : storey?.ref.id === this.open?.ref.id
  }

  /** What the open floor says of a feature: undefined where it says nothing. */
  shows(placed: Placed): boolean | undefined {
    if (!this.open) return undefined
    if (placed.feature.geometry.type === 'Point') {
      if (this.outside(placed.at)) return undefined
      const code = placed.feature.properties['floor_code']
      return this.holds(placed.at, typeof code === 'string' ? code : undefined)
    }
    return placed.ref === this.building()?.ref ? false : undefined
  }

  /** Height above which the building is taken away, m: just under the next ceiling, or at the bottom when storeys are drawn apart. */
  cutAt(): number {
    if (!this.open) return 0
    return this.exploded ? (this.storeys()[0] ?? this.open).zMin : this.open.zMax - 0.4
  }

  /** How far a thing is lifted because its storey is drawn apart, m. */
  lift(at: Vec3, code: string | undefined): number {
    if (!this.open || !this.exploded || this.outside(at)) return 0
    const storeys = this.storeys()
    const storey = this.storeyOf(at, code)
    return storey ? liftOf(storeys.indexOf(storey)) : 0
  }
}

export function liftOf(index: number): number {
  return Math.max(0, index) * APART
}
