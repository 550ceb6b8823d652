import { byLabel, type Meter, type Reading } from '../telemetry/metrics.ts'
import type { HitCounts } from './hit-counts.ts'
import { cacheMetrics } from './metrics.ts'

/** A cache as its metrics have it. */
export interface CountedCache {
  readonly counts: HitCounts
  /** What it holds, about. */
  readonly bytes: number
  /** 0 for one that is off. */
  readonly bytesMax: number
}

/** Has caches read, each by its name, as the label `cache` has it. */
export function readCaches(meter: Meter, caches: Readonly<Record<string, CountedCache>>): void {
  const all = Object.entries(caches)
  const ofEach = (amountOf: (cache: CountedCache) => number) => () =>
    byLabel('cache', Object.fromEntries(all.map(([name, cache]) => [name, amountOf(cache)])))
  meter.read(cacheMetrics.requests, () =>
    all.flatMap(([cache, { counts }]): Reading<'cache' | 'result'>[] => [
      { labels: { cache, result: 'hit' }, value: counts.hits },
      { labels: { cache, result: 'miss' }, value: counts.misses },
    ]),
  )
  meter.read(
    cacheMetrics.bytes,
    ofEach(cache => cache.bytes),
  )
  meter.read(
    cacheMetrics.bytesLimit,
    ofEach(cache => cache.bytesMax),
  )
}
