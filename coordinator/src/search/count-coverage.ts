import assert from 'node:assert/strict'
import { addScanCounts, HypershardError, nothingScanned, type ScanCounts } from '@hypershard/common'
import { StopReason } from '@hypershard/proto/shard'
import type { Manifest } from '@hypershard/storage'
import { coverageJson } from '../answers/coverage-json.ts'
import { eligibleByShard } from '../catalog/eligible-by-shard.ts'
import type { Coverage, MissingShard } from './coverage.ts'
import type { FanOutOutcome } from './fan-out-request.ts'
import type { ShardAnswer } from './shard-answer.ts'

/**
 * Counts from the manifest, never from what a server says of itself: what it claims beyond the manifest's count is cut,
 * and a shard that says "complete" with fewer documents than the manifest has counts as missing the rest. How many pass a
 * filter only the server knows; of a shard that searched a part of those the same part of its documents is covered.
 */
export function countCoverage(
  manifest: Manifest,
  { answers, failures }: Pick<FanOutOutcome, 'answers' | 'failures'>,
  filtered: boolean,
): Coverage {
  const missing: MissingShard[] = []
  const total = { eligible: 0, matched: 0, covered: 0, nonFinite: 0 }
  let counts = nothingScanned
  for (const [shard, eligible] of eligibleByShard(manifest).entries()) {
    if (eligible === 0) continue
    const answer = answers.get(shard)
    const { matched, looked, covered } = lookedAt(answer, eligible, filtered)
    total.eligible += eligible
    total.matched += matched
    total.covered += covered
    total.nonFinite += Math.min(answer?.nonFiniteScores ?? 0, looked.documentsScored)
    counts = addScanCounts(counts, looked)
    if (covered === eligible) continue
    const cause = answer === undefined ? failures.get(shard) : shortfallOf(answer, covered, eligible)
    assert(cause !== undefined, 'fanOut gives every shard of the route an answer or a failure')
    const { server, code, message } = cause
    missing.push({ shard, server, code, message, documentsMissing: eligible - covered })
  }
  const ratio = total.eligible === 0 ? 1 : total.covered / total.eligible
  return {
    documentsEligible: total.eligible,
    documentsMatched: total.matched,
    documentsCovered: total.covered,
    ...counts,
    ratio,
    nonFiniteScores: total.nonFinite,
    missing,
  }
}

/** Documents of a shard that an answer covers, by the rules of `countCoverage`. */
export function documentsCovered(answer: ShardAnswer | undefined, eligible: number, filtered: boolean): number {
  return eligible === 0 ? 0 : lookedAt(answer, eligible, filtered).covered
}

function lookedAt(answer: ShardAnswer | undefined, eligible: number, filtered: boolean) {
  const matched = filtered ? Math.min(answer?.documentsMatched ?? 0, eligible) : eligible
  const looked = cutTo(matched, answer ?? nothingScanned)
  return { matched, looked, covered: coveredOf(eligible, { matched, searched: searchedOf(looked), answer }) }
}

/** No more of a shard was looked at than it has; what was walked was not scanned. */
function cutTo(matched: number, said: ScanCounts): ScanCounts {
  const documentsScanned = Math.min(said.documentsScanned, matched)
  return {
    documentsScored: Math.min(said.documentsScored, matched),
    documentsScanned,
    documentsWalked: Math.min(said.documentsWalked, matched - documentsScanned),
  }
}

/** Those that are scored after a first pass were part of it. */
function searchedOf({ documentsScored, documentsScanned, documentsWalked }: ScanCounts): number {
  return Math.max(documentsScored, documentsScanned + documentsWalked)
}

function coveredOf(
  eligible: number,
  { matched, searched, answer }: { matched: number; searched: number; answer: ShardAnswer | undefined },
): number {
  if (matched > 0) return Math.floor((eligible * searched) / matched)
  return answer?.stopReason === StopReason.STOP_REASON_COMPLETE ? eligible : 0
}

/** @throws HypershardError `insufficient_coverage`, naming every missing shard, its server and the cause */
export function requireCoverage(coverage: Coverage, minCoverage: number): void {
  if (coverage.ratio >= minCoverage) return
  const { documentsEligible, documentsCovered, missing } = coverage
  const shards = missing.map(({ shard, server, code }) => `shard ${shard} on ${server} (${code})`)
  const message =
    `${documentsCovered} of ${documentsEligible} documents could be searched, min_coverage is ${minCoverage}; ` +
    `missing: ${shards.join(', ')}; try again, or accept less with a lower min_coverage`
  throw new HypershardError('insufficient_coverage', message, {
    details: { min_coverage: minCoverage, coverage: coverageJson(coverage) },
  })
}

function shortfallOf(answer: ShardAnswer, covered: number, eligible: number) {
  const server = answer.member.address
  const counts = `${covered} of ${eligible} documents of shard ${answer.shard} were searched`
  if (answer.stopReason === StopReason.STOP_REASON_DEADLINE) {
    return { server, code: 'deadline_exceeded', message: `${server}: ${counts} in time; allow a longer timeout_ms` }
  }
  if (answer.stopReason === StopReason.STOP_REASON_CANCELLED) {
    return { server, code: 'cancelled', message: `${server}: ${counts} before the search was cancelled` }
  }
  return { server, code: 'internal', message: `${server}: ${counts}, though it says it is done` }
}
