import { reactive } from 'vue'

/** Code lists that have versions: possible accidents of the risk register, criteria of major hazards. */
export const LISTS = {
  types: { versions: '/api/risks/dictionaries', add: '/api/risks/dictionaries', scope: 'risk:write', more: { name: 'accident_types' } },
  criteria: { versions: '/api/hazards/criteria/versions', add: '/api/hazards/criteria', scope: 'hazard:assign', more: {} },
} as const
export type ListKind = keyof typeof LISTS

export interface ListVersion {
  name?: string
  version: string
  effective_from: string
  in_force: boolean
  items: string[][]
}
/** Code, Chinese, English. */
export type CodeRow = [string, string, string]
export interface ListDraft {
  version: string
  effective_from: string
  rows: CodeRow[]
}

/** What was typed stays while the console is open, also when its form was closed. */
export const kept = reactive<Record<ListKind, ListDraft | undefined>>({ types: undefined, criteria: undefined })

const three = (cells: readonly string[]): CodeRow => [cells[0]?.trim() ?? '', cells[1]?.trim() ?? '', cells[2]?.trim() ?? '']
export const rowsFrom = (items: readonly (readonly string[])[]): CodeRow[] => items.map(three)

/** Cells as a spreadsheet copies them: a line a row, tabs between; undefined for plain text, which is pasted as ever. */
export function pasted(text: string): CodeRow[] | undefined {
  if (!/[\t\n]/.test(text.trim())) return undefined
  return text.split(/\r?\n/).filter((line) => line.trim()).map((line) => three(line.split('\t'))) // prettier-ignore
}

export type RowFault = 'empty' | 'form' | 'twice' | 'long'
/** Faults by row, as the server would find them. */
export function faultsInRows(rows: readonly CodeRow[]): Map<number, RowFault> {
  const found = new Map<number, RowFault>()
  const seen = new Set<string>()
  rows.forEach(([code, zh, en], at) => {
    if (![code, zh, en].every((cell) => cell.trim())) found.set(at, 'empty')
    else if (!/^[\p{L}\p{N}_-]{1,20}$/u.test(code.trim())) found.set(at, 'form')
    else if (seen.has(code.trim())) found.set(at, 'twice')
    else if (zh.trim().length > 300 || en.trim().length > 300) found.set(at, 'long')
    seen.add(code.trim())
  })
  return found
}
