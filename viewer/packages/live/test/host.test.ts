import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connectLive } from '../src/host'

/** A worker that only keeps what it is told. */
class Still {
  static made: Still
  told: { do: string }[] = []
  onmessage: (event: { data: unknown }) => void = () => {}
  constructor() {
    Still.made = this
  }
  postMessage(message: { do: string }): void {
    this.told.push(message)
  }
}

describe('the page asks for more', () => {
  let frames: (() => void)[]
  let hide: (() => void) | undefined
  const page = { hidden: false, addEventListener: (_: string, told: () => void) => (hide = told), removeEventListener: () => (hide = undefined) }
  const asked = (): number => Still.made.told.filter((m) => m.do === 'next').length
  const news = (): void => Still.made.onmessage({ data: { state: undefined, changes: [] } })
  /** The next frame comes after so long, ms. */
  const frame = (after: number): void => {
    vi.advanceTimersByTime(after)
    for (const run of frames.splice(0)) run()
  }

  beforeEach(() => {
    vi.useFakeTimers()
    frames = []
    page.hidden = false
    vi.stubGlobal('Worker', Still)
    vi.stubGlobal('document', page)
    vi.stubGlobal('requestAnimationFrame', (run: () => void) => frames.push(run))
    vi.stubGlobal('cancelAnimationFrame', () => frames.splice(0))
    connectLive({ url: 'ws://hub' }, () => {})
  })
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })

  it('once what came is drawn', () => {
    news()
    frame(16)
    expect(asked()).toBe(0)
    frame(16)
    expect(asked()).toBe(1)
  })

  it('after a rest as long as the frame took, where frames are slow', () => {
    news()
    frame(20)
    frame(180)
    vi.advanceTimersByTime(190)
    expect(asked()).toBe(0)
    vi.advanceTimersByTime(20)
    expect(asked()).toBe(1)
  })

  it('at once when it is hidden, before or meanwhile, and in the end when no frame comes', () => {
    page.hidden = true
    news()
    expect(asked()).toBe(1)
    page.hidden = false
    news()
    expect(asked()).toBe(1)
    page.hidden = true
    hide?.()
    expect(asked()).toBe(2)
    page.hidden = false
    news()
    vi.advanceTimersByTime(1500)
    expect(asked()).toBe(3)
    expect(hide).toBeUndefined()
  })
})
