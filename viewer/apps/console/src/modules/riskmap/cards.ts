import type { Schema } from '@twin/api'

export type CardKind = Schema<'CardOut'>['kind']
export const CARD_KINDS: readonly CardKind[] = ['emergency', 'knowledge', 'post']

/** A card as its form holds it: the lines of a section as one text. */
export interface CardDraft {
  title: string
  version: number
  sections: { heading: string; text: string }[]
  phones: { name: string; phone: string }[]
}

type Content = Pick<Schema<'CardOut'>, 'title' | 'sections' | 'phones'>
export type CardFault = 'empty' | 'phone' | 'lines' | 'line' | 'sections'

const lines = (text: string): string[] => text.split('\n').map((l) => l.trim()).filter(Boolean) // prettier-ignore

export const cardDraft = ({ title, sections, phones }: Content, version: number): CardDraft => ({
  title,
  version,
  sections: sections.map((part) => ({ heading: part.heading, text: part.lines.join('\n') })),
  phones: (phones ?? []).map(({ name, phone }) => ({ name, phone })),
})

export const cardBody = ({ title, version, sections, phones }: CardDraft): Schema<'CardIn'> => ({
  title: title.trim(),
  version,
  sections: sections.map(({ heading, text }) => ({ heading: heading.trim(), lines: lines(text) })),
  phones: phones.map(({ name, phone }) => ({ name: name.trim(), phone: phone.trim() })),
})

/** What the server would refuse, and what nobody could read, by field: `section.0`, `phone.1`. */
export function cardFaults(draft: CardDraft): Record<string, CardFault> {
  const body = cardBody(draft)
  const found: Record<string, CardFault> = {}
  if (!body.title) found['title'] = 'empty'
  if (body.sections.length === 0) found['sections'] = 'sections'
  body.sections.forEach((part, i) => {
    if (!part.heading || part.lines.length === 0) found[`section.${i}`] = 'empty'
    else if (part.lines.length > 30) found[`section.${i}`] = 'lines'
    else if (part.lines.some((line) => line.length > 500)) found[`section.${i}`] = 'line'
  })
  body.phones?.forEach((one, i) => {
    if (!/^[0-9+\- ]{3,24}$/.test(one.phone)) found[`phone.${i}`] = 'phone'
  })
  return found
}
