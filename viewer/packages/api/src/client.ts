import { assertion } from './device'
import { pathOf } from './path'
import type {
  CollectionInfo,
  CollectionPage,
  Config,
  ErrorBody,
  Feature,
  FeatureChange,
  FeaturePage,
  Login,
  Me,
  NewFeature,
} from './types'

/** An answer that is not a success. `code` is the server's own, or `network` / `http_<status>` where it gave none. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly params: Record<string, unknown> = {},
    readonly errors: NonNullable<ErrorBody['errors']> = [],
  ) {
    super(message)
    this.name = 'ApiError'
  }

  /** Nothing reached the server or nothing came back: worth trying again. */
  get unreachable(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504
  }
}

export interface ClientOptions {
  /** Origin and path in front of every address; the browser's own origin when empty. */
  base?: string
  /** Language of messages, asked for at each call. */
  language?: () => string
  fetch?: typeof fetch
  /** Called when the session is gone (401), except by sign-in itself. */
  onUnauthenticated?: () => void
}

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
  query?: Record<string, string | number | boolean | undefined>
}

const SAFE = new Set(['GET', 'HEAD'])

/** The body with the authenticator's confirmation that the server asks for (a signature without a password), else undefined. */
async function confirmed(error: ApiError, body: unknown): Promise<object | undefined> {
  if (error.code !== 'device_needed' || typeof body !== 'object' || body === null || !('confirmation' in body)) return undefined
  const given = await assertion(error.params)
  return given && { ...body, confirmation: { ...(body.confirmation as object), assertion: given } }
}

export class ApiClient {
  constructor(private readonly options: ClientOptions = {}) {}

  async request<T>(path: string, options: RequestOptions = {}): Promise<T> {
    const response = await this.send(path, options)
    return (response.status === 204 ? undefined : await response.json()) as T
  }

  /** An answer that is no JSON. */
  async bytes(path: string, options: RequestOptions = {}): Promise<Uint8Array> {
    const headers = { Accept: 'application/octet-stream', ...options.headers }
    return new Uint8Array(await (await this.send(path, { ...options, headers })).arrayBuffer())
  }

  private async send(path: string, options: RequestOptions): Promise<Response> {
    const method = options.method ?? 'GET'
    const headers: Record<string, string> = { Accept: 'application/json', ...options.headers }
    const language = this.options.language?.()
    if (language) headers['Accept-Language'] = language
    if (!SAFE.has(method)) headers['X-Twin'] = '1' // a form on another site cannot set this
    let body: BodyInit | undefined
    if (options.body instanceof FormData || options.body instanceof Blob) body = options.body
    else if (options.body !== undefined) {
      headers['Content-Type'] ??= 'application/json'
      body = JSON.stringify(options.body)
    }
    const init: RequestInit = { method, headers, credentials: 'same-origin' }
    if (body !== undefined) init.body = body
    if (options.signal) init.signal = options.signal
    let response: Response
    try {
      response = await (this.options.fetch ?? fetch)(this.address(path, options.query), init)
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error
      throw new ApiError(0, 'network', error instanceof Error ? error.message : String(error))
    }
    if (!response.ok) {
      const error = await toError(response)
      const again = await confirmed(error, options.body)
      if (again) return this.send(path, { ...options, body: again })
      if (error.status === 401 && !path.startsWith('/api/auth/login')) this.options.onUnauthenticated?.()
      throw error
    }
    return response
  }

  private address(path: string, query: RequestOptions['query']): string {
    const set = Object.entries(query ?? {}).filter((e): e is [string, string | number | boolean] => e[1] !== undefined)
    const text = set.map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(String(v))}`).join('&')
    return (this.options.base ?? '') + path + (text ? (path.includes('?') ? '&' : '?') + text : '')
  }

  config(signal?: AbortSignal): Promise<Config> {
    return this.request(pathOf('/api/config', {}), signal ? { signal } : {})
  }

  me(): Promise<Me> {
    return this.request(pathOf('/api/auth/me', {}))
  }

  login(username: string, password: string): Promise<Me> {
    const body: Login = { username, password }
    return this.request(pathOf('/api/auth/login', {}), { method: 'POST', body })
  }

  logout(): Promise<void> {
    return this.request(pathOf('/api/auth/logout', {}), { method: 'POST' })
  }

  async collections(): Promise<CollectionInfo[]> {
    return (await this.request<CollectionPage>(pathOf('/ogc/collections', {}))).collections
  }

  /** Every item of a layer, page after page. */
  async items(layer: string, query: RequestOptions['query'] = {}, signal?: AbortSignal): Promise<Feature[]> {
    const all: Feature[] = []
    let path: string | undefined = pathOf('/ogc/collections/{layer}/items', { layer })
    let params: RequestOptions['query'] = { limit: 1000, ...query }
    while (path) {
      const headers = { Accept: 'application/geo+json' }
      const page: FeaturePage = await this.request(path, { query: params, headers, ...(signal && { signal }) })
      all.push(...page.features)
      const next = page.links.find((l) => l.rel === 'next')?.href
      path = next === undefined ? undefined : samePath(next)
      params = {} // a next link carries its own
    }
    return all
  }

  item(layer: string, id: string): Promise<Feature> {
    return this.request(pathOf('/ogc/collections/{layer}/items/{id}', { layer, id }))
  }

  createFeature(layer: string, feature: NewFeature): Promise<Feature> {
    return this.request(pathOf('/api/spatial/{layer}', { layer }), { method: 'POST', body: feature })
  }

  /** Changes part of a feature. A stale `version` is refused with 409 `conflict`. */
  patchFeature(layer: string, id: string, version: number, change: FeatureChange): Promise<Feature> {
    return this.request(pathOf('/api/spatial/{layer}/{id}', { layer, id }), {
      method: 'PATCH',
      body: change,
      headers: { 'If-Match': `"${version}"` },
    })
  }

  deleteFeature(layer: string, id: string, version: number): Promise<void> {
    return this.request(pathOf('/api/spatial/{layer}/{id}', { layer, id }), {
      method: 'DELETE',
      headers: { 'If-Match': `"${version}"` },
    })
  }
}

/** Links may name the server as it sees itself (behind a proxy: wrongly); only their path and query are followed. */
function samePath(href: string): string {
  const url = new URL(href, 'http://local.invalid')
  return url.pathname + url.search
}

async function toError(response: Response): Promise<ApiError> {
  let body: Partial<ErrorBody> = {}
  try {
    body = (await response.json()) as Partial<ErrorBody>
  } catch {
    // a proxy's HTML page, or nothing
  }
  return new ApiError(
    response.status,
    body.code ?? `http_${response.status}`,
    body.message ?? `${response.status} ${response.statusText}`.trim(),
    body.params ?? {},
    body.errors ?? [],
  )
}
