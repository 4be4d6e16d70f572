import type { Schema } from '@twin/api'
import { reactive } from 'vue'
import type { LivePhoto } from '../../live'

export type Task = Schema<'TaskOut'>
export type TaskDetail = Schema<'TaskDetail'>
export type Item = Schema<'ItemOut'>

export interface Result {
  /** 0 normal, 1 hazard, 2 not checked */
  result: 0 | 1 | 2 | undefined
  reading: string
  note: string
  photos: LivePhoto[]
}

/** What has been done of a task on this device. It is kept at every change; the id makes handing it in twice harmless. */
export interface Work {
  client_id: string
  task_id: string
  name: string
  results: Record<string, Result>
  checkins: { tag: string; lon: number; lat: number; at: string }[]
  /** when it was finished without a network; then it waits to be handed in */
  at?: string
  fault?: string
}

const key = (account: string): string => `twin.inspections.${account}`

/** Everything that this account has begun on this device, by task. */
export function loadWork(account: string): Record<string, Work> {
  try {
    return reactive(JSON.parse(localStorage.getItem(key(account)) ?? '{}') as Record<string, Work>)
  } catch {
    return reactive({})
  }
}
export function saveWork(account: string, work: Record<string, Work>): void {
  localStorage.setItem(key(account), JSON.stringify(work))
}

export const forgetWork = (all: Record<string, Work>, task: string): boolean => Reflect.deleteProperty(all, task)

export function workOf(all: Record<string, Work>, task: Pick<TaskDetail, 'id' | 'plan_name' | 'items'>): Work {
  const work = (all[task.id] ??= { client_id: crypto.randomUUID(), task_id: task.id, name: task.plan_name, results: {}, checkins: [] })
  for (const item of task.items) work.results[item.id] ??= { result: undefined, reading: '', note: '', photos: [] }
  return all[task.id] ?? work
}

export const hasLimits = (item: Pick<Item, 'low' | 'high'>): boolean => (item.low ?? null) !== null || (item.high ?? null) !== null
const figure = (text: string): number | undefined => (text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined)

export function outside(item: Pick<Item, 'low' | 'high'>, text: string): boolean {
  const value = figure(text)
  return value !== undefined && ((item.low ?? -Infinity) > value || (item.high ?? Infinity) < value)
}

/** Whether the server would take this line. */
export function complete(item: Pick<Item, 'low' | 'high'>, line: Result | undefined): boolean {
  if (line?.result === undefined) return false
  if (line.result !== 0 && line.note.trim() === '') return false
  if (hasLimits(item) && line.result !== 2 && figure(line.reading) === undefined) return false
  return !(line.result === 0 && outside(item, line.reading))
}

/** What is handed in: the lines of the checklist as it is now. */
export function bodyOf(work: Work, items: readonly Pick<Item, 'id'>[]) {
  return {
    client_id: work.client_id,
    ...(work.at && { at: work.at }),
    results: items.flatMap(({ id }) => {
      const line = work.results[id]
      if (line?.result === undefined) return []
      const reading = figure(line.reading)
      return [{ item_id: id, result: line.result, ...(reading !== undefined && { reading }), note: line.note.trim(), photos: line.photos.map((p) => p.id) }]
    }),
    checkins: work.checkins,
  }
}

export type Mark = 'waiting' | 'later' | 'soon' | 'overdue' | 'done' | 'suspended'
const HOUR = 3_600_000

/** How urgent a task is. */
export function markOf(task: Pick<Task, 'status' | 'starts_at' | 'due_at'>, now: number): Mark {
  if (task.status === 'done' || task.status === 'suspended') return task.status
  if (task.status === 'overdue' || Date.parse(task.due_at) <= now) return 'overdue'
  if (Date.parse(task.starts_at) > now) return 'later'
  return Date.parse(task.due_at) - now < HOUR ? 'soon' : 'waiting'
}

const ORDER: Record<Mark, number> = { overdue: 0, soon: 1, waiting: 2, later: 3, suspended: 4, done: 5 }
export const byUrgency = (now: number) => (a: Task, b: Task): number =>
  ORDER[markOf(a, now)] - ORDER[markOf(b, now)] || Date.parse(a.due_at) - Date.parse(b.due_at)
