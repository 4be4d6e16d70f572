/** Frames of the hub protocol (ARCHITECTURE.md, Hub protocol; described in /asyncapi.json). */

export type Mode = 'batch' | 'latest'

export interface Subscription {
  topic: string
  mode: Mode
  /** west, south, east, north in degrees */
  bbox?: [number, number, number, number]
  floor?: string
  where?: Record<string, (string | number | boolean)[]>
}

export interface DeltaItem {
  k: string
  /** null: the thing is gone */
  v: unknown
}

export type ClientFrame =
  | { op: 'auth'; token: string }
  | ({ op: 'sub'; id: number; since?: number } & Subscription)
  | { op: 'unsub'; id: number }
  | { op: 'pong' }

/** `f` names the filter group of a subscription; plain `batch` ones have none. */
export type HubFrame =
  | { op: 'hello'; session: string; time: string | number; heartbeat: number }
  | { op: 'snap'; id: number; topic: string; n: number; of: number; items: { id: string }[] }
  | { op: 'live'; id: number; seq: number; f?: string }
  | { op: 'delta'; topic: string; seq: number; items: DeltaItem[]; f?: string }
  | { op: 'skip'; topic: string; count: number; f?: string }
  | { op: 'ping'; time?: string | number }
  | { op: 'pong'; time?: string | number }
  | { op: 'err'; id?: number; code: string; message: string }

export const JSON_PROTOCOL = 'twin.json.1'
export const MSGPACK_PROTOCOL = 'twin.msgpack.1'

/** What a subscriber hears: `reset` replaces everything it holds, `delta` changes single keys. */
export type Change =
  | { kind: 'reset'; seq: number; items: { id: string }[] }
  | { kind: 'delta'; seq: number; items: DeltaItem[] }
  | { kind: 'skip'; count: number }
  | { kind: 'refused'; code: string; message: string }

export type LiveStatus = 'connecting' | 'live' | 'lost' | 'denied'

export interface ConnectionState {
  status: LiveStatus
  /** ms since the epoch, on this computer's clock: when anything last came from the hub; undefined before the first frame */
  lastData: number | undefined
  /** when the connection was lost, undefined while it stands */
  lostAt: number | undefined
  /** failed attempts since the connection last stood */
  attempts: number
  /** hub time minus this computer's time in ms, for clocks that show plant time */
  clockOffset: number
  /** updates that the hub had to leave out for this client since it connected */
  skipped: number
}
