import { decode, encode } from '@msgpack/msgpack'
import {
  JSON_PROTOCOL,
  MSGPACK_PROTOCOL,
  type Change,
  type ClientFrame,
  type ConnectionState,
  type DeltaItem,
  type HubFrame,
  type Subscription,
} from './protocol'

/** The part of WebSocket that the client needs; tests give a scripted one. */
export interface SocketLike {
  binaryType: string
  readonly protocol: string
  onopen: (() => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number }) => void) | null
  onerror: (() => void) | null
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(code?: number): void
}

export interface HubClientOptions {
  url: string
  token?: string
  /** MessagePack unless `json` is asked for. */
  encoding?: 'msgpack' | 'json'
  socket?: (url: string, protocols: string[]) => SocketLike
  onState?: (state: ConnectionState) => void
  random?: () => number
  /** First wait after a lost connection and the longest one, ms. */
  backoff?: { first: number; longest: number }
}

interface Entry {
  id: number
  /** the same topic, mode and filter have the same key */
  key: string
  subscription: Subscription
  sinks: Set<(change: Change) => void>
  /** last sequence applied; undefined until the first snapshot is complete */
  seq: number | undefined
  /** chunks of a snapshot under way, undefined when none has come */
  chunks: { id: string }[] | undefined
  /** deltas that came before `live` */
  early: { seq: number; items: DeltaItem[]; f: string | undefined }[]
  /** the filter group that the hub put this subscription in */
  f: string | undefined
  live: boolean
}

const DENIED = new Set(['unauthenticated', 'forbidden', 'token_expired'])
const CLOSE_UNAUTHENTICATED = 4401

/**
 * Keeps subscriptions alive over a connection that comes and goes.
 *
 * A subscriber sees a whole snapshot at once (`reset`), then numbered deltas without gaps or repeats. After a lost connection it
 * resumes from the last sequence it applied; when the hub no longer has it, a new `reset` comes. A silent connection (no frame for
 * 2.5 heartbeats) counts as lost.
 */
export class HubClient {
  private socket: SocketLike | undefined
  private readonly entries = new Map<number, Entry>()
  private nextId = 1
  private heartbeat = 15_000
  private watchdog: ReturnType<typeof setTimeout> | undefined
  private retry: ReturnType<typeof setTimeout> | undefined
  private stopped = true
  private ready = false
  private deniedNow = false
  private state: ConnectionState = {
    status: 'connecting',
    lastData: undefined,
    lostAt: undefined,
    attempts: 0,
    clockOffset: 0,
    skipped: 0,
  }

  constructor(private readonly options: HubClientOptions) {}

  start(): void {
    if (!this.stopped) return
    this.stopped = false
    this.open()
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.retry)
    clearTimeout(this.watchdog)
    this.drop()
  }

  /** Try again now instead of at the end of the wait (the page became visible, the network came back). */
  nudge(): void {
    if (this.stopped || this.socket) return
    clearTimeout(this.retry)
    this.open()
  }

  /** Any number of subscribers may ask for the same: the hub hears it once. */
  subscribe(subscription: Subscription, sink: (change: Change) => void): () => void {
    const own = (change: Change): void => sink(change) // the same function may be given twice
    const key = JSON.stringify(Object.entries(subscription).sort(([a], [b]) => (a < b ? -1 : 1)))
    const shared = [...this.entries.values()].find((entry) => entry.key === key)
    const entry = shared ?? this.enter(key, subscription)
    entry.sinks.add(own)
    if (!shared) {
      if (this.ready) this.ask(entry)
    } else if (entry.seq !== undefined) this.anew(entry)
    return () => {
      if (!entry.sinks.delete(own) || entry.sinks.size > 0) return
      this.entries.delete(entry.id)
      if (this.ready) this.send({ op: 'unsub', id: entry.id })
    }
  }

  private enter(key: string, subscription: Subscription): Entry {
    const entry: Entry = {
      id: this.nextId++,
      key,
      subscription,
      sinks: new Set(),
      seq: undefined,
      chunks: undefined,
      early: [],
      f: undefined,
      live: false,
    }
    this.entries.set(entry.id, entry)
    return entry
  }

  /** A subscriber more needs the whole state: ask for it under a new id, so that frames still under way to the old one are not taken for it. */
  private anew(entry: Entry): void {
    this.entries.delete(entry.id)
    if (this.ready) this.send({ op: 'unsub', id: entry.id })
    entry.id = this.nextId++
    entry.seq = undefined
    this.entries.set(entry.id, entry)
    if (this.ready) this.ask(entry)
  }

  private open(): void {
    const make = this.options.socket ?? ((url, protocols) => new WebSocket(url, protocols) as unknown as SocketLike)
    const protocols =
      this.options.encoding === 'json' ? [JSON_PROTOCOL, MSGPACK_PROTOCOL] : [MSGPACK_PROTOCOL, JSON_PROTOCOL]
    let socket: SocketLike
    try {
      socket = make(this.options.url, protocols)
    } catch {
      this.lose()
      return
    }
    this.socket = socket
    this.deniedNow = false
    socket.binaryType = 'arraybuffer'
    this.watch()
    socket.onopen = () => {
      if (this.options.token) this.send({ op: 'auth', token: this.options.token })
    }
    socket.onmessage = (event) => {
      if (this.socket !== socket) return
      this.watch()
      let frame: HubFrame
      try {
        frame = read(event.data)
      } catch {
        socket.close(1002) // a frame that cannot be read: start afresh
        return
      }
      this.heard(frame)
    }
    socket.onerror = () => undefined // a close follows
    socket.onclose = (event) => {
      if (this.socket !== socket) return
      if (event.code === CLOSE_UNAUTHENTICATED) this.deniedNow = true
      this.lose()
    }
  }

  private heard(frame: HubFrame): void {
    this.state.lastData = Date.now()
    switch (frame.op) {
      case 'hello': {
        this.heartbeat = Math.max(1, frame.heartbeat) * 1000
        const hub = typeof frame.time === 'number' ? frame.time * 1000 : Date.parse(frame.time)
        this.ready = true
        this.watch()
        for (const entry of this.entries.values()) this.ask(entry)
        this.tell({
          status: 'live',
          attempts: 0,
          lostAt: undefined,
          skipped: 0,
          clockOffset: Number.isFinite(hub) ? hub - Date.now() : 0,
        })
        return
      }
      case 'ping':
        this.send({ op: 'pong' })
        this.tell({})
        return
      case 'snap': {
        const entry = this.entries.get(frame.id)
        if (!entry) return
        entry.chunks ??= []
        for (const item of frame.items) entry.chunks.push(item)
        return
      }
      case 'live': {
        const entry = this.entries.get(frame.id)
        if (entry) this.complete(entry, frame.seq, frame.f)
        return
      }
      case 'delta':
        for (const entry of this.entries.values()) {
          if (entry.subscription.topic === frame.topic) this.change(entry, frame.seq, frame.items, frame.f)
        }
        this.tell({})
        return
      case 'skip':
        this.tell({ skipped: this.state.skipped + frame.count })
        for (const entry of this.entries.values())
          if (entry.subscription.topic === frame.topic && entry.f === frame.f)
            give(entry, { kind: 'skip', count: frame.count })
        return
      case 'err':
        this.refused(frame)
    }
  }

  private refused(frame: Extract<HubFrame, { op: 'err' }>): void {
    const entry = frame.id === undefined ? undefined : this.entries.get(frame.id)
    if (entry) give(entry, { kind: 'refused', code: frame.code, message: frame.message })
    else if (DENIED.has(frame.code)) this.deniedNow = true
  }

  private ask(entry: Entry): void {
    entry.chunks = undefined
    entry.early = []
    entry.live = false
    const since = entry.seq === undefined ? {} : { since: entry.seq }
    this.send({ op: 'sub', id: entry.id, ...entry.subscription, ...since })
  }

  /** `live`: what came in chunks is the state as of seq; without chunks the hub resumed from `since`. */
  private complete(entry: Entry, seq: number, f: string | undefined): void {
    const early = entry.early
    const { chunks, seq: before } = entry
    entry.early = []
    entry.chunks = undefined
    entry.f = f
    entry.live = true
    if (chunks !== undefined || before === undefined) {
      entry.seq = seq
      give(entry, { kind: 'reset', seq, items: chunks ?? [] })
    }
    for (const delta of early) this.change(entry, delta.seq, delta.items, delta.f)
    entry.seq = Math.max(entry.seq ?? seq, seq)
  }

  private change(entry: Entry, seq: number, items: DeltaItem[], f: string | undefined): void {
    if (!entry.live) {
      entry.early.push({ seq, items, f })
      return
    }
    if (entry.f !== f) return // meant for another subscription to the same topic
    if (entry.seq !== undefined && seq < entry.seq) return // older than what we have; the same twice does no harm
    entry.seq = seq
    give(entry, { kind: 'delta', seq, items })
  }

  private send(frame: ClientFrame): void {
    const socket = this.socket
    if (!socket) return
    try {
      socket.send(
        socket.protocol === MSGPACK_PROTOCOL ? encode(frame, { ignoreUndefined: true }) : JSON.stringify(frame),
      )
    } catch {
      socket.close()
    }
  }

  private watch(): void {
    clearTimeout(this.watchdog)
    this.watchdog = setTimeout(() => this.lose(), this.heartbeat * 2.5)
  }

  private drop(): void {
    const socket = this.socket
    this.socket = undefined
    this.ready = false
    clearTimeout(this.watchdog)
    for (const entry of this.entries.values()) entry.live = false
    if (!socket) return
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null
    try {
      socket.close()
    } catch {
      // it is gone already
    }
  }

  private lose(): void {
    this.drop()
    if (this.stopped) return
    const { first, longest } = this.options.backoff ?? { first: 400, longest: 8000 }
    const attempts = this.state.attempts + 1
    const wait =
      Math.min(longest, first * 2 ** Math.min(attempts - 1, 10)) * (0.7 + 0.6 * (this.options.random ?? Math.random)())
    this.tell({ status: this.deniedNow ? 'denied' : 'lost', attempts, lostAt: this.state.lostAt ?? Date.now() })
    this.retry = setTimeout(() => this.open(), wait)
  }

  private tell(change: Partial<ConnectionState>): void {
    this.state = { ...this.state, ...change }
    this.options.onState?.(this.state)
  }
}

function give(entry: Entry, change: Change): void {
  for (const sink of entry.sinks) sink(change)
}

function read(data: unknown): HubFrame {
  if (typeof data === 'string') return JSON.parse(data) as HubFrame
  if (data instanceof ArrayBuffer) return decode(new Uint8Array(data)) as HubFrame
  if (ArrayBuffer.isView(data)) return decode(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) as HubFrame
  throw new TypeError('neither text nor bytes')
}
