import type { ApiClient } from '@twin/api'

interface Manifest {
  site?: string
  tileset?: string
  key?: string
  url?: string
  href?: string
}

/** Addresses of the site's 3D Tiles, from the server's list. */
export async function tilesetsOf(api: ApiClient, list: string, site: string): Promise<string[]> {
  const body = await api.request<Manifest[] | { tilesets?: Manifest[]; items?: Manifest[] }>(list)
  const manifests = Array.isArray(body) ? body : (body.tilesets ?? body.items ?? [])
  return manifests
    .filter((m) => m.site === undefined || m.site === site)
    .map((m) => m.url ?? m.href ?? `${list}/${m.site ?? site}/${m.tileset ?? m.key ?? ''}/tileset.json`)
}
