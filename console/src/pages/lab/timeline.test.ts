import assert from 'node:assert/strict'
import type { SearchProfile } from '@hypershard/contract'
import fc from 'fast-check'
import { axisMarks, timelineOf } from './timeline.ts'

const shard = {
  shard: 3,
  server: '10.0.0.1:7710',
  attempts: 1,
  hedged: false,
  won_by: 'first',
  plan: 'exact',
  documents_scored: 500,
  documents_scanned: 0,
  documents_walked: 0,
  queue_ms: 1,
  head_ms: 0,
  score_ms: 4,
  ship_ms: 2,
  stop_reason: 'complete',
} as const

const profile: SearchProfile = {
  encode_ms: 10,
  fan_out_ms: 8,
  merge_ms: 0.5,
  fetch_ms: 1.5,
  qnet_bytes: 100,
  query_form: 'weights',
  qnet_cached: false,
  shards: [shard],
}

describe('the timeline of a search', () => {
  it('has the work of each shard behind the encoding, in its order', () => {
    const { totalMs, rows } = timelineOf(profile, 21)
    assert.equal(totalMs, 21)
    assert.deepEqual(rows[1]!.spans, [
      { label: 'queue', part: 'part-2', beginMs: 10, ms: 1 },
      { label: 'score', part: 'part-1', beginMs: 11, ms: 4 },
      { label: 'on the way', part: 'part-4', beginMs: 15, ms: 2 },
    ])
    assert.deepEqual(
      rows[0]!.spans.map(({ label, beginMs }) => [label, beginMs]),
      [
        ['encode', 0],
        ['fan out', 10],
        ['merge', 18],
        ['fetch texts', 18.5],
      ],
    )
  })

  it('marks shards that were asked twice or not searched to their end', () => {
    const late = { ...shard, attempts: 2, hedged: true, won_by: 'hedge' as const }
    const stopped = { ...shard, stop_reason: 'deadline' as const }
    const { rows } = timelineOf({ ...profile, shards: [shard, late, stopped] }, 20)
    assert.deepEqual(
      rows.map(({ flagged }) => flagged),
      [false, false, true, true],
    )
    assert.match(rows[2]!.facts, /2 calls, one because another was late, answered by the hedge/)
    assert.match(rows[3]!.facts, /ended by deadline/)
  })

  it('is as long as its last span', () => {
    assert.equal(timelineOf({ ...profile, shards: [{ ...shard, score_ms: 100 }] }, 20).totalMs, 113)
  })

  it('has a few round marks', () => {
    assert.deepEqual(axisMarks(21), [0, 5, 10, 15, 20])
    assert.deepEqual(axisMarks(0), [0])
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), totalMs => {
        const marks = axisMarks(totalMs)
        assert(marks.length >= 2 && marks.length <= 8)
        assert(marks.at(-1)! <= totalMs * (1 + 1e-9))
      }),
    )
  })
})
