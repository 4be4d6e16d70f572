import type { LivePicture, SiteFrame } from '@twin/scene'
import type { Map as MapLibre } from 'maplibre-gl'

/** The map is flat and seen from above: two corners say where everything is. */
export function flatPicture(map: MapLibre, frame: SiteFrame, element: HTMLElement, pixelsPerMetre: number): LivePicture {
  const { clientWidth: width, clientHeight: height } = element
  const origin = map.project([frame.lon, frame.lat])
  const corner = (x: number, y: number) => map.project(frame.toLonLat([x, y, 0]).slice(0, 2) as [number, number])
  const [e, n] = [corner(100, 0), corner(0, 100)]
  const distance = height / (1.15 * pixelsPerMetre)
  return {
    width,
    height,
    distance: () => distance,
    stamp: [origin.x, origin.y, e.x, e.y, n.x, n.y, width, height].join(),
    project: ([x, y]) => ({
      x: origin.x + ((e.x - origin.x) * x + (n.x - origin.x) * y) / 100,
      y: origin.y + ((e.y - origin.y) * x + (n.y - origin.y) * y) / 100,
      depth: distance,
    }),
  }
}
