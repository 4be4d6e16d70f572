import { keyOf } from './live/host'
import type { Box2 } from './polygon'
import type { FeatureRef } from './types'

/** Distances to an edge are kept up to here, m (the same as `tiles/tiles3d/raster.py`). */
export const REACH = 6

/** What the server tells apart: zones, or the things that are parts of the model (`SOLIDS`). */
export type RasterKind = 'zone' | 'object'

/** What the server says of a raster: `GET /tiles3d/{site}/rasters/{kind}`. */
export interface RasterCard {
  version: string
  /** west, south, east, north in metres of the site's frame; null: there is no area */
  box: readonly [number, number, number, number] | null
  size: number
  ids: readonly string[]
  layers: readonly string[]
  /** bottom and top of each, ellipsoidal metres */
  ranges: readonly (readonly [number, number])[]
  url: string | null
  edges: string | null
}

/** How the scene reaches the server's rasters. */
export interface RasterSource {
  card(kind: RasterKind): Promise<RasterCard>
  texels(url: string): Promise<Uint8Array>
}

/**
 * Which area stands where, cut by the server from PostGIS. Rows run south to north. Two areas per texel: the smallest one there and the
 * next larger one, which takes over where a point lies outside the height range of the first. Number n is index n - 1; 0 is none.
 */
export interface AreaRaster {
  /** changes with the content and only then */
  version: string
  size: number
  box: Box2
  /** size x size x 4 bytes: slot A low and high byte, slot B low and high byte */
  ids: Uint8Array
  /** size x size x 2 bytes: distance to the nearest edge in slot A and in slot B, 0..255 over 0..REACH metres; of zones only */
  edges: Uint8Array | undefined
  refs: readonly FeatureRef[]
  /** bottom and top of each, local metres */
  heights: readonly (readonly [number, number])[]
  /** number by `keyOf` */
  numbers: ReadonlyMap<string, number>
}

/**
 * The raster as the server has it now: `known` itself when nothing changed, undefined when there is no area.
 *
 * @param ground ellipsoidal height of z = 0
 */
export async function askRaster(
  source: RasterSource,
  kind: RasterKind,
  ground: number,
  known: AreaRaster | undefined,
): Promise<AreaRaster | undefined> {
  const card = await source.card(kind)
  if (!card.box || !card.url) return undefined
  if (card.version === known?.version) return known
  const [ids, edges] = await Promise.all([source.texels(card.url), card.edges ? source.texels(card.edges) : undefined])
  const { size, version } = card
  if (ids.length !== size * size * 4 || (edges && edges.length !== size * size * 2))
    throw new Error(`raster ${kind} ${version}: ${ids.length} and ${edges?.length ?? 0} bytes for ${size} texels`)
  const [minX, minY, maxX, maxY] = card.box
  const refs = card.ids.map((id, i) => ({ layer: card.layers[i] ?? kind, id }))
  return {
    version,
    size,
    box: { minX, minY, maxX, maxY },
    ids,
    edges,
    refs,
    heights: card.ranges.map(([low, high]) => [low - ground, high - ground]),
    numbers: new Map(refs.map((ref, i) => [keyOf(ref), i + 1])),
  }
}

/** Numbers of the two smallest areas at a place, the smallest first. */
export function numbersAt({ box, size, ids }: AreaRaster, x: number, y: number): number[] {
  const column = Math.floor(((x - box.minX) / (box.maxX - box.minX)) * size)
  const row = Math.floor(((y - box.minY) / (box.maxY - box.minY)) * size)
  if (column < 0 || row < 0 || column >= size || row >= size) return []
  const at = (row * size + column) * 4
  const number = (k: number) => (ids[at + k] as number) | ((ids[at + k + 1] as number) << 8)
  return [number(0), number(2)].filter((n) => n > 0)
}
