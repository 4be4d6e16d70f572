/** A GET whose answer may be an earlier one: the service worker stamps what it kept with the time of its fetch. */
export interface Kept<T> {
  body: T
  /** when it was fetched, ms since 1970; undefined for a fresh one */
  kept: number | undefined
}

/** Not by the client of the API: the age of a kept answer stands in its head. Throws the server's words. */
export async function readKept<T>(path: string, language: string): Promise<Kept<T>> {
  const response = await fetch(path, {
    headers: { Accept: 'application/json', 'Accept-Language': language },
    credentials: 'same-origin',
  })
  const body = (await response.json()) as T & { message?: string }
  if (!response.ok) throw new Error(body.message ?? String(response.status))
  const stamp = response.headers.get('x-kept')
  return { body, kept: stamp ? Date.parse(stamp) : undefined }
}
