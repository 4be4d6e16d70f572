/**
 * Shapes of the server's answers, by the names that the apps use. All come from the generated contract; where the server
 * says only "an object" (GeoJSON, layer properties), `Refine` says more and still breaks when the server's field goes or changes.
 */
import type { components, paths } from './generated/openapi'

type Schemas = components['schemas']
type Json<A> = A extends { content: { 'application/json': infer T } } ? T : never
type GeoJson<A> = A extends { content: { 'application/geo+json': infer T } } ? T : never
type Refine<T, R extends { [K in keyof R]: K extends keyof T ? T[K] : never }> = Omit<T, keyof R> & R

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
export type Feature<P extends CommonProperties = CommonProperties> = Refine<
  Schemas['FeatureOut'],
  { geometry: Geometry; properties: P }
>
export type NewFeature = Refine<Schemas['FeatureIn'], { geometry: Geometry }>
/** What is left out stays. The version that it is based on goes into `If-Match`. */
export type FeatureChange = Refine<Omit<Schemas['FeatureChange'], 'version'>, { geometry?: Geometry }>
export type HistoryEntry = Refine<Schemas['HistoryEntry'], { feature: Feature }>
export type History = Refine<Schemas['HistoryOut'], { items: HistoryEntry[] }>

type Items = paths['/ogc/collections/{layer}/items']['get']['responses'][200]
export type FeaturePage = Refine<GeoJson<Items>, { features: Feature[] }>
type Collections = paths['/ogc/collections']['get']['responses'][200]
export type CollectionPage = Json<Collections>
export type CollectionInfo = CollectionPage['collections'][number]

/** A saved camera view: `height` in metres above the ellipsoid, `heading` clockwise from north, a negative `pitch` looks down. */
export type View = Schemas['ViewOut']
/** The site's frame: `center` in degrees and metres, `bounds` west, south, east, north. */
export type Site = Schemas['SiteOut']
/** `site` is null before one is loaded. */
export type Config = Schemas['ConfigOut']
export type Login = Schemas['Login']
export type Me = Schemas['Me']
export type ErrorBody = Schemas['Problem']

export type ImportPlan = Schemas['ImportOut']
export type InboxPage = Schemas['InboxPage']
export type Notification = Schemas['Notification']
/** Which notifications to mark; without `ids` all of them. */
export type Mark = Schemas['Mark']
export type AuditPage = Schemas['AuditPage']
export type AuditRow = Schemas['AuditRow']
export type Tileset = Schemas['TilesetOut']
export type Latest = Schemas['Latest']
export type Trend = Schemas['Trend']
/** Any shape of the contract by its own name. */
export type Schema<K extends keyof Schemas> = Schemas[K]
export type AlarmStatistics = Json<paths['/api/alarms/statistics']['get']['responses'][200]>
export type AlarmAnalysis = Json<paths['/api/alarms/analysis']['get']['responses'][200]>
export type AlarmCamera = Json<paths['/api/alarms/{id}/cameras']['get']['responses'][200]>[number]
export type FieldSource = Json<paths['/api/sources']['get']['responses'][200]>[number]
