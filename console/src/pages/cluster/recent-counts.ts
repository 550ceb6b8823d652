/** Counters that only grow, as they were at one moment. */
export interface CountsAt<Name extends string> {
  readonly atMs: number
  readonly counts: Readonly<Record<Name, number>>
}

/** How far back is counted. */
export const recentMs = 60_000

/** What was known before, what is known now, and no more than it takes to count the last minute. */
export function withCounts<Name extends string>(
  known: readonly CountsAt<Name>[],
  newest: CountsAt<Name>,
): readonly CountsAt<Name>[] {
  const names = Object.keys(newest.counts) as Name[]
  // A coordinator that was started again counts from nothing.
  const restarted = names.some(name => newest.counts[name] < (known.at(-1)?.counts[name] ?? 0))
  const all = restarted ? [newest] : [...known, newest]
  const inside = all.findIndex(({ atMs }) => atMs > newest.atMs - recentMs)
  return all.slice(Math.max(0, inside - 1))
}

/** How much each grew in the last minute, or since it is looked at. */
export function recentCounts<Name extends string>(known: readonly CountsAt<Name>[]): Record<Name, number> | undefined {
  const [first, last] = [known[0], known.at(-1)]
  if (first === undefined || last === undefined || first === last) return undefined
  const names = Object.keys(last.counts) as Name[]
  return Object.fromEntries(names.map(name => [name, last.counts[name] - first.counts[name]])) as Record<Name, number>
}
