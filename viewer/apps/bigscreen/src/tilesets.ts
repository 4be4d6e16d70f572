import type { ApiClient, Tileset } from '@twin/api'

/** Addresses of the site's 3D Tiles, from the server's list. */
export async function tilesetsOf(api: ApiClient, list: string, site: string): Promise<string[]> {
  const tilesets = await api.request<Tileset[]>(list)
  return tilesets.filter((one) => one.site === site).map((one) => one.url)
}
