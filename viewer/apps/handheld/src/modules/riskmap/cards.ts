import { pathOf, type Schema } from '@twin/api'

export type CardRef = Schema<'CardRef'>

/** Every post card of the plant; `kept`: when a kept answer was fetched (the oldest of them), ms since 1970. */
export async function postCards(language: string): Promise<{ cards: CardRef[]; kept: number | undefined }> {
  const cards: CardRef[] = []
  let kept: number | undefined
  let after: string | null = null
  do {
    // not by the client of the API: the age of a kept answer stands in its head
    const response: Response = await fetch(`${pathOf('/api/risk/cards', {})}?kind=post&limit=500${after ? `&after=${after}` : ''}`, {
      headers: { Accept: 'application/json', 'Accept-Language': language },
      credentials: 'same-origin',
    })
    const page = (await response.json()) as Schema<'CardPage'> & { message?: string }
    if (!response.ok) throw new Error(page.message ?? String(response.status))
    cards.push(...page.items)
    const stamp = response.headers.get('x-kept')
    if (stamp) kept = Math.min(kept ?? Infinity, Date.parse(stamp))
    after = page.next
  } while (after)
  return { cards, kept }
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
