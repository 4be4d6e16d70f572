/** Shapes of the server's answers (ARCHITECTURE.md, HTTP contract). */

export type Position = [number, number] | [number, number, number]

export type Geometry =
  | { type: 'Point'; coordinates: Position }
  | { type: 'LineString'; coordinates: Position[] }
  | { type: 'Polygon'; coordinates: Position[][] }
  | { type: 'MultiPolygon'; coordinates: Position[][][] }
  | { type: 'MultiLineString'; coordinates: Position[][] }

export interface CommonProperties {
  code: string
  name: string
  name_en?: string | null
  note?: string | null
  version?: number
  updated_at?: string
  [key: string]: unknown
}

/** A feature of a layer: EPSG:4326, z = ellipsoidal height in metres. */
export interface Feature<P extends CommonProperties = CommonProperties> {
  type: 'Feature'
  id: string
  geometry: Geometry
  properties: P
}

export interface FeaturePage {
  type: 'FeatureCollection'
  features: Feature[]
  links?: { rel: string; href: string }[]
  numberReturned?: number
}

export interface View {
  key: string
  name: string
  name_en: string
  lon: number
  lat: number
  /** metres above the ellipsoid */
  height: number
  /** degrees clockwise from north */
  heading: number
  /** degrees, negative looks down */
  pitch: number
}

export interface Config {
  site: {
    code: string
    name: string
    name_en: string
    center: [number, number, number]
    crs: string
    timezone: string
    bounds: [number, number, number, number]
  }
  hub: string
  tilesets: string
  views: View[]
  version: string
  languages: string[]
  demo: boolean
}

export interface Me {
  id: string
  username: string
  name: string
  roles: string[]
  scopes: string[]
  enterprise: { id: string; code: string; name: string }
  language: string
}

export interface CollectionInfo {
  id: string
  title?: string
  description?: string
  [key: string]: unknown
}

export interface ErrorBody {
  code: string
  message: string
  params?: Record<string, unknown>
  errors?: { where: string; message: string }[]
}
