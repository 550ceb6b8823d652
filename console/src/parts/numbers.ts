/** Numbers as people read them; the console speaks English. */

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** `1536` is `1.5 KiB`. */
export function toldBytes(bytes: number): string {
  const at = Math.min(units.length - 1, bytes < 1_024 ? 0 : Math.floor(Math.log(bytes) / Math.log(1_024)))
  return `${(bytes / 1_024 ** at).toLocaleString('en', { maximumFractionDigits: at === 0 ? 0 : 1 })} ${units[at]}`
}

/** `0.8342` is `0.83 ms`, `2500` is `2.5 s`. */
export function toldMs(ms: number): string {
  if (ms >= 60_000) return toldSeconds(ms / 1_000)
  if (ms >= 1_000) return `${(ms / 1_000).toLocaleString('en', { maximumFractionDigits: 2 })} s`
  return `${ms.toLocaleString('en', { maximumSignificantDigits: ms < 100 ? 2 : 3 })} ms`
}

/** `3700` is `1 h 2 min`. */
export function toldSeconds(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`
}

/** `1234567` is `1,234,567`. */
export function toldCount(count: number): string {
  return count.toLocaleString('en')
}

/** `0.9876` is `98.8 %`; only all is `100 %`. */
export function toldShare(share: number): string {
  const percent = share < 1 ? Math.min(99.9, share * 100) : 100
  return `${percent.toLocaleString('en', { maximumFractionDigits: 1 })} %`
}

/** A score, as long as it takes to tell hits apart; null was NaN or infinite. */
export function toldScore(score: number | null): string {
  return score === null
    ? 'not finite'
    : score.toLocaleString('en', { minimumFractionDigits: 4, maximumFractionDigits: 4 })
}
