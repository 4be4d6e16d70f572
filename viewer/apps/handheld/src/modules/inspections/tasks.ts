import type { ApiClient, Schema } from '@twin/api'
import type { Task, TaskDetail } from './work'

/** How many tasks a handheld takes with it. */
const TAKEN = 40
const OPEN = ['waiting', 'overdue'] as const

/** My open tasks. Without a network the service worker answers with those that were read last. */
export async function openTasks(api: Pick<ApiClient, 'request'>): Promise<Task[]> {
  const pages = await Promise.all(
    OPEN.map((status) => api.request<Schema<'TaskPage'>>('/api/inspections/tasks', { query: { mine: true, status, limit: 200 } })),
  )
  return pages.flatMap((p) => p.items)
}

export const taskOf = (api: Pick<ApiClient, 'request'>, id: string): Promise<TaskDetail> =>
  api.request(`/api/inspections/tasks/${encodeURIComponent(id)}`)

/** Reads the checklists of what can be done now, one after another, so that they are there without a network. */
export async function takeAlong(api: Pick<ApiClient, 'request'>, tasks: readonly Task[], now: number): Promise<void> {
  for (const task of tasks.filter((t) => Date.parse(t.starts_at) - now < 24 * 3_600_000).slice(0, TAKEN)) await taskOf(api, task.id)
}
