/**
 * The API key of this tab. It is in memory, or if its user says so in the tab's session storage, which a reload keeps and
 * the end of the tab deletes. It is never in a link, a cookie or the storage that all tabs share.
 */
const storedAs = 'hypershard-key'

export function storedKey(): string | undefined {
  try {
    return sessionStorage.getItem(storedAs) ?? undefined
  } catch {
    return undefined
  }
}

/** @param key undefined forgets it */
export function storeKey(key: string | undefined): void {
  try {
    if (key === undefined) sessionStorage.removeItem(storedAs)
    else sessionStorage.setItem(storedAs, key)
  } catch {
    // A browser that stores nothing: it is asked for again after a reload.
  }
}
