const grouped = new Intl.NumberFormat('en-US')

/** `1,402` */
export function formatCount(count: number): string {
  return grouped.format(count)
}

/** `1 document`, `1,402 documents` */
export function formatCountOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`
}

/** `9.8 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`: two significant parts. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** `14.2 MB`, in powers of ten as disks and networks are sold. */
export function formatBytes(bytes: number): string {
  const units = ['kB', 'MB', 'GB', 'TB']
  if (bytes < 1_000) return `${bytes} B`
  const power = Math.min(units.length, Math.floor(Math.log10(bytes) / 3))
  return `${(bytes / 1_000 ** power).toFixed(1)} ${units[power - 1]}`
}

/** A share between 0 and 1 as `99.7 %`; never 100 % for anything less than all. */
export function formatShare(share: number): string {
  if (share === 1) return '100 %'
  return `${(Math.floor(share * 1_000) / 10).toFixed(1)} %`
}

/** `312/s`, with a decimal below ten. */
export function formatRate(perSecond: number): string {
  return perSecond < 10 ? `${perSecond.toFixed(1)}/s` : `${formatCount(Math.round(perSecond))}/s`
}

/** A relevance score; scores that were not finite come as null. */
export function formatScore(score: number | null): string {
  if (score === null) return 'n/a'
  const size = Math.abs(score)
  return size === 0 || (size >= 0.001 && size < 100_000) ? score.toFixed(4) : score.toExponential(3)
}
