import assert from 'node:assert/strict'
import { type CoverageAnswer, coverageSchema, type Problem } from '@hypershard/contract'
import type { AskedSearch } from './asked-search.ts'
import { checkCounts } from './check-coverage.ts'

/**
 * Throws an AssertionError when a search failed in a way that nobody can act on: every failure is of a kind that may pass,
 * and one that lacks coverage is a 503 that says how much is missing, where and why.
 * @param codes the kinds of failure that may come about
 */
export function checkSearchFailure(
  problem: Problem,
  { minCoverage }: Pick<AskedSearch, 'minCoverage'>,
  codes: readonly string[],
): void {
  const said = JSON.stringify(problem)
  assert.ok(codes.includes(problem.code), `a failure of another kind than ${codes.join(', ')}: ${said}`)
  assert.ok(problem.retryable, `it may pass: ${said}`)
  if (problem.code !== 'insufficient_coverage') return
  assert.equal(problem.status, 503, said)
  assert.equal(problem.details.min_coverage, minCoverage, `it names what was asked for: ${said}`)
  const coverage: CoverageAnswer = coverageSchema.parse(problem.details.coverage)
  assert.ok(coverage.ratio < minCoverage, `there is enough: ${said}`)
  checkCounts(coverage)
}
