import { dotImage, dotLayer, HUES, RISK, THEMES } from '@twin/ui'
import type { Map as MapLibre, StyleSpecification } from 'maplibre-gl'

/** The handheld's map: fixed things as the server's vector tiles (kept for work without a network), zones live from the hub. */

const RISK_COLOUR = ['match', ['get', 'risk'], 1, RISK[1].colour, 2, RISK[2].colour, 3, RISK[3].colour, RISK[4].colour]
const TILE_LAYERS = ['site', 'building', 'tank', 'road', 'gate', 'camera', 'assembly_point']

/** Switches of the layer sheet and the style layers that each one shows. */
export const SWITCHES: Record<string, string[]> = {
  zone: ['zone:fill', 'zone:raised', 'zone:line', 'zone:label'],
  building: ['building:fill', 'building:raised'],
  tank: ['tank:fill', 'tank:raised'],
  assembly_point: ['assembly_point:point'],
  gate: ['gate:point'],
  device: ['device:point'],
  camera: ['camera:point'],
}

/** The pictures that the style names. */
export function addSigns(map: MapLibre, dark: boolean): void {
  map.addImage('device', dotImage(THEMES[dark ? 'dark' : 'light'].panelSolid, HUES.teal, 4, 3), { pixelRatio: 2 })
}

/** Polygons with a name on them need no glyph server: Chinese is drawn from the device's own font. */
export function handheldStyle(origin: string, dark: boolean): StyleSpecification {
  const theme = THEMES[dark ? 'dark' : 'light']
  const base = theme.text3
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
      'circle-stroke-width': 3,
    },
  })
  const raised = (key: string, colour: string) => ({
    id: `${key}:raised`,
    type: 'fill-extrusion',
    source: 'plant',
    'source-layer': key,
    paint: {
      'fill-extrusion-color': colour,
      'fill-extrusion-opacity': 0.75,
      // heights are above the ellipsoid; what counts here is how high the thing stands
      'fill-extrusion-height': ['max', 3, ['-', ['coalesce', ['get', 'z_max'], 8], ['coalesce', ['get', 'z_min'], 0]]],
    },
  })
  const style = {
    version: 8,
    sources: {
      plant: {
        type: 'vector',
        tiles: [`${origin}/ogc/tiles/${TILE_LAYERS.join(',')}/WebMercatorQuad/{z}/{y}/{x}`],
        minzoom: 12,
        maxzoom: 17,
      },
      // thousands of them: not for a picture that shows none
      points: { type: 'vector', tiles: [`${origin}/ogc/tiles/device/WebMercatorQuad/{z}/{y}/{x}`], minzoom: 17, maxzoom: 17 },
      zones: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
      chosen: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
      me: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
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
          'line-color': theme.panelSolid,
          'line-width': ['interpolate', ['exponential', 2], ['zoom'], 13, 0.5, 20, 60],
        },
      },
      ...['building', 'tank'].map((key) => ({
        id: `${key}:fill`,
        type: 'fill',
        source: 'plant',
        'source-layer': key,
        paint: { 'fill-color': base, 'fill-opacity': 0.45 },
      })),
      {
        id: 'zone:fill',
        type: 'fill',
        source: 'zones',
        filter: ['!=', ['get', 'kind'], 'plant'],
        paint: {
          'fill-color': RISK_COLOUR,
          'fill-opacity': ['match', ['get', 'kind'], 'area', 0.12, 'place', 0.5, 0.38],
        },
      },
      {
        id: 'zone:line',
        type: 'line',
        source: 'zones',
        paint: { 'line-color': RISK_COLOUR, 'line-width': ['match', ['get', 'kind'], 'plant', 1, 'area', 2, 3] },
      },
      raised('building', base),
      raised('tank', base),
      dotLayer('device', 'points', 17, 1),
      point('camera', HUES.sand, 6, 16),
      point('gate', theme.text, 7, 14),
      point('assembly_point', theme.accent, 9, 12),
      { id: 'chosen:line', type: 'line', source: 'chosen', paint: { 'line-color': theme.text, 'line-width': 4 } },
      {
        id: 'me:ring',
        type: 'circle',
        source: 'me',
        paint: {
          // metres to pixels at this zoom (512 px tiles, at the site's latitude)
          'circle-radius': ['interpolate', ['exponential', 2], ['zoom'], 0, 0, 22, ['*', ['get', 'r'], ['get', 'k']]],
          'circle-color': theme.accent,
          'circle-opacity': 0.15,
        },
      },
      {
        id: 'me:point',
        type: 'circle',
        source: 'me',
        paint: {
          'circle-radius': 8,
          'circle-color': theme.accent,
          'circle-stroke-color': theme.panelSolid,
          'circle-stroke-width': 3,
        },
      },
    ],
  }
  return style as unknown as StyleSpecification
}
