import assert from 'node:assert/strict'
import { judgeRun } from '../metrics/judge-run.ts'
import type { Metric } from '../metrics/metric.ts'
import { compareRuns, type MetricComparison, metricDifference } from './compare-runs.ts'

const judgements = new Map(['q1', 'q2', 'q3', 'q4'].map(query => [query, new Map([['good', 1]])]))
const options = { permutations: 1_000, seed: 1 }
const mrr: Metric = { kind: 'MRR', depth: 10 }
const recall: Metric = { kind: 'Recall', depth: 1 }

/** By query the rank at which the relevant document comes. */
function runWith(ranks: readonly number[]) {
  const lists = ranks.map((rank, at): [string, { id: string; score: number }[]] => [
    `q${at + 1}`,
    Array.from({ length: rank }, (_, place) => ({ id: place + 1 === rank ? 'good' : `bad${place}`, score: -place })),
  ])
  return judgeRun(new Map(lists), judgements, [mrr, recall])
}

describe('comparing two runs', () => {
  it('takes what differs by rounding alone for a tie', () => {
    assert.equal(metricDifference(0.1 + 0.2, 0.3), 0)
    assert.equal(metricDifference(0.3, 0.1 + 0.2), 0)
    assert.equal(metricDifference(0.3 + 2 ** -30, 0.3) > 0, true)
    const values = (value: number) => ({ ...runWith([1]), values: new Map([['q1', [value]]]), means: [value] })
    const [{ wins, ties, losses, pValue }] = compareRuns(values(0.1 + 0.2), values(0.3), options) as [MetricComparison]
    assert.deepEqual([wins, ties, losses, pValue], [0, 1, 0, 1])
  })

  it('tells means, differences, wins, ties and losses by metric', () => {
    const [first, second] = compareRuns(runWith([1, 1, 2, 4]), runWith([2, 2, 2, 2]), options)
    assert.deepEqual(first, {
      mean: 0.6875,
      otherMean: 0.5,
      difference: 0.1875,
      relativeDifference: 0.375,
      pValue: 0.5,
      exact: true,
      wins: 2,
      ties: 1,
      losses: 1,
    })
    assert.deepEqual([second?.otherMean, second?.relativeDifference, second?.wins], [0, null, 2])
  })

  it('finds no difference between a run and itself', () => {
    const run = runWith([3, 1, 2, 5])
    const [comparison] = compareRuns(run, run, options)
    const { difference, pValue, ties } = comparison!
    assert.deepEqual({ difference, pValue, ties }, { difference: 0, pValue: 1, ties: 4 })
  })

  it('tells the same of a metric whichever others are asked for', () => {
    const ranks = Array.from({ length: 120 }, (_, at) => 1 + ((at * 7) % 5))
    const others = Array.from({ length: 120 }, (_, at) => 1 + ((at * 3) % 4))
    const many = new Map(ranks.map((_, at) => [`q${at + 1}`, new Map([['good', 1]])]))
    const judge = (places: readonly number[], metrics: readonly Metric[]) =>
      judgeRun(new Map(places.map((place, at) => [`q${at + 1}`, hitsWithGoodAt(place)])), many, metrics)
    const alone = compareRuns(judge(ranks, [recall]), judge(others, [recall]), options)
    const second = compareRuns(judge(ranks, [mrr, recall]), judge(others, [mrr, recall]), options)
    assert.deepEqual(second[1], alone[0])
    assert.equal(alone[0]?.exact, false)
  })
})

function hitsWithGoodAt(rank: number) {
  return Array.from({ length: rank }, (_, at) => ({ id: at + 1 === rank ? 'good' : `bad${at}`, score: -at }))
}
