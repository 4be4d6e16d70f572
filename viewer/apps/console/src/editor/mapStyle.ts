import type { Feature } from '@twin/api'
import { RISK, THEMES, HUES } from '@twin/ui'
import type { GeoJSONSource, LayerSpecification, Map as MapLibre, StyleSpecification } from 'maplibre-gl'

const theme = THEMES.light

/** A map without anything from outside: a ground, and our own features on it. */
export function emptyStyle(): StyleSpecification {
  return { version: 8, sources: {}, layers: [{ id: 'ground', type: 'background', paint: { 'background-color': theme.ground } }] }
}

const riskColour = ['match', ['get', 'risk'], 1, RISK[1].colour, 2, RISK[2].colour, 3, RISK[3].colour, 4, RISK[4].colour, theme.text3]

/** Zones lie in one another; only the inner ones are painted strongly, so that colours never mix into a fifth one. */
const zoneOpacity = ['match', ['get', 'kind'], 'plant', 0, 'area', 0.06, 'place', 0.4, 0.28]

/** Drawing order from the ground up; what is not listed comes on top. */
const ORDER = ['site', 'road', 'zone', 'building', 'warehouse', 'unit', 'tank', 'floor', 'geofence', 'assembly_point', 'gate', 'anchor', 'camera', 'device']

export function orderOf(key: string): number {
  const at = ORDER.indexOf(key)
  return at < 0 ? ORDER.length : at
}

/** MapLibre layers of one twin layer: fill and outline, line, or point. */
export function styleOf(key: string, geometry: string): LayerSpecification[] {
  const source = key
  const colour = key === 'zone' ? riskColour : key === 'geofence' ? HUES.violet : theme.text2
  const selected = ['boolean', ['feature-state', 'selected'], false]
  if (geometry === 'Point') {
    return [
      {
        id: `${key}-point`,
        type: 'circle',
        source,
        paint: {
          'circle-radius': ['case', selected, 8, 4.5],
          'circle-color': key === 'camera' ? HUES.violet : key === 'anchor' ? theme.text3 : theme.accent,
          'circle-stroke-color': theme.panelSolid,
          'circle-stroke-width': 1.5,
        },
      } as unknown as LayerSpecification,
    ]
  }
  if (geometry === 'LineString') {
    return [
      {
        id: `${key}-line`,
        type: 'line',
        source,
        paint: { 'line-color': '#ffffff', 'line-width': ['case', selected, 8, 5], 'line-opacity': 0.9 },
      } as unknown as LayerSpecification,
    ]
  }
  return [
    {
      id: `${key}-fill`,
      type: 'fill',
      source,
      paint: { 'fill-color': colour, 'fill-opacity': ['case', selected, 0.5, key === 'zone' ? zoneOpacity : key === 'site' ? 0 : 0.12] },
    } as unknown as LayerSpecification,
    {
      id: `${key}-outline`,
      type: 'line',
      source,
      paint: {
        'line-color': colour,
        'line-width': ['case', selected, 3, 1.25],
        ...(key === 'geofence' ? { 'line-dasharray': [3, 2] } : {}),
      },
    } as unknown as LayerSpecification,
  ]
}

/** Put the features of a layer on the map, or replace them. */
export function show(map: MapLibre, key: string, geometry: string, features: readonly Feature[]): void {
  const data = {
    type: 'FeatureCollection' as const,
    features: features.map((f) => ({ ...f, properties: { ...f.properties, uuid: f.id } })),
  }
  const source = map.getSource<GeoJSONSource>(key)
  if (source) {
    source.setData(data as never)
    return
  }
  map.addSource(key, { type: 'geojson', data: data as never, promoteId: 'uuid' })
  const above = map
    .getStyle()
    .layers.find((l) => 'source' in l && typeof l.source === 'string' && !l.source.startsWith('td-') && orderOf(l.source) > orderOf(key))
  for (const layer of styleOf(key, geometry)) map.addLayer(layer, above?.id)
}
