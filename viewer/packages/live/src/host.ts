import { HubClient } from './client'
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
  | { do: 'nudge' }
  | { do: 'stop' }

export type FromWorker = { state: ConnectionState } | { key: number; change: Change }

/** What an app holds: the same whether the socket lives in a worker or on the page. */
export interface Live {
  subscribe(subscription: Subscription, sink: (change: Change) => void): () => void
  nudge(): void
  stop(): void
}

/** Connects to the hub from a worker; on the page itself where workers are not to be had. */
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
  worker.onmessage = (event: MessageEvent<FromWorker>) => {
    if ('state' in event.data) onState(event.data.state)
    else sinks.get(event.data.key)?.(event.data.change)
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
