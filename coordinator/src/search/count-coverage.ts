import assert from 'node:assert/strict'
import { HypershardError } from '@hypershard/common'
import { StopReason } from '@hypershard/proto/shard'
import type { Manifest } from '@hypershard/segments'
import { eligibleByShard } from '../catalog/eligible-by-shard.ts'
import { coverageJson } from '../contract/search-answer.ts'
import type { FanOutOutcome, ShardAnswer } from './fan-out.ts'

/** A shard that was not searched whole, and why. */
export interface MissingShard {
  readonly shard: number
  readonly server: string
  readonly code: string
  readonly message: string
  readonly documentsMissing: number
}

/** How much of what should have been searched was searched. */
export interface Coverage {
  readonly documentsEligible: number
  readonly documentsScored: number
  /** Scored of eligible, 0 to 1; 1 for an empty index, and never 1 while a document is missing. */
  readonly ratio: number
  readonly nonFiniteScores: number
  /** By shard, ascending. */
  readonly missing: readonly MissingShard[]
}

/**
 * Counts from the manifest, never from what a server says of itself: what it claims beyond the manifest's count is cut,
 * and a shard that says "complete" with fewer documents than the manifest has counts as missing the rest.
 */
export function countCoverage(manifest: Manifest, { answers, failures }: FanOutOutcome): Coverage {
  const missing: MissingShard[] = []
  const total = { eligible: 0, scored: 0, nonFinite: 0 }
  for (const [shard, eligible] of eligibleByShard(manifest).entries()) {
    if (eligible === 0) continue
    const answer = answers.get(shard)
    const scored = Math.min(answer?.documentsScored ?? 0, eligible)
    total.eligible += eligible
    total.scored += scored
    total.nonFinite += Math.min(answer?.nonFiniteScores ?? 0, scored)
    if (scored === eligible) continue
    const cause = answer === undefined ? failures.get(shard) : shortfallOf(answer, scored, eligible)
    assert(cause !== undefined, 'fanOut gives every shard of the route an answer or a failure')
    const { server, code, message } = cause
    missing.push({ shard, server, code, message, documentsMissing: eligible - scored })
  }
  const ratio = total.eligible === 0 ? 1 : total.scored / total.eligible
  const counts = { documentsEligible: total.eligible, documentsScored: total.scored }
  return { ...counts, ratio, nonFiniteScores: total.nonFinite, missing }
}

/** @throws HypershardError `insufficient_coverage`, naming every missing shard, its server and the cause */
export function requireCoverage(coverage: Coverage, minCoverage: number): void {
  if (coverage.ratio >= minCoverage) return
  const { documentsEligible, documentsScored, missing } = coverage
  const shards = missing.map(({ shard, server, code }) => `shard ${shard} on ${server} (${code})`)
  const message =
    `${documentsScored} of ${documentsEligible} documents could be scored, min_coverage is ${minCoverage}; ` +
    `missing: ${shards.join(', ')}; try again, or accept less with a lower min_coverage`
  throw new HypershardError('insufficient_coverage', message, {
    details: { min_coverage: minCoverage, coverage: coverageJson(coverage) },
  })
}

function shortfallOf(answer: ShardAnswer, scored: number, eligible: number) {
  const server = answer.member.address
  const counts = `${scored} of ${eligible} documents of shard ${answer.shard} were scored`
  if (answer.stopReason === StopReason.STOP_REASON_DEADLINE) {
    return { server, code: 'deadline_exceeded', message: `${server}: ${counts} in time; allow a longer timeout_ms` }
  }
  if (answer.stopReason === StopReason.STOP_REASON_CANCELLED) {
    return { server, code: 'cancelled', message: `${server}: ${counts} before the search was cancelled` }
  }
  return { server, code: 'internal', message: `${server}: ${counts}, though it says it is done` }
}
