/** How often something was in a cache, and how often not. */
export class HitCounts {
  hits = 0
  misses = 0

  /** Counts what was looked for. @returns what was found */
  note<Found>(found: Found | undefined): Found | undefined {
    if (found === undefined) this.misses++
    else this.hits++
    return found
  }
}
