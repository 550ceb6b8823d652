import assert from 'node:assert/strict'
import { pseudoRandomTensor } from '@hypershard/harness/qnets'
import { candidatesNeeded, firstCandidates } from './expected-misses.ts'

const hits = 10
const documents = 2_000

/** Twelve uniform numbers are about as good as a Gaussian one. */
function gaussians(seed: number, count: number): number[] {
  const uniform = pseudoRandomTensor(seed, count * 12, Math.sqrt(1 / 4))
  return Array.from({ length: count }, (_, at) =>
    uniform.subarray(at * 12, at * 12 + 12).reduce((sum, x) => sum + x, 0),
  )
}

/** Documents by their estimates, best first, and scores that are off by errors of this spread. */
function ranking(seed: number, spread: number) {
  const estimates = gaussians(seed, documents).sort((a, b) => b - a)
  const errors = gaussians(seed + 1_000_000, documents)
  return { estimates, scores: estimates.map((estimate, at) => estimate + 3 + spread * errors[at]!) }
}

/** As a search does: scores more until no more are needed. */
function countScored({ estimates, scores }: ReturnType<typeof ranking>, recall: number): number {
  let scored = firstCandidates(hits)
  for (;;) {
    const needed = candidatesNeeded({ estimates, scores: scores.slice(0, scored), documents, hits, recall })
    if (needed <= scored) return scored
    scored = Math.min(documents, Math.max(needed, 2 * scored))
  }
}

function recallOf({ scores }: ReturnType<typeof ranking>, scored: number): number {
  const least = scores.toSorted((a, b) => b - a)[hits - 1]!
  return scores.slice(0, scored).filter(score => score >= least).length / hits
}

describe('candidatesNeeded', () => {
  it('finds the recall asked for, whatever the errors, by as few as these take', () => {
    let before = 0
    for (const spread of [0, 0.01, 0.2, 1]) {
      for (const recall of [0.9, 0.99]) {
        const rankings = Array.from({ length: 5 }, (_, seed) => ranking(seed + 1, spread))
        const scored = rankings.map(own => countScored(own, recall))
        const found = rankings.map((own, at) => recallOf(own, scored[at]!))
        const mean = found.reduce((sum, own) => sum + own, 0) / found.length
        assert.ok(mean >= recall, `${mean} of ${recall} with errors of ${spread}`)
        if (spread <= 0.01) assert.deepEqual(scored, Array(5).fill(firstCandidates(hits)))
        const most = Math.max(...scored)
        if (recall === 0.99) {
          assert.ok(most >= before, `${most} with errors of ${spread}`)
          before = most
        }
      }
    }
    assert.ok(before > documents / 4)
  })

  it('tells by the candidates that there are when they are too few', () => {
    const { estimates, scores } = ranking(3, 0.5)
    const whole = candidatesNeeded({ estimates, scores: scores.slice(0, 40), documents, hits, recall: 0.99 })
    assert.ok(whole > 200 && whole < documents)
    for (const kept of [40, 100, whole >> 1]) {
      const some = { estimates: estimates.slice(0, kept), scores: scores.slice(0, 40), documents, hits, recall: 0.99 }
      assert.equal(candidatesNeeded(some), kept + 1)
    }
  })

  it('needs no more than all, and of few scores at least as many as there are hits', () => {
    const { estimates, scores } = ranking(4, 1)
    const few = { estimates, scores: scores.slice(0, 5), documents, hits, recall: 0.9 }
    assert.equal(candidatesNeeded(few), hits)
    assert.equal(candidatesNeeded({ ...few, scores: [], hits: 1 }), 2)
    const all = { estimates: estimates.slice(0, 7), scores: scores.slice(0, 7), documents: 7, hits, recall: 0.999 }
    assert.equal(candidatesNeeded(all), 7)
    assert.equal(candidatesNeeded({ ...all, scores: scores.slice(0, 3) }), 7)
  })

  it('has all scored where scores are not finite', () => {
    const { estimates, scores } = ranking(5, 1)
    for (const broken of [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]) {
      const some = scores.slice(0, 40).with(20, broken)
      assert.equal(candidatesNeeded({ estimates, scores: some, documents, hits, recall: 0.9 }), documents)
    }
  })
})
