import assert from 'node:assert/strict'
import {
  compareRuns,
  defaultMetrics,
  judgeRun,
  meanIntervals,
  metricName,
  type Run,
  readBeirFolder,
} from '@hypershard/evaluation'
import { judgeKept, metricsFrom, noticesOf } from './judge-kept.ts'
import { permutations, seed } from './limits.ts'

const sample = new URL('../../../../sample', import.meta.url).pathname
const breathe = async () => {}

/** Hits that anybody can make again: every judged document by a turn of its grade. */
function runBy(
  order: (grade: number, at: number) => number,
  judgements: ReadonlyMap<string, ReadonlyMap<string, number>>,
): Run {
  return new Map(
    [...judgements].map(([query, grades]) => {
      const hits = [...grades].map(([id, grade], at) => ({ id, score: order(grade, at) }))
      return [query, hits.sort((a, b) => b.score - a.score)]
    }),
  )
}

describe('judging runs that are kept in the tab', () => {
  it('gives the numbers of `hypershard eval`, and each query of both runs', async () => {
    const { judgements, queries } = await readBeirFolder(sample, 'test')
    const [run, other] = [runBy((_, at) => -at, judgements), runBy((grade, at) => (at % 3) - grade, judgements)]
    const metrics = metricsFrom('nDCG@10, MRR@10 Recall@5', 100)
    const judged = await judgeKept({ run, other, judgements, queries, metrics }, breathe)
    const [expected, beside] = [judgeRun(run, judgements, metrics), judgeRun(other, judgements, metrics)]
    const compared = compareRuns(expected, beside, { permutations, seed })
    const [intervals, otherIntervals] = [meanIntervals(expected), meanIntervals(beside)]
    assert.deepEqual(
      judged.metrics,
      metrics.map((metric, at) => ({
        name: metricName(metric),
        mean: expected.means[at],
        interval: intervals[at],
        other: { ...compared[at], interval: otherIntervals[at] },
      })),
    )
    assert.equal(judged.queries.length, judgements.size)
    for (const { id, text, values, others, differences } of judged.queries) {
      assert.deepEqual([text, values, others], [queries.get(id), expected.values.get(id), beside.values.get(id)])
      assert.ok(differences.every((difference, at) => Math.abs(difference - (values[at]! - others![at]!)) < 1e-9))
    }
    const wins = judged.queries.filter(({ differences }) => differences[0]! > 0).length
    assert.equal(wins, judged.metrics[0]!.other!.wins)
    assert(wins > 0)
  })

  it('ends between two metrics when nobody wants it any more', async () => {
    const judgements = new Map([['q', new Map([['d', 1]])]])
    let breaths = 0
    const stop = async () => {
      if (++breaths === 2) throw new RangeError('enough')
    }
    const asked = judgeKept(
      { run: new Map(), other: undefined, judgements, queries: undefined, metrics: defaultMetrics },
      stop,
    )
    await assert.rejects(asked, RangeError)
    assert.equal(breaths, 2)
  })

  it('takes metrics as they are typed, no deeper than there are hits, each once', () => {
    const names = (text: string, limit: number) => metricsFrom(text, limit).map(metricName)
    assert.deepEqual(names('ndcg@10,  MRR recall@50\nMAP mrr', 50), ['nDCG@10', 'MRR@50', 'Recall@50', 'MAP@50'])
    assert.throws(() => names('nDCG@100', 50), /nDCG@100 looks deeper than the 50 hits/)
    assert.throws(() => names('precision', 50), /unknown metric `precision`/)
    assert.throws(() => names(' ', 50), /name a metric/)
  })

  it('tells what makes the means say something else', () => {
    const judgements = new Map([
      ['q1', new Map([['d', 1]])],
      ['q2', new Map([['d', 0]])],
      ['q3', new Map([['d', 1]])],
    ])
    const queries = new Map([
      ['q1', 'one'],
      ['q2', 'two'],
    ])
    const counts = {
      hits: 3,
      queriesWithoutHits: 0,
      queriesWithoutJudgements: 0,
      queriesJudged: 3,
      otherWithoutHits: 2,
    }
    const asked = { failures: ['q1'], truncated: 1, unread: 0, manifestVersions: [4, 5, 7] }
    assert.deepEqual(noticesOf({ counts }, { judgements, queries }, asked), [
      '1 of 3 queries failed and count as 0: the means are too low.',
      '1 of 3 queries are judged and are not among the queries that were given: they count as 0.',
      '1 of 3 queries have no document that is relevant: they count as 0.',
      '1 of 3 queries are longer than the model reads, and were cut.',
      '2 of 3 queries more have no hits in the other run: they count as 0 there.',
      'Documents were put meanwhile: queries saw versions 4 to 7 of the index.',
    ])
    const all = new Map([...queries, ['q3', 'three']])
    judgements.set('q2', new Map([['d', 2]]))
    assert.deepEqual(
      noticesOf({ counts: { ...counts, otherWithoutHits: undefined } }, { judgements, queries: all }, undefined),
      [],
    )
  })
})
