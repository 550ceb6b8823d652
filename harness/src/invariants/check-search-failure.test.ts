import assert from 'node:assert/strict'
import type { Problem } from '@hypershard/contract'
import { checkSearchFailure } from './check-search-failure.ts'

const codes = ['insufficient_coverage', 'overloaded'] as const
const coverage = {
  documents_eligible: 10,
  documents_matched: 10,
  documents_scored: 4,
  documents_scanned: 0,
  documents_walked: 0,
  ratio: 0.4,
  non_finite_scores: 0,
  missing: [{ shard: 2, server: 's1:1', code: 'unavailable', message: 'gone', documents_missing: 6 }],
}
const lacking: Problem = {
  type: 'https://hypershard.dev/errors/insufficient_coverage',
  title: 'too little could be searched',
  status: 503,
  code: 'insufficient_coverage',
  detail: '4 of 10',
  retryable: true,
  details: { min_coverage: 0.5, coverage },
}

describe('what must be true of a search that fails', () => {
  const check = (problem: Problem) => checkSearchFailure(problem, { minCoverage: 0.5 }, codes)
  const withCoverage = (change: object) => ({
    ...lacking,
    details: { min_coverage: 0.5, coverage: { ...coverage, ...change } },
  })

  it('is true of one that says what it lacks, and of others that may pass', () => {
    check(lacking)
    check({ ...lacking, code: 'overloaded', status: 429, details: {} })
  })

  for (const [what, problem, message] of [
    ['of another kind', { ...lacking, code: 'internal' }, /a failure of another kind/],
    ['that nobody should try again', { ...lacking, retryable: false }, /it may pass/],
    ['with the status of another', { ...lacking, status: 500 }, /500/],
    ['that had enough', withCoverage({ ratio: 0.6 }), /there is enough/],
    ['that names no shard', withCoverage({ missing: [] }), /what was not scored is missing/],
    ['that names another bound', { ...lacking, details: { min_coverage: 1, coverage } }, /what was asked for/],
  ] as const) {
    it(`is not true of one ${what}`, () => assert.throws(() => check(problem), message))
  }
})
