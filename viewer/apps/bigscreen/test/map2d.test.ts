import type { SceneFeature } from '@twin/scene'
import type { Map as MapLibre } from 'maplibre-gl'
import { describe, expect, it } from 'vitest'
import { MapZones } from '../src/map2d/zones'

const zone = (id: string, risk: number, kind = 'unit', lon = 118): SceneFeature => ({
  id,
  geometry: { type: 'Polygon', coordinates: [[[lon, 38, 0], [lon + 0.001, 38, 0], [lon, 38.001, 0], [lon, 38, 0]]] },
  properties: { code: id, name: id, kind, risk },
}) as SceneFeature // prettier-ignore
const all = (...zones: SceneFeature[]) => new Map(zones.map((z) => [z.id, z]))

/** The map as far as zones need it: what was cut into tiles, and the state of each feature. */
function mapOf() {
  const cut: string[][] = []
  const levels: Record<string, number> = {}
  const now = { styled: true, loaded: true }
  const source = { setData: ({ features }: { features: { properties: { id: string } }[] }) => cut.push(features.map((f) => f.properties.id)) }
  const map = {
    getSource: () => (now.styled ? source : undefined),
    isSourceLoaded: () => now.loaded,
    setFeatureState: ({ id }: { id: string }, { risk }: { risk: number }) => (levels[id] = risk),
  }
  return { zones: new MapZones(map as unknown as MapLibre), cut, levels, now }
}

describe('zones of the map', () => {
  it('are cut once, the wider ones first, and painted by their level', () => {
    const { zones, cut, levels } = mapOf()
    zones.set(all(zone('p', 1, 'place'), zone('a', 2, 'area'), zone('u', 3)))
    expect(cut).toEqual([['a', 'u', 'p']])
    expect(levels).toEqual({ p: 1, a: 2, u: 3 })
  })

  it('take another level without being cut again, and say so once it is drawn', () => {
    const { zones, cut, levels, now } = mapOf()
    zones.set(all(zone('u', 3), zone('v', 4)))
    zones.change(all(zone('u', 1), zone('v', 4)), all(zone('u', 1), zone('v', 4)), new Set())
    expect([cut.length, levels]).toEqual([1, { u: 1, v: 4 }])
    now.loaded = false
    expect(zones.drawn()).toEqual([])
    now.loaded = true
    expect(zones.drawn()).toEqual(['u'])
    expect(zones.drawn()).toEqual([])
  })

  it('are cut again when one has another shape, comes or goes', () => {
    const { zones, cut, levels } = mapOf()
    zones.set(all(zone('u', 3)))
    zones.change(all(zone('u', 2, 'unit', 118.1)), all(zone('u', 2, 'unit', 118.1)), new Set())
    zones.change(all(zone('u', 2, 'unit', 118.1), zone('n', 1)), all(zone('n', 1)), new Set())
    zones.change(all(zone('n', 1)), all(), new Set(['u']))
    expect(cut).toEqual([['u'], ['u'], ['u', 'n'], ['n']])
    expect(levels).toEqual({ u: 2, n: 1 })
  })

  it('wait for the style and are all there with it', () => {
    const { zones, cut, levels, now } = mapOf()
    now.styled = false
    zones.set(all(zone('u', 3)))
    zones.change(all(zone('u', 2)), all(zone('u', 2)), new Set())
    expect([cut, levels]).toEqual([[], {}])
    now.styled = true
    zones.set(all(zone('u', 2)))
    expect([cut, levels]).toEqual([[['u']], { u: 2 }])
  })
})
