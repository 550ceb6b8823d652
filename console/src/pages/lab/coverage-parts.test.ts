import assert from 'node:assert/strict'
import type { CoverageAnswer } from '@hypershard/contract'
import fc from 'fast-check'
import { coverageParts } from './coverage-parts.ts'

const whole: CoverageAnswer = {
  documents_eligible: 1_000,
  documents_matched: 1_000,
  documents_scored: 1_000,
  documents_scanned: 0,
  documents_walked: 0,
  ratio: 1,
  non_finite_scores: 0,
  missing: [],
}

const missing = (documents_missing: number) => ({
  shard: 1,
  server: 's',
  code: 'unavailable',
  message: 'gone',
  documents_missing,
})

const told = (coverage: CoverageAnswer) => coverageParts(coverage).map(({ label, value }) => `${label}: ${value}`)

describe('the bar of a coverage', () => {
  it('tells what became of every document', () => {
    assert.deepEqual(told(whole), ['scored by the q-net: 1000'])
    assert.deepEqual(told({ ...whole, documents_scored: 200, documents_scanned: 1_000 }), [
      'scored by the q-net: 200',
      'ranked, not among the best: 800',
    ])
    assert.deepEqual(told({ ...whole, documents_matched: 50, documents_scored: 50 }), [
      'scored by the q-net: 50',
      'kept out by the filter: 950',
    ])
  })

  it('counts documents of shards that did not answer as missing, and as nothing else', () => {
    assert.deepEqual(told({ ...whole, documents_scored: 600, ratio: 0.6, missing: [missing(400)] }), [
      'scored by the q-net: 600',
      'missing: 400',
    ])
    assert.deepEqual(told({ ...whole, documents_matched: 100, documents_scored: 100, missing: [missing(400)] }), [
      'scored by the q-net: 100',
      'kept out by the filter: 500',
      'missing: 400',
    ])
  })

  it('adds up to all of them, whatever a coordinator says', () => {
    const number = fc.nat(1_000)
    fc.assert(
      fc.property(number, number, number, fc.array(number, { maxLength: 4 }), (eligible, matched, scored, lost) => {
        const parts = coverageParts({
          ...whole,
          documents_eligible: eligible,
          documents_matched: matched,
          documents_scored: scored,
          missing: lost.map(missing),
        })
        assert.equal(
          parts.reduce((sum, { value }) => sum + value, 0),
          eligible,
        )
        assert(parts.every(({ value }) => value >= 0))
      }),
    )
  })
})
