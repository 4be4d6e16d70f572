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
