import { decode, encode } from '@msgpack/msgpack'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { HubClient, LiveStore, type ClientFrame, type ConnectionState, type HubFrame, type SocketLike } from '../src'

class Socket implements SocketLike {
  static all: Socket[] = []
  binaryType = ''
  onopen: SocketLike['onopen'] = null
  onmessage: SocketLike['onmessage'] = null
  onclose: SocketLike['onclose'] = null
  onerror: SocketLike['onerror'] = null
  sent: ClientFrame[] = []
  closed = false
  readonly protocol: string

  constructor(
    readonly url: string,
    protocols: string[],
  ) {
    this.protocol = protocols[0] ?? ''
    Socket.all.push(this)
  }
  send(data: string | Uint8Array): void {
    this.sent.push((typeof data === 'string' ? JSON.parse(data) : decode(data)) as ClientFrame)
  }
  close(): void {
    this.closed = true
  }
  say(...frames: HubFrame[]): void {
    for (const frame of frames) {
      const bytes = encode(frame)
      const binary = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
      this.onmessage?.({ data: this.protocol.includes('json') ? JSON.stringify(frame) : binary })
    }
  }
  hello(): void {
    this.onopen?.()
    this.say({ op: 'hello', session: 's', time: new Date(Date.now() + 5000).toISOString(), heartbeat: 10 })
  }
}

const last = (): Socket => Socket.all.at(-1) as Socket
interface Zone {
  id: string
  risk: number
}
const zone = (id: string, risk: number): Zone => ({ id, risk })

function connect(encoding: 'json' | 'msgpack' = 'msgpack') {
  const states: ConnectionState[] = []
  const client = new HubClient({
    url: 'ws://hub/',
    encoding,
    socket: (url, protocols) => new Socket(url, protocols),
    onState: (state) => states.push(state),
    random: () => 0.5,
  })
  const store = new LiveStore<Zone>()
  client.subscribe({ topic: 'layer.zone', mode: 'batch' }, (change) => store.apply(change))
  client.start()
  return { client, store, states }
}

beforeEach(() => {
  Socket.all = []
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('HubClient', () => {
  it.each(['json', 'msgpack'] as const)('shows a chunked snapshot at once, then deltas (%s)', (encoding) => {
    const { store, states } = connect(encoding)
    last().hello()
    expect(last().sent).toEqual([{ op: 'sub', id: 1, topic: 'layer.zone', mode: 'batch' }])
    expect(states.at(-1)).toMatchObject({ status: 'live', attempts: 0 })
    expect(states.at(-1)?.clockOffset).toBe(5000)
    last().say({ op: 'snap', id: 1, topic: 'layer.zone', n: 1, of: 2, items: [zone('a', 1)] })
    expect(store.items.size).toBe(0)
    last().say(
      { op: 'snap', id: 1, topic: 'layer.zone', n: 2, of: 2, items: [zone('b', 2)] },
      { op: 'live', id: 1, seq: 7 },
    )
    expect([...store.items.keys()]).toEqual(['a', 'b'])
    last().say({
      op: 'delta',
      topic: 'layer.zone',
      seq: 8,
      items: [
        { k: 'a', v: zone('a', 3) },
        { k: 'b', v: null },
      ],
    })
    expect([...store.items.values()]).toEqual([zone('a', 3)])
  })

  it('keeps deltas that overtake the snapshot and drops older ones and those of other filters', () => {
    const { store } = connect()
    last().hello()
    last().say(
      { op: 'delta', topic: 'layer.zone', seq: 6, items: [{ k: 'a', v: zone('a', 9) }] },
      { op: 'delta', topic: 'layer.zone', seq: 8, items: [{ k: 'a', v: zone('a', 2) }] },
      { op: 'snap', id: 1, topic: 'layer.zone', n: 1, of: 1, items: [zone('a', 1)] },
      { op: 'live', id: 1, seq: 7 },
    )
    expect(store.items.get('a')).toEqual(zone('a', 2))
    last().say({ op: 'delta', topic: 'layer.zone', seq: 7, items: [{ k: 'a', v: zone('a', 4) }] })
    last().say({ op: 'delta', topic: 'layer.zone', seq: 9, f: 'g1', items: [{ k: 'a', v: zone('a', 5) }] })
    expect(store.items.get('a')).toEqual(zone('a', 2))
  })

  it('resumes from the last sequence after a lost connection', () => {
    const { store, states } = connect()
    last().hello()
    last().say(
      { op: 'snap', id: 1, topic: 'layer.zone', n: 1, of: 1, items: [zone('a', 1)] },
      { op: 'live', id: 1, seq: 5 },
    )
    last().onclose?.({ code: 1006 })
    expect(states.at(-1)).toMatchObject({ status: 'lost', attempts: 1 })
    expect(store.items.size).toBe(1) // the picture stays, greyed by the app
    vi.advanceTimersByTime(500)
    expect(Socket.all).toHaveLength(2)
    last().hello()
    expect(last().sent).toEqual([{ op: 'sub', id: 1, topic: 'layer.zone', mode: 'batch', since: 5 }])
    last().say(
      { op: 'delta', topic: 'layer.zone', seq: 6, items: [{ k: 'a', v: zone('a', 4) }] },
      { op: 'live', id: 1, seq: 6 },
    )
    expect(store.items.get('a')).toEqual(zone('a', 4))
    expect(store.seq).toBe(6)
  })

  it('takes a fresh snapshot when the hub no longer has the sequence', () => {
    const { store } = connect()
    last().hello()
    last().say(
      { op: 'snap', id: 1, topic: 'layer.zone', n: 1, of: 1, items: [zone('a', 1)] },
      { op: 'live', id: 1, seq: 500 },
    )
    last().onclose?.({ code: 1006 })
    vi.advanceTimersByTime(500)
    last().hello()
    last().say(
      { op: 'snap', id: 1, topic: 'layer.zone', n: 1, of: 1, items: [zone('b', 2)] },
      { op: 'live', id: 1, seq: 3 },
    )
    expect([...store.items.keys()]).toEqual(['b'])
    last().say({ op: 'delta', topic: 'layer.zone', seq: 4, items: [{ k: 'b', v: zone('b', 1) }] })
    expect(store.items.get('b')).toEqual(zone('b', 1))
  })

  it('asks the hub once for what several want, and gives each the whole state', () => {
    const { client, store } = connect()
    last().hello()
    last().say(
      { op: 'snap', id: 1, topic: 'layer.zone', n: 1, of: 1, items: [zone('a', 1)] },
      { op: 'live', id: 1, seq: 5 },
    )
    const other = new LiveStore<Zone>()
    const leave = client.subscribe({ mode: 'batch', topic: 'layer.zone' }, (change) => other.apply(change))
    expect(last().sent.slice(1)).toEqual([
      { op: 'unsub', id: 1 },
      { op: 'sub', id: 2, topic: 'layer.zone', mode: 'batch' },
    ])
    last().say(
      { op: 'delta', topic: 'layer.zone', seq: 6, items: [{ k: 'a', v: zone('a', 2) }] },
      { op: 'live', id: 1, seq: 5 }, // of the old id, still under way
      { op: 'snap', id: 2, topic: 'layer.zone', n: 1, of: 1, items: [zone('a', 1), zone('b', 1)] },
      { op: 'live', id: 2, seq: 5 },
    )
    for (const one of [store, other]) expect([...one.items.values()]).toEqual([zone('a', 2), zone('b', 1)])
    leave()
    expect(last().sent).toHaveLength(3) // the first still listens
    last().say({ op: 'delta', topic: 'layer.zone', seq: 7, items: [{ k: 'b', v: zone('b', 4) }] })
    expect(store.items.get('b')).toEqual(zone('b', 4))
    expect(other.items.get('b')).toEqual(zone('b', 1))
  })

  it('waits longer after each failure, up to a limit, and can be nudged', () => {
    const { client } = connect()
    const waits: number[] = []
    for (let i = 0; i < 7; i++) {
      const before = Date.now()
      last().onclose?.({ code: 1006 })
      vi.advanceTimersToNextTimer()
      waits.push(Date.now() - before)
    }
    expect(waits).toEqual([400, 800, 1600, 3200, 6400, 8000, 8000])
    last().onclose?.({ code: 1006 })
    const count = Socket.all.length
    client.nudge()
    expect(Socket.all).toHaveLength(count + 1)
    client.stop()
    vi.advanceTimersByTime(60_000)
    expect(Socket.all).toHaveLength(count + 1)
  })

  it('answers pings and gives up a silent connection', () => {
    const { states } = connect()
    last().hello()
    last().say({ op: 'ping' })
    expect(last().sent.at(-1)).toEqual({ op: 'pong' })
    const silent = last()
    vi.advanceTimersByTime(24_000)
    expect(silent.closed).toBe(false)
    vi.advanceTimersByTime(1500)
    expect(silent.closed).toBe(true)
    expect(states.at(-1)?.status).toBe('lost')
  })

  it('says when the session is not accepted', () => {
    const { states } = connect()
    last().onopen?.()
    last().say({ op: 'err', code: 'unauthenticated', message: '请登录' })
    last().onclose?.({ code: 1006 })
    expect(states.at(-1)?.status).toBe('denied')
  })

  it('counts what the hub left out and survives a frame that cannot be read', () => {
    const { store, states } = connect()
    last().hello()
    last().say({ op: 'skip', topic: 'layer.zone', count: 3 })
    expect([store.skipped, states.at(-1)?.skipped]).toEqual([3, 3])
    const broken = last()
    broken.onmessage?.({ data: '{' })
    expect(broken.closed).toBe(true)
  })
})
