import assert from 'node:assert/strict'
import { publishedArchitecture } from '@hypershard/harness/qnets'
import type { RecallKnob } from '@hypershard/storage'
import { choosePlan, costOf, queryOfOne, type SegmentToPlan, type ShardPlan } from './choose-plan.ts'
import { firstCandidates } from './expected-misses.ts'

const knobs: readonly RecallKnob[] = [
  { recall: 0.9, expansion: 64, candidates: 40 },
  { recall: 0.95, expansion: 128, candidates: 50 },
]
const width = 384
const shallow = publishedArchitecture(width, 1)
const deep = publishedArchitecture(768, 6)
/** One inner product a document. */
const dense = { ...shallow, vectorDimensions: [width, 1] }

function segmentOf(
  rows: number,
  options: { eligible?: number; recallKnobs?: readonly RecallKnob[] | undefined; width?: number } = {},
): SegmentToPlan {
  const { eligible = rows, recallKnobs, width: own = width } = options
  return { rows, width: own, eligible, hasGraph: recallKnobs !== undefined, recallKnobs: recallKnobs ?? [] }
}

describe('choosePlan', () => {
  const auto = (recall: number, hits = 10) => ({ kind: 'auto', recall, hits }) as const
  const planOf = (recall: number, segments: readonly SegmentToPlan[], hits?: number) =>
    choosePlan(auto(recall, hits), segments, queryOfOne(shallow))
  const forRecall = (recall: number, first: number, expansions: (number | undefined)[], hits = 10): ShardPlan => ({
    kind: 'tangent',
    count: { kind: 'recall', recall, hits, first },
    expansions,
  })

  it('walks where a knob is known to find the recall, with the largest candidates of all walks', () => {
    const other = [{ recall: 0.95, expansion: 160, candidates: 70 }]
    const segments = [segmentOf(50_000, { recallKnobs: knobs }), segmentOf(50_000, { recallKnobs: other })]
    assert.deepEqual(planOf(0.92, segments), forRecall(0.92, 70, [128, 160]))
    assert.deepEqual(planOf(0.5, segments), forRecall(0.5, 70, [64, 160]))
  })

  it('reads the vectors of segments without a graph, and where no walk is known to find enough', () => {
    const first = firstCandidates(10)
    assert.deepEqual(planOf(0.99, [segmentOf(50_000)]), forRecall(0.99, first, [undefined]))
    assert.deepEqual(planOf(0.99, [segmentOf(50_000, { recallKnobs: knobs })]), forRecall(0.99, first, [undefined]))
    assert.deepEqual(
      planOf(0.9, [segmentOf(50_000, { recallKnobs: knobs }), segmentOf(4_000)]),
      forRecall(0.9, 40, [64, undefined]),
    )
    const own = [...knobs, { recall: 0.99, expansion: null, candidates: 40 }]
    assert.deepEqual(planOf(0.99, [segmentOf(50_000, { recallKnobs: own })]), forRecall(0.99, first, [undefined]))
  })

  it('lets several q-nets together miss a quarter of what one may', () => {
    const several = { ...queryOfOne(shallow), qnets: 3, leading: 3 }
    const plan = choosePlan(auto(0.96), [segmentOf(50_000)], several)
    assert.deepEqual(plan, forRecall(0.99, firstCandidates(10), [undefined]))
  })

  it('is exact where all is asked for, where there is nothing, and where few can be hits', () => {
    const exact = { kind: 'exact' }
    assert.deepEqual(planOf(1, [segmentOf(50_000, { recallKnobs: knobs })]), exact)
    assert.deepEqual(planOf(0.9, []), exact)
    assert.deepEqual(planOf(0.9, [segmentOf(50_000, { eligible: 60, recallKnobs: knobs })]), exact)
    assert.deepEqual(planOf(0.99, [segmentOf(60)]), exact)
  })

  it('is exact as far as that costs less, which for a plain inner product is far', () => {
    const exactUpTo = (architecture: typeof shallow) => {
      const isExact = (rows: number) =>
        choosePlan(
          auto(0.99),
          [segmentOf(rows, { width: architecture.vectorDimensions[0]! })],
          queryOfOne(architecture),
        ).kind === 'exact'
      let rows = 1
      while (isExact(rows)) rows++
      // And no further on either.
      for (let more = rows; more < 100 * rows; more += rows) assert.ok(!isExact(more), `exact again at ${more}`)
      return rows - 1
    }
    const [ofDense, ofShallow, ofDeep] = [dense, shallow, deep].map(exactUpTo)
    assert.ok(ofDense! > 500 && ofDense! < 2_000, `${ofDense}`)
    assert.ok(ofShallow! > 62 && ofShallow! < 200, `${ofShallow}`)
    assert.ok(ofDeep! >= 62 && ofDeep! <= ofShallow!, `${ofDeep}`)
  })

  it('costs no more than exact scoring whatever there is', () => {
    for (const architecture of [dense, shallow, deep]) {
      for (const rows of [10, 100, 1_000, 10_000, 100_000]) {
        for (const hits of [1, 10, 100, 1_000]) {
          const own = { width: architecture.vectorDimensions[0]! }
          const segments = [
            segmentOf(rows, own),
            segmentOf(2 * rows, { ...own, eligible: 1 + (rows >> 2), recallKnobs: knobs }),
          ]
          const costs = [auto(0.95, hits), { kind: 'exact' } as const].map(plan =>
            costOf(choosePlan(plan, segments, queryOfOne(architecture)), segments, queryOfOne(architecture)),
          )
          assert.ok(costs[0]! <= costs[1]!)
        }
      }
    }
  })

  it('asks for more where more hits are wanted, and for no less than was calibrated where fewer are', () => {
    const segments = [segmentOf(50_000, { recallKnobs: knobs })]
    assert.deepEqual(planOf(0.9, segments, 25), forRecall(0.9, 100, [160], 25))
    assert.deepEqual(planOf(0.9, segments, 1), forRecall(0.9, 40, [64], 1))
  })

  it('keeps more rows in a walk the fewer of them are eligible, until reading the vectors costs less', () => {
    const graph = { kind: 'graph', candidates: 30, expansion: 100 } as const
    const expansionOf = (eligible: number) => {
      const plan = choosePlan(graph, [segmentOf(512_000, { eligible, recallKnobs: knobs })], queryOfOne(shallow))
      return plan.kind === 'tangent' && plan.expansions[0]
    }
    assert.deepEqual([512_000, 256_000, 51_200, 25_600, 0].map(expansionOf), [100, 200, 1_000, 2_000, undefined])
    assert.equal(expansionOf(25_000), undefined)
  })

  it('keeps as many more vectors in a walk as a document has', () => {
    const segments = [{ ...segmentOf(100_000, { eligible: 50_000, recallKnobs: knobs }), vectorsPerDocument: 2 }]
    assert.deepEqual(planOf(0.9, segments), forRecall(0.9, 40, [128]))
  })

  it('leaves plans that name their own way as they are', () => {
    const segments = [segmentOf(50_000, { recallKnobs: knobs })]
    assert.deepEqual(choosePlan({ kind: 'exact' }, segments, queryOfOne(shallow)), { kind: 'exact' })
    const tangent = choosePlan({ kind: 'tangent', candidates: 7 }, segments, queryOfOne(shallow))
    assert.deepEqual(tangent, { kind: 'tangent', count: { kind: 'fixed', candidates: 7 }, expansions: [undefined] })
  })
})
