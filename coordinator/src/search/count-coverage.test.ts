import assert from 'node:assert/strict'
import { nothingScanned } from '@hypershard/common'
import { StopReason } from '@hypershard/proto/shard'
import type { Manifest } from '@hypershard/storage'
import type { ClusterMember } from '../cluster/cluster-member.ts'
import { countCoverage, requireCoverage } from './count-coverage.ts'
import type { FanOutOutcome } from './fan-out-request.ts'
import type { ShardAnswer, ShardFailure } from './shard-answer.ts'

/** A manifest with so many eligible documents in each shard. */
function manifestOf(...eligible: readonly number[]): Manifest {
  const segments = eligible.flatMap((documents, shard) =>
    documents === 0 ? [] : [{ shard, documents: documents + 1, deleted: { count: 1 } }],
  )
  return { shards: eligible.length, segments } as unknown as Manifest
}

const done = StopReason.STOP_REASON_COMPLETE

function answer(shard: number, said: Partial<ShardAnswer> = {}): [number, ShardAnswer] {
  const member = { address: `s${shard}:1` } as ClusterMember
  const counts = { ...nothingScanned, documentsMatched: 0, nonFiniteScores: 0 }
  return [shard, { shard, member, hits: [], ...counts, stopReason: done, ...said } as unknown as ShardAnswer]
}

function failure(shard: number): [number, ShardFailure] {
  return [shard, { shard, server: `s${shard}:1`, code: 'unavailable', message: 'gone' }]
}

function outcomeOf(answers: [number, ShardAnswer][], failures: [number, ShardFailure][] = []): FanOutOutcome {
  return { answers: new Map(answers), failures: new Map(failures), failedCalls: new Set(), asked: new Map() }
}

describe('the coverage of a search', () => {
  it('is whole when every shard scored what the manifest has, deleted rows left out', () => {
    const outcome = outcomeOf([answer(0, { documentsScored: 3 }), answer(1, { documentsScored: 5 })])
    const { ratio, documentsEligible, documentsScored, missing } = countCoverage(manifestOf(3, 5), outcome, false)
    assert.deepEqual([ratio, documentsEligible, documentsScored, missing], [1, 8, 8, []])
  })

  it('counts nothing of a shard that never answered, with a filter or without, and says why it is missing', () => {
    for (const filtered of [false, true]) {
      const matched = { documentsMatched: 2, documentsScored: filtered ? 2 : 3 }
      const outcome = outcomeOf([answer(0, matched)], [failure(1)])
      const coverage = countCoverage(manifestOf(3, 5), outcome, filtered)
      assert.deepEqual([coverage.documentsCovered, coverage.ratio], [3, 3 / 8])
      assert.deepEqual(coverage.missing, [{ ...failure(1)[1], documentsMissing: 5 }])
    }
  })

  it('cuts what a server claims beyond the manifest', () => {
    const claims = { documentsScored: 30, documentsScanned: 40, documentsWalked: 50, documentsMatched: 60 }
    for (const filtered of [false, true]) {
      const outcome = outcomeOf([answer(0, { ...claims, nonFiniteScores: 70 }), answer(1, { documentsScored: 1 })])
      const coverage = countCoverage(manifestOf(3, 5), outcome, filtered)
      const { documentsMatched, documentsScored, documentsScanned, documentsWalked, nonFiniteScores } = coverage
      assert.equal(documentsMatched, filtered ? 3 : 8)
      assert.deepEqual([documentsScanned, documentsWalked, nonFiniteScores], [3, 0, 3])
      assert.equal(documentsScored, filtered ? 3 : 4)
      assert.ok(coverage.ratio <= 1)
    }
  })

  it('takes a shard that says it is done with fewer documents than the manifest has for missing the rest', () => {
    const coverage = countCoverage(manifestOf(5), outcomeOf([answer(0, { documentsScored: 4 })]), false)
    assert.deepEqual([coverage.ratio, coverage.missing[0]?.code], [4 / 5, 'internal'])
    assert.match(coverage.missing[0]!.message, /4 of 5 documents of shard 0 .* says it is done/)
  })

  for (const [stopReason, code] of [
    [StopReason.STOP_REASON_DEADLINE, 'deadline_exceeded'],
    [StopReason.STOP_REASON_CANCELLED, 'cancelled'],
  ] as const) {
    it(`says ${code} of a shard that was stopped before its end`, () => {
      const coverage = countCoverage(manifestOf(5), outcomeOf([answer(0, { documentsScored: 4, stopReason })]), false)
      assert.deepEqual([coverage.missing[0]?.code, coverage.missing[0]?.documentsMissing], [code, 1])
    })
  }

  it('adds what was walked to what was scanned, and takes the larger of that and what was scored', () => {
    const coveredBy = (said: Partial<ShardAnswer>) =>
      countCoverage(manifestOf(10), outcomeOf([answer(0, said)]), false).documentsCovered
    assert.equal(coveredBy({ documentsScanned: 4, documentsWalked: 3, documentsScored: 2 }), 7)
    assert.equal(coveredBy({ documentsScanned: 4, documentsWalked: 3, documentsScored: 9 }), 9)
  })

  it('covers, of a shard that searched a part of what passes its filter, the same part, rounded down', () => {
    const part = { documentsMatched: 3, documentsScored: 2, stopReason: StopReason.STOP_REASON_DEADLINE }
    assert.equal(countCoverage(manifestOf(10), outcomeOf([answer(0, part)]), true).documentsCovered, 6)
  })

  it('covers a shard of which nothing passes the filter once it is done, and not before', () => {
    const coveredAfter = (stopReason: StopReason) =>
      countCoverage(manifestOf(10), outcomeOf([answer(0, { stopReason })]), true).documentsCovered
    assert.equal(coveredAfter(done), 10)
    assert.equal(coveredAfter(StopReason.STOP_REASON_DEADLINE), 0)
  })

  it('is whole for an index without documents, and never whole while one is missing', () => {
    assert.equal(countCoverage(manifestOf(0, 0), outcomeOf([]), false).ratio, 1)
    const many = 2 ** 40
    const outcome = outcomeOf([answer(0, { documentsScored: many - 1 })])
    assert.ok(countCoverage(manifestOf(many), outcome, false).ratio < 1)
  })
})

describe('requiring coverage', () => {
  const coverage = countCoverage(manifestOf(6, 2), outcomeOf([answer(0, { documentsScored: 6 })], [failure(1)]), false)

  it('takes exactly what was asked for', () => requireCoverage(coverage, 0.75))

  it('refuses less, naming shard, server and cause', () => {
    assert.throws(() => requireCoverage(coverage, 0.76), {
      code: 'insufficient_coverage',
      message: /6 of 8 documents .* missing: shard 1 on s1:1 \(unavailable\)/,
    })
  })
})
