import { newsOfKey } from '../news/news-of-key.ts'

/** What the object under a key is to whoever wants to be the first to create it. */
export function objectOfKey(key: string): 'manifest' | 'log' | 'names' | 'state' | 'index' | 'snapshot' | 'other' {
  const kind = newsOfKey(key)?.kind
  if (kind === 'generation') return 'state'
  if (kind !== undefined) return kind
  return /^indexes\/[^/]+\/snapshots\//.test(key) ? 'snapshot' : 'other'
}
