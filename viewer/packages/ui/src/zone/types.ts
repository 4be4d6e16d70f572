/** What the shared parts of a zone's sheet need to know; the server's answers have more. */
export interface ZoneFact {
  kind: string
  key: string
  since: string | null
  until: string | null
  attributes: Record<string, unknown>
}

export interface ZoneCause {
  rule: string
  title: string
  since: string
  total: number
  facts: readonly ZoneFact[]
}

export interface ZoneNow {
  level: number
  own: number
  static: number | null
  child: string | null
  override: boolean
  since: string
  causes: readonly ZoneCause[]
}

export interface ZoneCard {
  kind: string
  post: string
  title: string
  sections: readonly { heading: string; lines: readonly string[] }[]
  phones?: readonly { name: string; phone: string }[]
}
