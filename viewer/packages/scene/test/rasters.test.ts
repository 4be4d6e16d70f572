import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RasterFeeds } from '../src/feeds'
import { SiteFrame, type Vec3 } from '../src/frame'
import { PlantModel } from '../src/model'
import { solidOf } from '../src/objects'
import { thingAt } from '../src/picking'
import { Pulses, PULSE_TICKS, TICK_MS, tickAt, TICKS } from '../src/pulses'
import {
  askRaster,
  numbersAt,
  REACH,
  type AreaRaster,
  type RasterCard,
  type RasterKind,
  type RasterSource,
} from '../src/raster'
import { Slices } from '../src/slices'
import type { SceneFeature } from '../src/types'
// cut and packed by the server's own code: tests/unit/tiles3d/test_viewer_fixture.py
import fixtures from './fixtures/rasters.json'

const GROUND = 4
const unpack = (base64: string) => new Uint8Array(gunzipSync(Buffer.from(base64, 'base64')))
const texels = Object.assign({}, ...Object.values(fixtures).map((f) => f.texels)) as Record<string, string>

class Server implements RasterSource {
  asked: string[] = []
  cards = Object.fromEntries(Object.entries(fixtures).map(([k, f]) => [k, f.card])) as unknown as Record<
    RasterKind,
    RasterCard
  >
  away = 0

  card(kind: RasterKind): Promise<RasterCard> {
    this.asked.push(kind)
    if (this.away-- > 0) return Promise.reject(new Error('away'))
    return Promise.resolve(this.cards[kind])
  }

  texels(url: string): Promise<Uint8Array> {
    this.asked.push(url)
    const found = texels[url]
    return found ? Promise.resolve(unpack(found)) : Promise.reject(new Error('raster_not_found'))
  }
}

const zones = async (): Promise<AreaRaster> => (await askRaster(new Server(), 'zone', GROUND, undefined)) as AreaRaster
const objects = async (): Promise<AreaRaster> =>
  (await askRaster(new Server(), 'object', GROUND, undefined)) as AreaRaster
const names = (raster: AreaRaster, x: number, y: number) => numbersAt(raster, x, y).map((n) => raster.refs[n - 1]?.id)

describe('a raster of the server', () => {
  it('has the smallest area first, the one around it second, and knows holes', async () => {
    const raster = await zones()
    expect(names(raster, 12, 12)).toEqual(['z-unit', 'z-area'])
    expect(names(raster, 21, 21)).toEqual(['z-area'])
    expect(names(raster, 50, 50)).toEqual(['z-area'])
    expect([names(raster, -5, 30), names(raster, 5000, 0), names(raster, -5000, 0)]).toEqual([[], [], []])
    const both = await objects()
    expect([names(both, 15, 15), names(both, 30, 30), names(both, 50, 50)]).toEqual([
      ['o-tank', 'o-unit'],
      ['o-unit'],
      [],
    ])
  })

  it('knows the distance to the nearest edge on both of its sides', async () => {
    const raster = await zones()
    const edge = (x: number, y: number) => {
      const { box, size } = raster
      const step = (box.maxX - box.minX) / size
      const [column, row] = [Math.floor((x - box.minX) / step), Math.floor((y - box.minY) / step)]
      return (((raster.edges as Uint8Array)[(row * size + column) * 2] as number) / 255) * REACH
    }
    expect(Math.abs(edge(12, 30) - 3)).toBeLessThan(1.6) // half a texel's diagonal beside the rim at 9
    expect(Math.abs(edge(5, 30) - 4)).toBeLessThan(1.6)
    expect(edge(48, 48)).toBeCloseTo(REACH, 1)
  })

  it('gives heights over the ground of the scene', async () => {
    const raster = await objects()
    expect(raster.heights[(raster.numbers.get('tank:o-tank') ?? 0) - 1]).toEqual([0, 8])
    expect(solidOf(raster, { layer: 'tank', id: 'o-tank' })).toMatchObject({ zMin: -0.6, zMax: 9.5 })
    expect(solidOf(raster, { layer: 'tank', id: 'unknown' })).toBeUndefined()
    expect(solidOf(undefined, { layer: 'tank', id: 'o-tank' })).toBeUndefined()
  })

  it('is refused when it came cut short', async () => {
    const server = new Server()
    server.texels = () => Promise.resolve(new Uint8Array(100))
    await expect(askRaster(server, 'zone', GROUND, undefined)).rejects.toThrow('100 and 100 bytes for 64')
  })
})

describe('the thing at a point of the model', () => {
  const frame = new SiteFrame(117.78, 38.36, GROUND)
  const square = (
    layer: string,
    id: string,
    x: number,
    y: number,
    side: number,
    high: number,
  ): [string, SceneFeature] => {
    const ring = [
      [x, y],
      [x + side, y],
      [x + side, y + side],
      [x, y + side],
      [x, y],
    ].map(([e, n]) => frame.toLonLat([e, n, 0] as Vec3))
    const properties = { code: id, z_min: GROUND, z_max: GROUND + high }
    return [layer, { id, geometry: { type: 'Polygon', coordinates: [ring] }, properties }]
  }
  const model = new PlantModel(frame)
  for (const [layer, feature] of [
    square('zone', 'z-area', 0, 0, 60, 50),
    square('zone', 'z-unit', 9, 9, 30, 5),
    square('unit', 'o-unit', 0, 0, 40, 20),
    square('tank', 'o-tank', 10, 10, 12, 8),
  ])
    model.change(layer, new Map([[feature.id, feature]]), new Set())
  const all = new Set(['zone', 'unit', 'tank'])
  const places: [Vec3, string | undefined][] = [
    [[15, 15, 7], 'o-tank'],
    [[15, 15, 15], 'o-unit'],
    [[30, 30, 10], 'o-unit'],
    [[30, 30, 0], 'z-unit'],
    [[30, 30, 30], 'z-area'], // above everything else that stands there
    [[50, 50, 0], 'z-area'],
    [[80, 80, 0], undefined],
  ]

  it.each(places)('%j is %s by the rasters and by the outlines', async (p, id) => {
    const rasters = { zone: await zones(), object: await objects() }
    expect(thingAt(model, all, p, rasters)?.ref.id).toBe(id)
    expect(thingAt(model, all, p)?.ref.id).toBe(id)
  })

  it('is one of a shown layer', async () => {
    const rasters = { zone: await zones(), object: await objects() }
    expect(thingAt(model, new Set(['unit']), [15, 15, 7], rasters)?.ref.id).toBe('o-unit')
    expect(thingAt(model, new Set(['tank']), [30, 30, 0], rasters)).toBeUndefined()
  })
})

describe('feeds', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    vi.spyOn(console, 'warn').mockReturnValue()
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })

  function start() {
    const server = new Server()
    const told: string[] = []
    const feeds = new RasterFeeds(server, GROUND, (kind, fresh) => told.push(`${kind} ${fresh}`))
    return { server, told, feeds }
  }

  it('ask once for a burst of changes and do not fetch the same texels again', async () => {
    const { server, told, feeds } = start()
    expect(feeds.settled).toBe(true)
    for (const layer of ['building', 'unit', 'tank', 'warehouse', 'device']) feeds.renew(layer)
    expect(feeds.settled).toBe(false)
    await vi.runAllTimersAsync()
    expect(server.asked).toEqual(['object', fixtures.object.card.url])
    expect([feeds.settled, feeds.object?.refs.length, feeds.zone]).toEqual([true, 2, undefined])
    feeds.renew('tank')
    await vi.runAllTimersAsync()
    expect(server.asked).toEqual(['object', fixtures.object.card.url, 'object'])
    expect(told).toEqual(['object true', 'object false'])
  })

  it('ask again for a change that comes while they ask', async () => {
    const { server, feeds } = start()
    let answer: (card: RasterCard) => void = () => undefined
    const ask = vi.spyOn(server, 'card').mockReturnValueOnce(new Promise((done) => (answer = done)))
    feeds.renew('zone')
    await vi.runAllTimersAsync()
    feeds.renew('zone')
    answer({ ...server.cards.zone, box: null, url: null })
    await vi.runAllTimersAsync()
    expect(ask).toHaveBeenCalledTimes(2)
    expect(names(feeds.zone as AreaRaster, 12, 12)).toEqual(['z-unit', 'z-area'])
  })

  it('keep what they have while the server cuts again or is away, and try on', async () => {
    const { server, told, feeds } = start()
    feeds.renew('zone')
    await vi.runAllTimersAsync()
    const before = feeds.zone
    server.cards.zone = { ...server.cards.zone, version: 'v2', url: '/gone' }
    feeds.renew('zone')
    await vi.advanceTimersByTimeAsync(300)
    expect([feeds.zone, feeds.settled]).toEqual([before, true])
    server.away = 3
    server.cards.zone = { ...server.cards.zone, url: fixtures.zone.card.url }
    await vi.advanceTimersByTimeAsync(500 + 1000 + 2000 + 4000)
    expect(feeds.zone?.version).toBe('v2')
    expect(told.filter((t) => t === 'zone true')).toHaveLength(2)
  })

  it('stay silent once they have ended', async () => {
    const { server, told, feeds } = start()
    server.away = 1
    feeds.renew('zone')
    await vi.advanceTimersByTimeAsync(210)
    feeds.stop()
    feeds.renew('zone')
    await vi.runAllTimersAsync()
    expect([told, server.asked]).toEqual([['zone false'], ['zone']])
  })
})

describe('the model', () => {
  const frame = new SiteFrame(117.78, 38.36, GROUND)
  const zone = (id: string, risk: number, east = 117.79): SceneFeature => ({
    id,
    geometry: {
      type: 'Polygon',
      coordinates: [
        [
          [117.78, 38.36],
          [east, 38.36],
          [east, 38.37],
          [117.78, 38.36],
        ],
      ],
    },
    properties: { code: id, risk, z_min: 4, z_max: 9 },
  })

  it('knows whether a change is one of shape', () => {
    const model = new PlantModel(frame)
    const one = (f: SceneFeature) => new Map([[f.id, f]])
    expect(model.set('zone', [])).toEqual([])
    expect(model.set('zone', [zone('a', 1), zone('b', 1)])).toEqual(['a', 'b'])
    expect(model.set('zone', [zone('b', 2), zone('a', 1)])).toEqual([])
    expect(model.change('zone', one(zone('a', 3)), new Set())).toEqual([])
    expect(model.get({ layer: 'zone', id: 'a' })?.feature.properties['risk']).toBe(3)
    expect(model.change('zone', one(zone('a', 3, 117.791)), new Set())).toEqual(['a'])
    const higher = zone('a', 3, 117.791)
    const taller = { ...higher, properties: { ...higher.properties, z_max: 10 } }
    expect(model.change('zone', one(taller), new Set())).toEqual(['a'])
    expect(model.change('zone', new Map(), new Set(['nobody']))).toEqual([])
    expect(model.set('zone', [zone('b', 2)])).toEqual(['a'])
    expect([...model.layer('zone').keys()]).toEqual(['b'])
  })

  it('takes a new look at once and a new shape when it is looked for', () => {
    const model = new PlantModel(frame)
    model.set('zone', [zone('a', 1), zone('b', 1)])
    const heard: unknown[][] = []
    const wider = zone('a', 2, 117.791)
    const set = new Map([wider, zone('b', 3), zone('c', 4)].map((f) => [f.id, f]))
    const fresh = model.take('zone', set, (now, before) => heard.push([now.ref.id, before, now.level]))
    expect([fresh, heard]).toEqual([['c'], [['a', 1, 2], ['b', 1, 3]]]) // prettier-ignore
    const known = model.get({ layer: 'zone', id: 'a' })
    expect(known?.feature).toBe(wider)
    model.take('zone', new Map([['a', zone('a', 4, 117.791)]]))
    expect(model.reshape('zone', ['a', 'b', 'c', 'nobody'])).toEqual(['a'])
    expect(model.get({ layer: 'zone', id: 'a' })?.box.maxX).toBeGreaterThan((known?.box.maxX ?? 0) + 50)
    expect(model.reshape('zone', ['a', 'b', 'c'])).toEqual([])
  })
})

describe('slices', () => {
  it('come one after the other, in the order of what was added, until they are stopped', () => {
    vi.useFakeTimers()
    const done: number[][] = []
    const slices = new Slices<number>((slice) => done.push(slice), 3)
    slices.add([1, 2])
    slices.add(new Set([3, 4, 5]).keys())
    expect(done).toEqual([])
    vi.runOnlyPendingTimers()
    expect(done).toEqual([[1, 2, 3]])
    vi.runAllTimers()
    expect(done.flat()).toEqual([1, 2, 3, 4, 5])
    slices.add([6])
    slices.stop()
    vi.runAllTimers()
    expect(done.flat()).toHaveLength(5)
    vi.useRealTimers()
  })
})

describe('pulses of zones that changed', () => {
  it('carry the tick at which they began, go round and end by themselves', () => {
    const pulses = new Pulses()
    const wrap = TICKS * TICK_MS
    pulses.start(['a'], 10 * TICK_MS + 1)
    pulses.start(['b'], wrap + 5)
    expect([...pulses].map((p) => p.tick)).toEqual([10, TICKS]) // 0 says that there is none
    expect(tickAt(wrap + TICK_MS / 2)).toBeCloseTo(0.5)
    expect(pulses.end(10 * TICK_MS + 1 + (PULSE_TICKS - 1) * TICK_MS)).toEqual([])
    expect(pulses.end(10 * TICK_MS + 1 + PULSE_TICKS * TICK_MS).map((p) => p.ids)).toEqual([['a']])
    expect([...pulses].map((p) => p.ids)).toEqual([['b']])
    expect(PULSE_TICKS * TICK_MS).toBeLessThan(2000)
  })
})
