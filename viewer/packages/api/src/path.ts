import type { paths } from './generated/openapi'

/** The names in braces of an address: `'layer' | 'id'` of `/api/spatial/{layer}/{id}`. */
type Names<P extends string> = P extends `${string}{${infer N}}${infer Rest}` ? N | Names<Rest> : never

/** An address of the server with its parts filled in and escaped. One that the server does not have fails the type check. */
export function pathOf<P extends keyof paths>(template: P, parts: Record<Names<P>, string>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parts[name as Names<P>]))
}
