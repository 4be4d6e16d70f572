import type { ApiClient, Schema } from '@twin/api'

/** A challenge of the server: good once, for a minute. */
export type Challenge = Schema<'ChallengeOut'>
export type LivePhoto = Schema<'PhotoOut'>
/** How somebody signs: strokes in 0..1 of the field, and the password; without one the server asks for their authenticator. */
export interface Confirmation {
  password?: string
  strokes: [number, number][][]
}

const hex = (bytes: ArrayBuffer): string => [...new Uint8Array(bytes)].map((b) => b.toString(16).padStart(2, '0')).join('')

/** HMAC-SHA256 of the picture's SHA-256 (hex) under the challenge's nonce, hex: this picture answers this challenge. */
export async function proofOf(nonce: string, picture: ArrayBuffer): Promise<string> {
  const text = new TextEncoder()
  const digest = hex(await crypto.subtle.digest('SHA-256', picture))
  const key = await crypto.subtle.importKey('raw', text.encode(nonce), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return hex(await crypto.subtle.sign('HMAC', key, text.encode(digest)))
}

export async function sendPhoto(api: Pick<ApiClient, 'request'>, challenge: Challenge, picture: Blob): Promise<LivePhoto> {
  const proof = await proofOf(challenge.nonce, await picture.arrayBuffer())
  return api.request(`/api/photos/${encodeURIComponent(challenge.id)}`, { method: 'POST', query: { proof }, body: picture })
}

/** The server takes so many points of a stroke and so many strokes. */
const [POINTS, STROKES] = [2000, 200]

/** What was drawn as the server takes it: within the field, without single dots, every long stroke thinned out. */
export function strokesFor(drawn: readonly (readonly [number, number])[][]): [number, number][][] {
  const within = (v: number): number => Math.round(Math.min(1, Math.max(0, v)) * 10_000) / 10_000
  return drawn
    .filter((stroke) => stroke.length > 1)
    .slice(0, STROKES)
    .map((stroke) => {
      const step = Math.ceil(stroke.length / POINTS)
      return stroke.filter((_, i) => i % step === 0).map(([x, y]) => [within(x), within(y)])
    })
}
