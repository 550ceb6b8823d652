import type { SearchProfile } from '@hypershard/contract'

/** A stretch of time of a search. */
export interface Span {
  readonly label: string
  readonly part: string
  readonly beginMs: number
  readonly ms: number
}

export interface TimelineRow {
  readonly title: string
  /** What else there is to know, for who looks closer. */
  readonly facts: string
  readonly spans: readonly Span[]
  /** Whether the shard was asked of another server too, or was not searched to its end. */
  readonly flagged: boolean
}

export interface Timeline {
  readonly totalMs: number
  readonly rows: readonly TimelineRow[]
}

/** What each colour stands for, in the order of the work on a shard. */
export const spanParts = [
  { label: 'encoding, merging, texts', part: 'part-6' },
  { label: 'waiting its turn', part: 'part-2' },
  { label: 'making the q-net', part: 'part-3' },
  { label: 'scoring', part: 'part-1' },
  { label: 'on the way', part: 'part-4' },
  { label: 'reranking', part: 'part-5' },
] as const

/**
 * A search on one axis of time: first the query is encoded, then all shards are asked at once, then hits are merged and
 * their texts fetched. Within a shard only durations are known; they stand in the order in which the work is done, and what
 * went on the way is put behind them.
 */
export function timelineOf(profile: SearchProfile, tookMs: number): Timeline {
  const { encode_ms, fan_out_ms, merge_ms, fetch_ms, rerank_ms = 0, highlight_ms = 0 } = profile
  const coordinator = inTurn(0, [
    ['encode', 'part-6', encode_ms],
    ['fan out', 'part-4', fan_out_ms],
    ['merge', 'part-6', merge_ms],
    ['fetch texts', 'part-6', fetch_ms],
    ['rerank', 'part-5', rerank_ms],
    ['highlight', 'part-6', highlight_ms],
  ])
  const shards = profile.shards.map(shard => ({
    title: `shard ${shard.shard}`,
    facts: factsOf(shard),
    flagged: shard.attempts > 1 || shard.stop_reason !== 'complete',
    spans: inTurn(encode_ms, [
      ['queue', 'part-2', shard.queue_ms],
      ['make the q-net', 'part-3', shard.head_ms],
      ['score', 'part-1', shard.score_ms],
      ['on the way', 'part-4', shard.ship_ms],
    ]),
  }))
  const rows = [{ title: 'coordinator', facts: '', flagged: false, spans: coordinator }, ...shards]
  const ends = rows.flatMap(({ spans }) => spans.map(({ beginMs, ms }) => beginMs + ms))
  return { totalMs: Math.max(tookMs, ...ends), rows }
}

function factsOf(shard: SearchProfile['shards'][number]): string {
  const { server, plan, attempts, hedged, won_by, stop_reason, documents_scored } = shard
  const calls =
    attempts > 1
      ? `, ${attempts} calls${hedged ? ', one because another was late' : ''}, answered by the ${won_by}`
      : ''
  const stopped = stop_reason === 'complete' ? '' : `, ended by ${stop_reason}`
  return `${server}, ${plan}, ${documents_scored} scored${calls}${stopped}`
}

function inTurn(fromMs: number, stages: readonly (readonly [label: string, part: string, ms: number])[]): Span[] {
  let beginMs = fromMs
  const spans: Span[] = []
  for (const [label, part, ms] of stages) {
    if (ms > 0) spans.push({ label, part, beginMs, ms })
    beginMs += ms
  }
  return spans
}

/** Where marks stand on an axis of time: at most eight, at whole numbers. */
export function axisMarks(totalMs: number): number[] {
  if (!(totalMs > 0)) return [0]
  const rough = totalMs / 6
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find(factor => factor * power >= rough) ?? 10) * power
  return Array.from({ length: Math.floor(totalMs / step) + 1 }, (_, at) => at * step)
}
