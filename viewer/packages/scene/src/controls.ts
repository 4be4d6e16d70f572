import { between, clamp, pixelOnPlane, type Lens, type Orbit } from './orbit'

export interface ControlsHost {
  lens(): Lens
  /** the camera has moved: draw */
  moved(orbit: Orbit): void
  /** the user took hold of it */
  taken(): void
  click(x: number, y: number): void
  doubleClick(x: number, y: number): void
  hover(x: number, y: number): void
  leave(): void
}

const FLIGHT_MS = 1100

/**
 * Moves the camera: left drag or one finger shifts the ground under the pointer, right or middle drag or Ctrl turns, the wheel or a
 * pinch goes to the pointer, arrows + - Q E on the keyboard. All of it goes through `clamp`, so the ground is never crossed.
 */
export class Controls {
  private now: Orbit
  private goal: Orbit
  private flight: { from: Orbit; to: Orbit; start: number } | undefined
  private frame = 0
  private readonly pointers = new Map<number, { x: number; y: number }>()
  private press: { x: number; y: number; moved: boolean; turn: boolean } | undefined
  private grip: { x: number; y: number } | undefined
  private readonly off: (() => void)[] = []

  constructor(
    private readonly element: HTMLElement,
    private readonly host: ControlsHost,
    start: Orbit,
  ) {
    this.now = this.goal = clamp(start)
    const on = <K extends keyof HTMLElementEventMap>(
      name: K,
      f: (e: HTMLElementEventMap[K]) => void,
      o?: AddEventListenerOptions,
    ) => {
      element.addEventListener(name, f, o)
      this.off.push(() => element.removeEventListener(name, f, o))
    }
    on('pointerdown', (e) => this.down(e))
    on('pointermove', (e) => this.move(e))
    on('pointerup', (e) => this.up(e))
    on('pointerleave', () => this.host.leave())
    on('pointercancel', (e) => this.up(e))
    on('wheel', (e) => this.wheel(e), { passive: false })
    on('contextmenu', (e) => e.preventDefault())
    on('dblclick', (e) => this.host.doubleClick(...this.local(e)))
    on('keydown', (e) => this.key(e))
  }

  get orbit(): Orbit {
    return this.now
  }

  get flying(): boolean {
    return this.flight !== undefined
  }

  set(orbit: Orbit): void {
    this.flight = undefined
    this.now = this.goal = clamp(orbit)
    this.host.moved(this.now)
  }

  /** Moves what is looked at and leaves turning and zooming to go on. */
  carry(x: number, y: number, z: number): void {
    this.flight = undefined
    this.now = clamp({ ...this.now, x, y, z })
    this.goal = clamp({ ...this.goal, x, y, z })
    this.host.moved(this.now)
  }

  flyTo(orbit: Orbit): void {
    this.flight = { from: this.now, to: clamp(orbit), start: performance.now() }
    this.run()
  }

  zoom(factor: number, x?: number, y?: number): void {
    this.stopFlight()
    const goal = this.goal
    const range = clamp({ ...goal, range: goal.range * factor }).range
    const f = range / goal.range
    const hit =
      x === undefined || y === undefined
        ? undefined
        : pixelOnPlane(this.now, this.host.lens(), x, y, goal.z, goal.range * 4)
    const pull = hit ? 1 - f : 0
    this.goal = clamp({
      ...goal,
      range,
      x: goal.x + ((hit?.[0] ?? goal.x) - goal.x) * pull,
      y: goal.y + ((hit?.[1] ?? goal.y) - goal.y) * pull,
      z: goal.z * (f < 1 ? 1 : 1 / f), // going away leads back to the ground
    })
    this.run()
  }

  destroy(): void {
    cancelAnimationFrame(this.frame)
    for (const off of this.off) off()
  }

  private stopFlight(): void {
    if (!this.flight) return
    this.flight = undefined
    this.goal = this.now
  }

  private run(): void {
    if (this.frame) return
    const step = (): void => {
      this.frame = 0
      if (this.flight) {
        const t = Math.min(1, (performance.now() - this.flight.start) / FLIGHT_MS)
        this.now = this.goal = clamp(between(this.flight.from, this.flight.to, t))
        if (t >= 1) this.flight = undefined
      } else {
        this.now = approach(this.now, this.goal)
      }
      this.host.moved(this.now)
      if (this.flight || this.now !== this.goal) this.frame = requestAnimationFrame(step)
    }
    this.frame = requestAnimationFrame(step)
  }

  private local(e: { clientX: number; clientY: number }): [number, number] {
    const box = this.element.getBoundingClientRect()
    return [e.clientX - box.left, e.clientY - box.top]
  }

  private down(e: PointerEvent): void {
    this.element.setPointerCapture(e.pointerId)
    this.element.focus({ preventScroll: true })
    const [x, y] = this.local(e)
    this.pointers.set(e.pointerId, { x, y })
    this.press = { x, y, moved: this.pointers.size > 1, turn: e.button !== 0 || e.ctrlKey || e.shiftKey }
    this.stopFlight()
    this.goal = this.now
    const hit = pixelOnPlane(this.now, this.host.lens(), x, y, this.now.z, this.now.range * 6)
    this.grip = hit && { x: hit[0], y: hit[1] }
  }

  private move(e: PointerEvent): void {
    const [x, y] = this.local(e)
    const before = this.pointers.get(e.pointerId)
    if (!before || !this.press) {
      this.host.hover(x, y)
      return
    }
    if (Math.hypot(x - this.press.x, y - this.press.y) > 5) this.press.moved = true
    const others = [...this.pointers.entries()].filter(([id]) => id !== e.pointerId).map(([, p]) => p)
    this.pointers.set(e.pointerId, { x, y })
    if (!this.press.moved) return
    const other = others[0]
    if (other) this.pinch(before, { x, y }, other)
    else if (this.press.turn) this.turn(x - before.x, y - before.y)
    else {
      this.host.taken()
      this.pan(x, y, x - before.x, y - before.y)
    }
    this.host.moved(this.now)
  }

  private up(e: PointerEvent): void {
    const press = this.press
    this.pointers.delete(e.pointerId)
    if (this.pointers.size > 0) return
    this.press = undefined
    if (press && !press.moved && e.type === 'pointerup' && e.button === 0) this.host.click(...this.local(e))
  }

  private pan(x: number, y: number, dx: number, dy: number): void {
    const lens = this.host.lens()
    const hit = this.grip && pixelOnPlane(this.now, lens, x, y, this.now.z, this.now.range * 6)
    if (hit && this.grip) {
      this.put({ ...this.now, x: this.now.x + this.grip.x - hit[0], y: this.now.y + this.grip.y - hit[1] })
      return
    }
    // above the horizon there is no ground to hold: shift by the scale at the target
    const m = (2 * this.now.range * Math.tan(lens.fovy / 2)) / lens.height
    const [s, c] = [Math.sin(this.now.heading), Math.cos(this.now.heading)]
    this.put({ ...this.now, x: this.now.x - (dx * c - dy * s) * m, y: this.now.y + (dx * s + dy * c) * m })
  }

  private turn(dx: number, dy: number): void {
    this.put({ ...this.now, heading: this.now.heading + dx * 0.005, pitch: this.now.pitch - dy * 0.004 })
  }

  private pinch(a0: { x: number; y: number }, a1: { x: number; y: number }, b: { x: number; y: number }): void {
    const [d0, d1] = [Math.hypot(a0.x - b.x, a0.y - b.y), Math.hypot(a1.x - b.x, a1.y - b.y)]
    const turn = Math.atan2(a1.y - b.y, a1.x - b.x) - Math.atan2(a0.y - b.y, a0.x - b.x)
    this.put({
      ...this.now,
      range: (this.now.range * d0) / Math.max(1, d1),
      heading: this.now.heading - Math.atan2(Math.sin(turn), Math.cos(turn)),
      pitch: this.now.pitch - ((a1.y - a0.y) / 2) * 0.003,
    })
  }

  private put(orbit: Orbit): void {
    this.now = this.goal = clamp(orbit)
  }

  private wheel(e: WheelEvent): void {
    e.preventDefault()
    const lines = e.deltaMode === 1 ? 33 : e.deltaMode === 2 ? 300 : 1
    this.zoom(Math.exp(Math.max(-240, Math.min(240, e.deltaY * lines)) * 0.0016), ...this.local(e))
  }

  private key(e: KeyboardEvent): void {
    const step = this.now.range * 0.12
    const [s, c] = [Math.sin(this.now.heading), Math.cos(this.now.heading)]
    const shift = (right: number, ahead: number): void => {
      this.host.taken()
      this.goal = clamp({
        ...this.goal,
        x: this.goal.x + (right * c + ahead * s) * step,
        y: this.goal.y + (ahead * c - right * s) * step,
      })
    }
    const keys: Record<string, () => void> = {
      ArrowLeft: () => shift(-1, 0),
      ArrowRight: () => shift(1, 0),
      ArrowUp: () => shift(0, 1),
      ArrowDown: () => shift(0, -1),
      '+': () => this.zoom(0.8),
      '=': () => this.zoom(0.8),
      '-': () => this.zoom(1.25),
      q: () => (this.goal = clamp({ ...this.goal, heading: this.goal.heading - 0.2 })),
      e: () => (this.goal = clamp({ ...this.goal, heading: this.goal.heading + 0.2 })),
    }
    const act = keys[e.key]
    if (!act || e.altKey || e.metaKey || e.ctrlKey) return
    e.preventDefault()
    this.stopFlight()
    act()
    this.run()
  }
}

/** One step of a smooth approach; gives `goal` itself when there. */
function approach(now: Orbit, goal: Orbit): Orbit {
  const k = 0.32
  const turn = Math.atan2(Math.sin(goal.heading - now.heading), Math.cos(goal.heading - now.heading))
  const near =
    Math.hypot(goal.x - now.x, goal.y - now.y, goal.z - now.z) < goal.range * 2e-4 &&
    Math.abs(goal.range / now.range - 1) < 1e-3 &&
    Math.abs(turn) < 1e-3 &&
    Math.abs(goal.pitch - now.pitch) < 1e-3
  if (near) return goal
  return {
    x: now.x + (goal.x - now.x) * k,
    y: now.y + (goal.y - now.y) * k,
    z: now.z + (goal.z - now.z) * k,
    heading: now.heading + turn * k,
    pitch: now.pitch + (goal.pitch - now.pitch) * k,
    range: now.range * (goal.range / now.range) ** k,
  }
}
