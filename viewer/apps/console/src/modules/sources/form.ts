/** A field of a kind's settings, read from its JSON Schema. */
export interface Field {
  name: string
  title: string
  type: 'text' | 'number' | 'check' | 'choice' | 'lines' | 'json'
  secret: boolean
  required: boolean
  integer: boolean
  optional: boolean
  min?: number | undefined
  max?: number | undefined
  choices: { value: string | number; text: string }[]
  standard: unknown
}

interface Schema {
  properties?: Record<string, Property>
  required?: string[]
}
interface Property {
  title?: string
  type?: string
  enum?: (string | number)[]
  'x-names'?: Record<string, string>
  const?: string | number
  anyOf?: Property[]
  items?: { type?: string }
  default?: unknown
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  writeOnly?: boolean
}

/** The fields of a form in the schema's order; what has no simple field is edited as JSON. */
export function fieldsOf(form: unknown): Field[] {
  const schema = form as Schema
  return Object.entries(schema.properties ?? {}).map(([name, given]) => {
    const optional = given.anyOf?.some((p) => p.type === 'null') ?? false
    const property: Property = { ...given, ...(given.anyOf?.find((p) => p.type !== 'null') ?? {}), title: given.title ?? name }
    const { type } = property
    const number = type === 'number' || type === 'integer'
    const lines = type === 'array' && property.items?.type === 'string'
    return {
      name,
      title: given.title ?? name,
      type: property.enum ? 'choice' : number ? 'number' : type === 'boolean' ? 'check' : type === 'string' ? 'text' : lines ? 'lines' : 'json',
      secret: given.writeOnly ?? false,
      required: schema.required?.includes(name) ?? false,
      integer: type === 'integer',
      optional,
      min: property.minimum ?? property.exclusiveMinimum,
      max: property.maximum,
      choices: (property.enum ?? []).map((c) => ({ value: c, text: given['x-names']?.[c] ?? String(c) })),
      standard: given.default,
    }
  })
}

/** What stands in the form's boxes: text, or true and false. */
export type Draft = Record<string, string | boolean>

export function draftOf(fields: readonly Field[], settings: Record<string, unknown>): Draft {
  return Object.fromEntries(
    fields.map((f) => {
      const value = f.secret ? '' : (settings[f.name] ?? f.standard ?? (f.type === 'check' ? false : ''))
      if (f.type === 'check') return [f.name, value === true]
      if (f.type === 'lines') return [f.name, Array.isArray(value) ? value.join('\n') : '']
      if (f.type === 'json') return [f.name, value === '' ? '' : JSON.stringify(value, null, 1)]
      return [f.name, value === null ? '' : String(value)]
    }),
  )
}

/** The settings that the form says. An empty secret is left out: the stored one stays. Throws SyntaxError on JSON that is none. */
export function settingsOf(fields: readonly Field[], draft: Draft): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const f of fields) {
    const value = draft[f.name] ?? ''
    if (typeof value === 'boolean') out[f.name] = value
    else if (value.trim() === '' && f.type !== 'lines') {
      if (f.secret) continue
      if (f.optional) out[f.name] = null
      else if (f.type === 'text' && f.standard !== undefined) out[f.name] = ''
    } else if (f.type === 'number') out[f.name] = Number(value)
    else if (f.type === 'choice') out[f.name] = f.choices.find((c) => String(c.value) === value)?.value ?? value
    else if (f.type === 'lines') out[f.name] = value.split('\n').map((l) => l.trim()).filter(Boolean)
    else if (f.type === 'json') out[f.name] = JSON.parse(value) as unknown
    else out[f.name] = value
  }
  return out
}

export type Health = 'stopped' | 'live' | 'lost' | 'starting'
/** How a source fares, for the eye. */
export function healthOf(source: { enabled: boolean; connected: boolean; at: string | null; error: string }): Health {
  if (!source.enabled) return 'stopped'
  if (source.connected) return 'live'
  return source.error || source.at ? 'lost' : 'starting'
}
