import { HUES, ICONS, THEMES } from '@twin/ui'
import type { Mover, MoverStyle } from '../types'

/** How old or doubtful a sign looks: its colour goes before its place does. */
export function signOf(mover: Mover): { hue: string; alpha: number; dashed: boolean } {
  const old = mover.state === 'stale' || mover.state === 'lost'
  return { hue: old ? HUES.grey : HUES[mover.hue], alpha: mover.state === 'lost' ? 0.4 : old ? 0.65 : 1, dashed: old }
}

/** The same sign always has the same key. */
export function signKey(mover: Mover, style: MoverStyle): string {
  return `${mover.glyph} ${signOf(mover).hue} ${signOf(mover).dashed} ${style.shape}`
}

const drawn = new Map<string, HTMLCanvasElement>()

/** Glyph on a filled plate in the class's colour, dashed when old; drawn once per look and size. */
export function signImage(mover: Mover, style: MoverStyle, px: number): HTMLCanvasElement {
  const key = `${signKey(mover, style)} ${px}`
  const known = drawn.get(key)
  if (known) return known
  const { hue, dashed } = signOf(mover)
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = px
  const c = canvas.getContext('2d')
  if (c) {
    c.scale(px / 60, px / 60)
    c.beginPath()
    if (style.shape === 'circle') c.arc(30, 30, 25, 0, 2 * Math.PI)
    else c.roundRect(6, 6, 48, 48, 10)
    c.fillStyle = dashed ? THEMES.wall.panelSolid : hue
    c.fill()
    c.lineWidth = 4
    if (dashed) c.setLineDash([9, 6])
    c.strokeStyle = dashed ? hue : THEMES.wall.panelSolid
    c.stroke()
    c.setLineDash([])
    c.translate(13, 13)
    c.scale(1.42, 1.42)
    c.lineWidth = 2.2
    c.lineCap = c.lineJoin = 'round'
    c.strokeStyle = dashed ? hue : THEMES.wall.panelSolid
    c.stroke(new Path2D(ICONS[mover.glyph]))
  }
  drawn.set(key, canvas)
  return canvas
}
