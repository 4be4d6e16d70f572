import { describe, expect, it, vi } from 'vitest'
import { ApiClient, ApiError, pathOf } from '../src'

interface Call {
  url: string
  init: RequestInit
}

function client(answers: (Response | Error)[], extra: ConstructorParameters<typeof ApiClient>[0] = {}) {
  const calls: Call[] = []
  const fake = (async (url: string, init: RequestInit) => {
    calls.push({ url, init })
    const answer = answers.shift()
    if (!answer) throw new Error('no more answers')
    if (answer instanceof Error) throw answer
    return answer
  }) as unknown as typeof fetch
  return { api: new ApiClient({ fetch: fake, language: () => 'zh-CN', ...extra }), calls }
}

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status })
const header = (call: Call | undefined, name: string) => (call?.init.headers as Record<string, string>)[name]

describe('ApiClient', () => {
  it('marks writes against forged forms and asks in the language of the user', async () => {
    const { api, calls } = client([json({ id: 'u' }), json({ site: {} })])
    await api.login('a', 'b')
    await api.config()
    expect(header(calls[0], 'X-Twin')).toBe('1')
    expect(header(calls[1], 'X-Twin')).toBeUndefined()
    expect(header(calls[1], 'Accept-Language')).toBe('zh-CN')
  })

  it('sends the version a change was made on', async () => {
    const { api, calls } = client([json({ type: 'Feature' })])
    await api.patchFeature('zone', 'z1', 7, { properties: { risk: 1 } })
    expect(calls[0]?.url).toBe('/api/spatial/zone/z1')
    expect(calls[0]?.init.method).toBe('PATCH')
    expect(header(calls[0], 'If-Match')).toBe('"7"')
  })

  it('follows next links by their path only', async () => {
    const page = (n: number, href?: string) =>
      json({ features: [{ id: String(n) }], links: href ? [{ rel: 'next', href }] : [] })
    const { api, calls } = client([page(1, 'http://inside:9/ogc/collections/zone/items?cursor=x&limit=1000'), page(2)])
    expect((await api.items('zone')).map((f) => f.id)).toEqual(['1', '2'])
    expect(calls.map((c) => c.url)).toEqual([
      '/ogc/collections/zone/items?limit=1000',
      '/ogc/collections/zone/items?cursor=x&limit=1000',
    ])
  })

  it('brings bytes as they are, and a refusal as the same typed error', async () => {
    const { api, calls } = client([new Response(new Uint8Array([0, 255, 7])), json({ code: 'raster_not_found' }, 404)])
    expect([...(await api.bytes('/texels'))]).toEqual([0, 255, 7])
    expect(header(calls[0], 'Accept')).toBe('application/octet-stream')
    await expect(api.bytes('/gone')).rejects.toMatchObject({ status: 404, code: 'raster_not_found' })
  })

  it('turns a refusal into a typed error', async () => {
    const gone = vi.fn()
    const body = { code: 'conflict', message: '已被他人修改', params: { version: 8 } }
    const { api } = client(
      [json(body, 409), new Response('<html>', { status: 502 }), json({ code: 'unauthenticated' }, 401)],
      {
        onUnauthenticated: gone,
      },
    )
    const conflict = await api.deleteFeature('zone', 'z', 7).catch((e: unknown) => e)
    expect(conflict).toMatchObject({ status: 409, code: 'conflict', message: '已被他人修改', params: { version: 8 } })
    const proxy = (await api.me().catch((e: unknown) => e)) as ApiError
    expect(proxy).toBeInstanceOf(ApiError)
    expect([proxy.code, proxy.unreachable]).toEqual(['http_502', true])
    expect(gone).not.toHaveBeenCalled()
    await expect(api.me()).rejects.toMatchObject({ code: 'unauthenticated' })
    expect(gone).toHaveBeenCalledOnce()
  })

  it('says when the server could not be reached', async () => {
    const { api } = client([new TypeError('Failed to fetch')])
    await expect(api.me()).rejects.toMatchObject({ status: 0, code: 'network', unreachable: true })
  })
})

describe('pathOf', () => {
  it('fills in and escapes the parts of an address', () => {
    expect(pathOf('/api/config', {})).toBe('/api/config')
    expect(pathOf('/api/spatial/{layer}/{id}/history', { layer: 'zone', id: 'a/b 1' })).toBe(
      '/api/spatial/zone/a%2Fb%201/history',
    )
  })

  it('knows only the addresses and parts that the server has', () => {
    // Checked by vue-tsc: an expected error that does not come is one.
    // @ts-expect-error the server has no such address
    expect(pathOf('/api/moon', {})).toBe('/api/moon')
    // @ts-expect-error the id is missing
    expect(pathOf('/api/spatial/{layer}/{id}', { layer: 'zone' })).toContain('/zone/')
  })
})

describe('a signature that an authenticator confirms', () => {
  const asked = {
    code: 'device_needed',
    message: '请确认',
    params: { challenge_id: 'c1', options: { challenge: 'abc' } },
  }
  const answer = { id: 'k', type: 'public-key' }
  function authenticator(get: () => Promise<unknown>) {
    vi.stubGlobal('PublicKeyCredential', { parseRequestOptionsFromJSON: (options: unknown) => options })
    vi.stubGlobal('navigator', { credentials: { get } })
  }

  it('answers the challenge and sends the step again with it', async () => {
    authenticator(async () => ({ toJSON: () => answer }))
    const { api, calls } = client([json(asked, 428), json({ ok: true })])
    const body = { opinion: '同意', confirmation: { strokes: [[[0, 0]]] } }
    expect(await api.request('/api/hazards/1/accept', { method: 'POST', body })).toEqual({ ok: true })
    expect(JSON.parse(String(calls[1]?.init.body))).toEqual({
      opinion: '同意',
      confirmation: { strokes: [[[0, 0]]], assertion: { challenge_id: 'c1', credential: answer } },
    })
    vi.unstubAllGlobals()
  })

  it('says what is missing when the person breaks off', async () => {
    authenticator(() => Promise.reject(new DOMException('no', 'NotAllowedError')))
    const { api, calls } = client([json(asked, 428)])
    await expect(api.request('/x', { method: 'POST', body: { confirmation: {} } })).rejects.toMatchObject({
      code: 'device_needed',
    })
    expect(calls).toHaveLength(1)
    vi.unstubAllGlobals()
  })
})
