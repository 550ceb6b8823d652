import assert from 'node:assert/strict'
import { countWithoutRelevant, judgeRun } from './judge-run.ts'

const judgements = new Map([
  ['found', new Map([['a', 1]])],
  ['silent', new Map([['a', 1]])],
  ['hopeless', new Map([['a', 0]])],
  ['missed', new Map([['b', 2]])],
])
const hits = [
  { id: 'a', score: 2 },
  { id: 'c', score: 1 },
]
const run = new Map([
  ['missed', hits],
  ['found', hits],
  ['hopeless', hits],
  ['unheard of', hits],
])

describe('judging a run', () => {
  it('averages over all queries with judgements, as trec_eval -c does, and counts what is out of line', () => {
    const { values, means, counts } = judgeRun(run, judgements, [
      { kind: 'nDCG', depth: 10 },
      { kind: 'Recall', depth: 1 },
    ])
    assert.deepEqual(Object.fromEntries(values), {
      found: [1, 1],
      silent: [0, 0],
      hopeless: [0, 0],
      missed: [0, 0],
    })
    assert.deepEqual(means, [0.25, 0.25])
    assert.deepEqual(counts, { hits: 6, queriesWithoutHits: 1, queriesWithoutJudgements: 1 })
    assert.equal(countWithoutRelevant(judgements), 1)
  })

  it('needs a judgement to judge by', () => {
    assert.throws(() => judgeRun(run, new Map(), []), { code: 'invalid_request', message: /no judgements/ })
  })
})
