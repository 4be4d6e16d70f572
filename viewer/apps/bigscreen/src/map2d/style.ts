import { dotImage, dotLayer, HUES, RISK, THEMES } from '@twin/ui'
import type { Map as MapLibre, StyleSpecification } from 'maplibre-gl'

/** The 2D picture. Fixed things come as vector tiles of the server; zones are live and come from the hub. */

/** A zone's level is a state of its feature, see MapZones. */
const RISK_COLOUR = ['match', ['feature-state', 'risk'], 1, RISK[1].colour, 2, RISK[2].colour, 3, RISK[3].colour, RISK[4].colour]

export const TILE_LAYERS = [
  'site',
  'building',
  'unit',
  'tank',
  'warehouse',
  'road',
  'gate',
  'camera',
  'device',
  'assembly_point',
  'anchor',
  'geofence',
] as const

const theme = THEMES.wall

/** The pictures that the style names. */
export function addSigns(map: MapLibre): void {
  map.addImage('device', dotImage(theme.panelSolid, HUES.teal, 4.5, 2), { pixelRatio: 2 })
}

export function mapStyle(origin: string): StyleSpecification {
  const tiles = [`${origin}/ogc/tiles/${TILE_LAYERS.join(',')}/WebMercatorQuad/{z}/{y}/{x}`]
  const area = (key: string, colour: string, opacity: number) => [
    {
      id: `${key}:fill`,
      type: 'fill',
      source: 'plant',
      'source-layer': key,
      paint: { 'fill-color': colour, 'fill-opacity': opacity },
    },
    {
      id: `${key}:line`,
      type: 'line',
      source: 'plant',
      'source-layer': key,
      paint: { 'line-color': colour, 'line-width': 1.2, 'line-opacity': 0.8 },
    },
  ]
  const point = (key: string, colour: string, radius: number, minzoom: number) => ({
    id: `${key}:point`,
    type: 'circle',
    source: 'plant',
    'source-layer': key,
    minzoom,
    paint: {
      'circle-color': theme.panelSolid,
      'circle-radius': radius,
      'circle-stroke-color': colour,
      'circle-stroke-width': 2,
    },
  })
  const style = {
    version: 8,
    sources: {
      plant: { type: 'vector', tiles, minzoom: 10, maxzoom: 18 },
      zones: { type: 'geojson', promoteId: 'id', data: { type: 'FeatureCollection', features: [] } },
      chosen: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
      measure: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
    },
    layers: [
      { id: 'background', type: 'background', paint: { 'background-color': theme.bg } },
      { id: 'site:fill', type: 'fill', source: 'plant', 'source-layer': 'site', paint: { 'fill-color': theme.ground } },
      {
        id: 'road:line',
        type: 'line',
        source: 'plant',
        'source-layer': 'road',
        layout: { 'line-cap': 'round' },
        paint: {
          'line-color': theme.raised,
          'line-width': ['interpolate', ['exponential', 2], ['zoom'], 13, 0.5, 20, 60],
        },
      },
      ...area('unit', HUES.grey, 0.1),
      ...area('warehouse', HUES.grey, 0.22),
      ...area('building', HUES.grey, 0.3),
      ...area('tank', HUES.white, 0.22),
      {
        id: 'zone:fill',
        type: 'fill',
        source: 'zones',
        filter: ['!=', ['get', 'kind'], 'plant'],
        paint: {
          'fill-color': RISK_COLOUR,
          'fill-opacity': ['match', ['get', 'kind'], 'area', 0.1, 'place', 0.4, 0.28],
        },
      },
      {
        id: 'zone:line',
        type: 'line',
        source: 'zones',
        paint: { 'line-color': RISK_COLOUR, 'line-width': ['match', ['get', 'kind'], 'plant', 1, 'area', 1.5, 2.5] },
      },
      ...area('geofence', HUES.violet, 0.12),
      { id: 'chosen:line', type: 'line', source: 'chosen', paint: { 'line-color': HUES.white, 'line-width': 3.5 } },
      point('anchor', HUES.grey, 4, 16.5),
      // room between them from afar
      dotLayer('device', 'plant', 16, ['interpolate', ['linear'], ['zoom'], 16, 9, 18, 1]),
      point('camera', HUES.sand, 6, 15),
      point('gate', HUES.white, 8, 12),
      point('assembly_point', HUES.white, 8, 12),
      {
        id: 'chosen:point',
        type: 'circle',
        source: 'chosen',
        filter: ['==', ['geometry-type'], 'Point'],
        paint: {
          'circle-radius': 13,
          'circle-color': 'rgba(0,0,0,0)',
          'circle-stroke-color': HUES.white,
          'circle-stroke-width': 3,
        },
      },
      {
        id: 'measure:fill',
        type: 'fill',
        source: 'measure',
        filter: ['==', ['geometry-type'], 'Polygon'],
        paint: { 'fill-color': HUES.teal, 'fill-opacity': 0.25 },
      },
      { id: 'measure:line', type: 'line', source: 'measure', paint: { 'line-color': HUES.teal, 'line-width': 3 } },
      {
        id: 'measure:point',
        type: 'circle',
        source: 'measure',
        filter: ['==', ['geometry-type'], 'Point'],
        paint: { 'circle-radius': 5, 'circle-color': HUES.white },
      },
    ],
  }
  return style as unknown as StyleSpecification
}
