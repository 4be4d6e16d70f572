import type { CameraView } from '@twin/scene'

/** What of the screen is in its address, so that every view can be sent to a colleague and the back button works. */
export interface UrlState {
  camera?: CameraView
  layers?: string[]
  /** layer and code, e.g. zone:Z-11; of what moves (people, vehicles) its id */
  selected?: { layer: string; code: string }
  /** the camera follows what is selected */
  followed?: true
  floor?: string
}

export function parseHash(hash: string): UrlState {
  const params = new URLSearchParams(hash.replace(/^#/, ''))
  const state: UrlState = {}
  const view = (params.get('view') ?? '').split(',').map(Number)
  const [lon, lat, height, heading, pitch] = view as [number, number, number, number, number]
  if (view.length === 5 && view.every(Number.isFinite) && Math.abs(lat) <= 90 && Math.abs(lon) <= 180)
    state.camera = { lon, lat, height, heading, pitch }
  const layers = params.get('layers')
  if (layers !== null) state.layers = layers.split(',').filter((l) => /^[a-z_]+$/.test(l))
  const selected = /^([a-z_]+):(.+)$/.exec(params.get('sel') ?? '')
  if (selected?.[1] && selected[2]) state.selected = { layer: selected[1], code: selected[2] }
  if (state.selected && params.get('follow') === '1') state.followed = true
  const floor = params.get('floor')
  if (floor) state.floor = floor
  return state
}

export function toHash(state: UrlState): string {
  const parts: string[] = []
  if (state.camera) {
    const { lon, lat, height, heading, pitch } = state.camera
    parts.push(
      `view=${lon.toFixed(6)},${lat.toFixed(6)},${height.toFixed(1)},${heading.toFixed(1)},${pitch.toFixed(1)}`,
    )
  }
  if (state.layers) parts.push(`layers=${state.layers.join(',')}`)
  if (state.selected) parts.push(`sel=${state.selected.layer}:${encodeURIComponent(state.selected.code)}`)
  if (state.selected && state.followed) parts.push('follow=1')
  if (state.floor) parts.push(`floor=${encodeURIComponent(state.floor)}`)
  return parts.length > 0 ? `#${parts.join('&')}` : ''
}
