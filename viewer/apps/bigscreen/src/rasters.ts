import { pathOf, type ApiClient } from '@twin/api'
import type { RasterCard, RasterKind, RasterSource } from '@twin/scene'

/** The rasters that the server cuts of a site's zones and objects. */
export function rastersOf(api: ApiClient, site: string): RasterSource {
  return {
    card: (kind: RasterKind) =>
      api.request<RasterCard>(pathOf('/tiles3d/{site}/rasters/{layer}', { site, layer: kind })),
    texels: (url: string) => api.bytes(url),
  }
}
