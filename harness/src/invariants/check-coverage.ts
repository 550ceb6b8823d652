import assert from 'node:assert/strict'
import type { CoverageAnswer } from '@hypershard/contract'
import type { AskedSearch } from './asked-search.ts'

/** What the exact plan without a filter covers: what it scored. */
function scoredOf(coverage: CoverageAnswer): number {
  return coverage.documents_eligible - missedIn(coverage)
}

function missedIn({ missing }: CoverageAnswer): number {
  return missing.reduce((sum, { documents_missing: documents }) => sum + documents, 0)
}

/**
 * What a coverage says of itself fits together: what is missing is named, by shard, server and cause, and its ratio is
 * that of the counts. Of an answer of the exact plan without a filter.
 */
export function checkCounts(coverage: CoverageAnswer): void {
  const { documents_eligible: eligible, documents_scored: scored, ratio, missing } = coverage
  const said = JSON.stringify(coverage)
  const shards = missing.map(({ shard }) => shard)
  const ascending = [...new Set(shards)].sort((a, b) => a - b)
  assert.deepEqual(shards, ascending, `missing shards are named once, ascending: ${said}`)
  for (const { server, code, message, documents_missing: documents } of missing) {
    assert.ok(server !== '' && code !== '' && message !== '', `a missing shard has a server and a cause: ${said}`)
    assert.ok(documents > 0, `a missing shard misses documents: ${said}`)
  }
  assert.equal(scored, scoredOf(coverage), `what was not scored is missing: ${said}`)
  assert.equal(ratio, eligible === 0 ? 1 : scored / eligible, `the ratio is that of the counts: ${said}`)
}

/** An answer that was given covers what was asked for. */
export function checkEnough({ ratio, missing }: CoverageAnswer, { minCoverage }: AskedSearch): void {
  assert.ok(ratio >= minCoverage, `an answer with ${ratio} of ${minCoverage}: ${JSON.stringify(missing)}`)
}

/** Nothing counts as covered that nobody searched. @param searched by shard, the documents that some server really scored */
export function checkSearched(
  coverage: CoverageAnswer,
  eligibleByShard: readonly number[],
  searched: ReadonlyMap<number, number>,
): void {
  const missing = new Map(coverage.missing.map(({ shard, documents_missing: documents }) => [shard, documents]))
  for (const [shard, eligible] of eligibleByShard.entries()) {
    const covered = eligible - (missing.get(shard) ?? 0)
    const really = searched.get(shard) ?? 0
    assert.ok(covered <= really, `shard ${shard}: ${covered} of ${eligible} are covered, ${really} were searched`)
  }
}
