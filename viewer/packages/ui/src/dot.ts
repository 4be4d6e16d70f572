/**
 * The layer of a map style that draws many points with the picture `key`: where they are dense one stands for its neighbours, safety
 * instruments first.
 */
export const dotLayer = (key: string, source: string, minzoom: number, padding: unknown) => ({
  id: `${key}:point`,
  type: 'symbol',
  source,
  'source-layer': key,
  minzoom,
  layout: { 'icon-image': key, 'icon-padding': padding, 'symbol-sort-key': ['case', ['==', ['get', 'safety'], true], 0, 1] },
})

/**
 * A point's sign for a map, a ring on a plate, in two pixels to each CSS px.
 *
 * As a picture, and not as a circle, the map leaves out those that would lie on one another.
 *
 * @param radius of the plate, CSS px; the ring goes around it
 */
export function dotImage(plate: string, ring: string, radius: number, width: number): ImageData {
  const canvas = document.createElement('canvas')
  const half = 2 * (radius + width)
  canvas.width = canvas.height = Math.ceil(2 * half)
  const c = canvas.getContext('2d') as CanvasRenderingContext2D
  c.arc(half, half, 2 * radius + width, 0, 2 * Math.PI)
  c.fillStyle = plate
  c.fill()
  c.strokeStyle = ring
  c.lineWidth = 2 * width
  c.stroke()
  return c.getImageData(0, 0, canvas.width, canvas.height)
}
