import { pathOf, type Schema } from '@twin/api'
import { readKept, type Kept } from '../../kept'

export type CardRef = Schema<'CardRef'>

/** Every post card of the plant; `kept`: when a kept answer was fetched (the oldest of them), ms since 1970. */
export async function postCards(language: string): Promise<{ cards: CardRef[]; kept: number | undefined }> {
  const cards: CardRef[] = []
  let oldest: number | undefined
  let after: string | null = null
  do {
    const path: string = `${pathOf('/api/risk/cards', {})}?kind=post&limit=500${after ? `&after=${after}` : ''}`
    const { body, kept }: Kept<Schema<'CardPage'>> = await readKept<Schema<'CardPage'>>(path, language)
    cards.push(...body.items)
    if (kept !== undefined) oldest = Math.min(oldest ?? Infinity, kept)
    after = body.next
  } while (after)
  return { cards, kept: oldest }
}

/** Those of the reader's post, and the others by post and zone; with a word only those whose post or zone holds it. */
export function sorted(cards: readonly CardRef[], duty: string, word: string): { mine: CardRef[]; others: CardRef[] } {
  const low = word.trim().toLowerCase()
  const fits = (c: CardRef): boolean => [c.post, c.zone, c.zone_name].some((text) => text.toLowerCase().includes(low))
  const found = cards
    .filter(fits)
    .sort((a, b) => a.post.localeCompare(b.post, 'zh') || (a.zone < b.zone ? -1 : 1))
  return { mine: found.filter((c) => c.post === duty), others: found.filter((c) => c.post !== duty) }
}
