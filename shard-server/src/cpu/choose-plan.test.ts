import assert from 'node:assert/strict'
import type { RecallKnob } from '@hypershard/storage'
import { choosePlan } from './choose-plan.ts'
import { makeScanCopy } from './scan-copy.ts'
import type { ScanSegment } from './scan-segment.ts'
import { vectorsInMemory } from './vector-rows.ts'

const knobs: readonly RecallKnob[] = [
  { recall: 0.9, expansion: 64, candidates: 20 },
  { recall: 0.95, expansion: 128, candidates: 30 },
]
const scanCopy = makeScanCopy(vectorsInMemory(new Float32Array(1), 1))

function segmentOf(
  documents: number,
  options: { eligible?: number; recallKnobs?: readonly RecallKnob[] | undefined } = {},
): ScanSegment {
  const { eligible = documents, recallKnobs } = options
  const graph = recallKnobs && { nearest: () => [] }
  const ids = { idBytes: () => new Uint8Array() }
  const vectors = { ...vectorsInMemory(new Float32Array(0), 1), rows: documents }
  const segment = { vectors, ids, scanCopy, graph, recallKnobs: recallKnobs ?? [] }
  return { segment, position: 0, excluded: undefined, eligible }
}

describe('choosePlan', () => {
  const auto = (recall: number, hits = 10) => ({ kind: 'auto', recall, hits }) as const

  it('takes the cheapest knob that is known to find the recall, the largest candidates of all segments', () => {
    const other = [{ recall: 0.95, expansion: 160, candidates: 50 }]
    const segments = [segmentOf(50_000, { recallKnobs: knobs }), segmentOf(50_000, { recallKnobs: other })]
    const plan = choosePlan(auto(0.92), segments)
    assert.deepEqual(plan, { kind: 'tangent', candidates: 50, expansions: [128, 160] })
    assert.deepEqual(choosePlan(auto(0.5), segments), { kind: 'tangent', candidates: 50, expansions: [64, 160] })
  })

  it('is exact for a recall that nothing reaches, for few documents, and where nothing is calibrated', () => {
    const exact = { kind: 'exact' }
    assert.deepEqual(choosePlan(auto(0.99), [segmentOf(50_000, { recallKnobs: knobs })]), exact)
    assert.deepEqual(choosePlan(auto(0.9), [segmentOf(50_000, { eligible: 1_000, recallKnobs: knobs })]), exact)
    assert.deepEqual(choosePlan(auto(0.9), [segmentOf(50_000)]), exact)
    assert.deepEqual(choosePlan(auto(0.9), []), exact)
    const unknown = [segmentOf(50_000, { recallKnobs: knobs }), segmentOf(50_000, { recallKnobs: [] })]
    assert.deepEqual(choosePlan(auto(0.9), unknown), exact)
  })

  it('reads the vectors of small segments beside one with a graph', () => {
    const plan = choosePlan(auto(0.9), [segmentOf(50_000, { recallKnobs: knobs }), segmentOf(4_000)])
    assert.deepEqual(plan, { kind: 'tangent', candidates: 20, expansions: [64, undefined] })
  })

  it('reads the vectors where walks did not find enough', () => {
    const own = [...knobs, { recall: 0.99, expansion: null, candidates: 40 }]
    const plan = choosePlan(auto(0.99), [segmentOf(50_000, { recallKnobs: own })])
    assert.deepEqual(plan, { kind: 'tangent', candidates: 40, expansions: [undefined] })
  })

  it('asks for more where more hits are wanted', () => {
    const plan = choosePlan(auto(0.9, 25), [segmentOf(50_000, { recallKnobs: knobs })])
    assert.deepEqual(plan, { kind: 'tangent', candidates: 50, expansions: [160] })
  })

  it('asks for no less than was calibrated where fewer hits are wanted', () => {
    const segments = [segmentOf(50_000, { recallKnobs: knobs })]
    assert.deepEqual(choosePlan(auto(0.9, 1), segments), { kind: 'tangent', candidates: 20, expansions: [64] })
  })

  it('is exact up to 1,024 eligible documents, and no further', () => {
    const planOf = (eligible: number) =>
      choosePlan(auto(0.9), [segmentOf(50_000, { eligible, recallKnobs: knobs })]).kind
    assert.deepEqual([planOf(1_024), planOf(1_025)], ['exact', 'tangent'])
  })

  it('keeps more rows in a walk the fewer of them are eligible, until reading the vectors costs less', () => {
    const graph = { kind: 'graph', candidates: 30, expansion: 100 } as const
    const expansionOf = (eligible: number) => {
      const plan = choosePlan(graph, [segmentOf(512_000, { eligible, recallKnobs: knobs })])
      return plan.kind === 'tangent' && plan.expansions[0]
    }
    assert.deepEqual([512_000, 256_000, 51_200, 25_600, 0].map(expansionOf), [100, 200, 1_000, 2_000, undefined])
    assert.equal(expansionOf(25_000), undefined)
  })

  it('leaves plans that name their own way as they are', () => {
    const segments = [segmentOf(50_000, { recallKnobs: knobs })]
    assert.deepEqual(choosePlan({ kind: 'exact' }, segments), { kind: 'exact' })
    const tangent = choosePlan({ kind: 'tangent', candidates: 7 }, segments)
    assert.deepEqual(tangent, { kind: 'tangent', candidates: 7, expansions: [undefined] })
  })
})
