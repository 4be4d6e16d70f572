import { ApiError, type ApiClient, type RequestOptions } from '@twin/api'
import { reactive } from 'vue'

/**
 * What was done without a network waits here and is sent in order when there is one. Each piece carries an id of its own
 * (`Idempotency-Key`), so that sending it twice does nothing twice; what the server refuses stays, with the reason, until
 * the person has looked at it.
 */
export interface Waiting {
  id: string
  /** account it belongs to; another person's work is never sent in this one's name */
  account: string
  at: number
  title: string
  path: string
  method: 'POST' | 'PUT' | 'PATCH'
  body: unknown
  fault?: string
}

export const waiting = reactive<Waiting[]>([])

const NAME = 'twin-handheld'
const STORE = 'queue'

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1)
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' })
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function run<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open()
  try {
    return await new Promise((resolve, reject) => {
      const transaction = db.transaction(STORE, mode)
      const request = work(transaction.objectStore(STORE))
      transaction.oncomplete = () => resolve(request.result)
      transaction.onerror = () => reject(transaction.error)
      transaction.onabort = () => reject(transaction.error)
    })
  } finally {
    db.close()
  }
}

/** Reads what waits from the device. */
export async function loadQueue(): Promise<void> {
  const rows = await run<Waiting[]>('readonly', (store) => store.getAll())
  waiting.splice(0, waiting.length, ...rows.sort((a, b) => a.at - b.at))
}

async function keep(piece: Waiting): Promise<void> {
  await run('readwrite', (store) => store.put(JSON.parse(JSON.stringify(piece))))
}

/** Takes a piece out, sent or given up. */
export async function drop(id: string): Promise<void> {
  await run('readwrite', (store) => store.delete(id))
  const index = waiting.findIndex((w) => w.id === id)
  if (index >= 0) waiting.splice(index, 1)
}

export type Sent<T> = { sent: true; answer: T } | { sent: false }

/** Sends now or, without a network, keeps it for later. Throws what the server says against it. */
export async function sendOrKeep<T>(
  api: Pick<ApiClient, 'request'>,
  account: string,
  piece: Pick<Waiting, 'title' | 'path' | 'method' | 'body'>,
): Promise<Sent<T>> {
  const id = crypto.randomUUID()
  try {
    return { sent: true, answer: await api.request<T>(piece.path, options({ ...piece, id })) }
  } catch (error) {
    if (!(error instanceof ApiError) || !error.unreachable) throw error
    const row: Waiting = { ...piece, id, account, at: Date.now() }
    await keep(row)
    waiting.push(row)
    return { sent: false }
  }
}

function options(piece: Pick<Waiting, 'id' | 'method' | 'body'>): RequestOptions {
  return { method: piece.method, body: piece.body, headers: { 'Idempotency-Key': piece.id } }
}

let draining = false

/** Sends what waits for this account, oldest first, and stops at the first that does not get through. */
export async function drain(api: Pick<ApiClient, 'request'>, account: string): Promise<void> {
  if (draining) return
  draining = true
  try {
    for (const piece of waiting.filter((w) => w.account === account && !w.fault)) {
      try {
        await api.request(piece.path, options(piece))
        await drop(piece.id)
      } catch (error) {
        if (!(error instanceof ApiError) || error.unreachable || error.status === 401) return
        piece.fault = error.message
        await keep(piece)
      }
    }
  } finally {
    draining = false
  }
}
