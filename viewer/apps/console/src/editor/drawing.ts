import type { Geometry } from '@twin/api'
import type { Map as MapLibre } from 'maplibre-gl'
import {
  TerraDraw,
  TerraDrawLineStringMode,
  TerraDrawPointMode,
  TerraDrawPolygonMode,
  TerraDrawSelectMode,
  type GeoJSONStoreFeatures,
} from 'terra-draw'
import { TerraDrawMapLibreGLAdapter } from 'terra-draw-maplibre-gl-adapter'

export type Kind = 'Point' | 'LineString' | 'Polygon'
type Lng = [number, number]
type Hex = `#${string}`

export interface DrawingOptions {
  /** the place to use instead of the pointer's, or undefined */
  snap: (at: Lng) => Lng | undefined
  colour: Hex
  /** the shape as drawn or moved, flat; called at the end of each gesture */
  changed: (geometry: Geometry) => void
}

const MODE: Record<Kind, string> = { Point: 'point', LineString: 'linestring', Polygon: 'polygon' }

/** Drawing and reshaping of one feature on the map; the library does the handling, we say what is snapped to. */
export class Drawing {
  private readonly draw: TerraDraw
  private id: string | number | undefined

  constructor(map: MapLibre, private readonly options: DrawingOptions) {
    const snapping = { toCustom: (event: { lng: number; lat: number }) => options.snap([event.lng, event.lat]) }
    const style = { fillColor: options.colour, outlineColor: options.colour, fillOpacity: 0.15, outlineWidth: 3 }
    const handles = { draggable: true, deletable: true, midpoints: true, snappable: snapping }
    const shape = { feature: { draggable: true, coordinates: handles } }
    this.draw = new TerraDraw({
      adapter: new TerraDrawMapLibreGLAdapter({ map, coordinatePrecision: 9 }),
      modes: [
        new TerraDrawPointMode({ styles: { pointColor: options.colour, pointWidth: 8 } }),
        new TerraDrawLineStringMode({ snapping, styles: { lineStringColor: options.colour, lineStringWidth: 4 } }),
        new TerraDrawPolygonMode({ snapping, styles: style }),
        new TerraDrawSelectMode({
          allowManualDeselection: false,
          keyEvents: { deselect: null, delete: null, rotate: null, scale: null },
          pointerEvents: { leftClick: true, rightClick: true, onDragStart: true, onDrag: true, onDragEnd: true } as never,
          flags: { point: { feature: { draggable: true, coordinates: { snappable: snapping } } }, linestring: shape, polygon: shape },
          styles: {
            selectedPolygonColor: options.colour,
            selectedPolygonOutlineColor: options.colour,
            selectedPolygonFillOpacity: 0.15,
            selectedPolygonOutlineWidth: 3,
            selectedLineStringColor: options.colour,
            selectedPointColor: options.colour,
          },
        }),
      ],
    })
    this.draw.start()
    this.draw.on('finish', (id, context) => {
      const feature = this.feature(id)
      if (!feature) return
      this.id = id
      this.options.changed(feature.geometry as Geometry)
      if (context.action === 'draw') this.select()
    })
  }

  /** Begin a new shape. */
  create(kind: Kind): void {
    this.clear()
    this.draw.setMode(MODE[kind])
  }

  /** Take a shape for reshaping (also a step of undo). */
  edit(geometry: Geometry): void {
    this.clear()
    if (geometry.type !== 'Point' && geometry.type !== 'LineString' && geometry.type !== 'Polygon') return
    const mode = MODE[geometry.type]
    const [result] = this.draw.addFeatures([
      { type: 'Feature', properties: { mode }, geometry: flat(geometry) } as GeoJSONStoreFeatures,
    ])
    if (result?.id === undefined || !result.valid) return
    this.id = result.id
    this.select()
  }

  private select(): void {
    const id = this.id
    if (id === undefined) return
    this.draw.setMode('select')
    this.draw.selectFeature(id)
  }

  private feature(id: string | number): GeoJSONStoreFeatures | undefined {
    return this.draw.getSnapshot().find((f) => f.id === id)
  }

  clear(): void {
    if (!this.draw.enabled) return
    this.draw.clear()
    this.draw.setMode('static')
    this.id = undefined
  }

  stop(): void {
    if (this.draw.enabled) this.draw.stop()
  }
}

/** The library keeps nine digits and no heights; nine digits are a tenth of a millimetre. */
function flat(geometry: Geometry): Geometry {
  const round = (p: readonly number[]): Lng => [Number((p[0] ?? 0).toFixed(9)), Number((p[1] ?? 0).toFixed(9))]
  if (geometry.type === 'Point') return { type: 'Point', coordinates: round(geometry.coordinates) }
  if (geometry.type === 'LineString') return { type: 'LineString', coordinates: geometry.coordinates.map(round) }
  if (geometry.type === 'Polygon') return { type: 'Polygon', coordinates: geometry.coordinates.map((r) => r.map(round)) }
  return geometry
}
