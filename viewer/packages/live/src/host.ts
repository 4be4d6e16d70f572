import { HubClient } from './client'
import type { News } from './outlet'
import type { Change, ConnectionState, Subscription } from './protocol'

export interface LiveOptions {
  url: string
  token?: string
  encoding?: 'msgpack' | 'json'
}

export type ToWorker =
  | { do: 'start'; options: LiveOptions }
  | { do: 'sub'; key: number; subscription: Subscription }
  | { do: 'unsub'; key: number }
  /** the page has taken the last news in and wants more */
  | { do: 'next' }
  | { do: 'nudge' }
  | { do: 'stop' }

/** A page whose frame does not come asks for more after so long, ms. */
const LATEST_MS = 1000
/** Two frames of a screen that keeps up, and the longest rest of one that does not, ms. */
const [QUICK_MS, REST_MS] = [50, 400]

/** What an app holds: the same whether the socket lives in a worker or on the page. */
export interface Live {
  subscribe(subscription: Subscription, sink: (change: Change) => void): () => void
  nudge(): void
  stop(): void
}

/** Connects to the hub from a worker, which keeps only what is newest while a frame is drawn; on the page itself where workers are not to be had. */
export function connectLive(options: LiveOptions, onState: (state: ConnectionState) => void): Live {
  if (typeof Worker === 'undefined') {
    const client = new HubClient({ ...options, onState })
    client.start()
    return client
  }
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'live' })
  const sinks = new Map<number, (change: Change) => void>()
  let next = 1
  const post = (message: ToWorker): void => worker.postMessage(message)
  worker.onmessage = ({ data: { state, changes } }: MessageEvent<News>) => {
    if (state) guarded(() => onState(state))
    for (const { key, change } of changes) guarded(() => sinks.get(key)?.(change))
    afterFrame(() => post({ do: 'next' }))
  }
  post({ do: 'start', options })
  return {
    subscribe(subscription, sink) {
      const key = next++
      sinks.set(key, sink)
      post({ do: 'sub', key, subscription })
      return () => {
        sinks.delete(key)
        post({ do: 'unsub', key })
      }
    },
    nudge: () => post({ do: 'nudge' }),
    stop() {
      post({ do: 'stop' })
      setTimeout(() => worker.terminate(), 200) // let the close frame out
    },
  }
}

/** What one listener stumbles over keeps nothing from the others. */
function guarded(tell: () => void): void {
  try {
    tell()
  } catch (error) {
    reportError(error)
  }
}

/**
 * Calls once what came is drawn, so that what comes in then is drawn in the next frame. Where a frame takes long, for want of a graphics
 * processor, it rests as long again: else a storm would have the picture drawn without pause, and what the storm is made of would starve
 * on the same cores. A single piece of news finds the rest over and is drawn at once.
 */
function afterFrame(then: () => void): void {
  const began = performance.now()
  const drawn = (): void => {
    clearTimeout(timer)
    cancelAnimationFrame(frame)
    document.removeEventListener('visibilitychange', drawn)
    const took = performance.now() - began
    // a hidden page's timers are held back by the browser, and an alarm must be heard there too
    if (document.hidden || took <= QUICK_MS) then()
    else setTimeout(then, Math.min(took, REST_MS))
  }
  const timer = setTimeout(drawn, LATEST_MS)
  let frame = requestAnimationFrame(() => (frame = requestAnimationFrame(drawn)))
  document.addEventListener('visibilitychange', drawn)
  if (document.hidden) drawn()
}

/** The hub may name itself by an address that only the server knows (0.0.0.0, localhost): then it is where the page came from. */
export function hubAddress(hub: string): string {
  const url = new URL(hub, location.href)
  if (
    ['0.0.0.0', 'localhost', '127.0.0.1', '[::]', '[::1]'].includes(url.hostname) &&
    url.hostname !== location.hostname
  )
    url.hostname = location.hostname
  if (location.protocol === 'https:' && url.protocol === 'ws:') url.protocol = 'wss:'
  return url.href
}
