import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type GradedRanking, measureRanking } from './measure-ranking.ts'
import { type Metric, metricKinds } from './metric.ts'

const depth = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constant(Number.POSITIVE_INFINITY))
const metric: fc.Arbitrary<Metric> = fc.record({ kind: fc.constantFrom(...metricKinds), depth })

/** Judged documents by number with their grades, and hits that are some of them and some nobody judged. */
const ranking: fc.Arbitrary<GradedRanking> = fc
  .array(fc.integer({ min: -2, max: 4 }), { maxLength: 20 })
  .chain(judged =>
    fc.uniqueArray(fc.nat({ max: 40 }), { maxLength: 40 }).map(hits => ({
      judged,
      ranked: hits.map(hit => judged[hit] ?? 0),
    })),
  )

describe('the metrics', () => {
  it('are what their definitions say, word for word', () => {
    fc.assert(
      fc.property(metric, ranking, (asked, given) => {
        const difference = Math.abs(measureRanking(asked, given) - byDefinition(asked, given))
        assert(difference < 1e-12, `${difference}`)
      }),
      { numRuns: 1_000 },
    )
  })

  it('lie between 0 and 1, and reach 1 for the ideal ranking', () => {
    fc.assert(
      fc.property(metric, ranking, (asked, { judged, ranked }) => {
        const value = measureRanking(asked, { judged, ranked })
        assert(value >= 0 && value <= 1 + 1e-12)
        const best = measureRanking(asked, { judged, ranked: [...judged].sort((a, b) => b - a) })
        assert(value <= best + 1e-12)
        const relevant = judged.filter(grade => grade > 0).length
        const reachable = asked.kind === 'nDCG' || asked.kind === 'MRR' || asked.depth >= relevant
        assert.equal(reachable && relevant > 0, Math.abs(best - 1) < 1e-12)
      }),
    )
  })

  for (const { title, asked, ranked, judged, expected } of [
    {
      title: 'nDCG takes the grade itself as the gain',
      asked: { kind: 'nDCG', depth: 10 },
      ranked: [1, 2],
      judged: [2, 1],
      expected: (1 + 2 / Math.log2(3)) / (2 + 1 / Math.log2(3)),
    },
    {
      title: 'nDCG takes no gain away for a grade below 0',
      asked: { kind: 'nDCG', depth: 10 },
      ranked: [-2, 1],
      judged: [1, -2],
      expected: 1 / Math.log2(3),
    },
    {
      title: 'nDCG cuts its ideal at the same depth',
      asked: { kind: 'nDCG', depth: 1 },
      ranked: [1],
      judged: [1, 1],
      expected: 1,
    },
    {
      title: 'MRR is 0 when the first relevant hit comes too late',
      asked: { kind: 'MRR', depth: 2 },
      ranked: [0, 0, 1],
      judged: [1],
      expected: 0,
    },
    {
      title: 'MAP divides by all that is relevant',
      asked: { kind: 'MAP', depth: 3 },
      ranked: [1, 0, 1, 1],
      judged: [1, 1, 1, 1, 0],
      expected: (1 + 2 / 3) / 4,
    },
    {
      title: 'Recall divides by all that is relevant, more than fits though it be',
      asked: { kind: 'Recall', depth: 2 },
      ranked: [1, 1],
      judged: [1, 1, 1, 1],
      expected: 0.5,
    },
    {
      title: 'a query without a relevant judgement has 0',
      asked: { kind: 'nDCG', depth: 10 },
      ranked: [0],
      judged: [0, -1],
      expected: 0,
    },
  ] satisfies ({ title: string; asked: Metric; expected: number } & GradedRanking)[]) {
    it(title, () => assert(Math.abs(measureRanking(asked, { ranked, judged }) - expected) < 1e-12))
  }
})

/** The definitions, with a rank counted from 1 and every sum written out. */
function byDefinition({ kind, depth: deepest }: Metric, { ranked, judged }: GradedRanking): number {
  const isRelevant = (grade: number) => grade >= 1
  const relevantCount = judged.filter(isRelevant).length
  if (relevantCount === 0) return 0
  let [found, precisions, gain, idealGain, first] = [0, 0, 0, 0, 0]
  for (let rank = 1; rank <= Math.min(deepest, ranked.length); rank++) {
    const grade = ranked[rank - 1]!
    if (!isRelevant(grade)) continue
    found += 1
    precisions += found / rank
    gain += grade / (Math.log(rank + 1) / Math.log(2))
    if (first === 0) first = rank
  }
  const ideal = judged.filter(isRelevant).sort((a, b) => b - a)
  for (let rank = 1; rank <= Math.min(deepest, ideal.length); rank++) {
    idealGain += ideal[rank - 1]! / (Math.log(rank + 1) / Math.log(2))
  }
  const values = {
    nDCG: gain / idealGain,
    MRR: first === 0 ? 0 : 1 / first,
    MAP: precisions / relevantCount,
    Recall: found / relevantCount,
  }
  return values[kind]
}
