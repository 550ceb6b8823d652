import assert from 'node:assert/strict'
import type { SearchAnswer } from '@hypershard/contract'
import type { AskedSearch } from './asked-search.ts'
import { checkCounts, checkEnough } from './check-coverage.ts'
import { checkOrder } from './check-hits.ts'

export type { AskedSearch } from './asked-search.ts'

/** What a document may be for a search that runs while others write it. */
export interface AllowedStates {
  /** Every text that it may be seen with. */
  readonly texts: ReadonlySet<string>
  /** Whether it may be unseen. */
  readonly mayBeAbsent: boolean
}

/**
 * Throws an AssertionError when an answer cannot be right, as far as somebody can tell who knows the writes and not the
 * scores: every hit is a document as some write left it that the search may see; none is missing that the search must see
 * when coverage is whole and there is room for it; coverage fits together and is what was asked for.
 * @param allowed by id, everything that was ever written
 */
export function checkAgainstAllowed(
  { hits, coverage }: SearchAnswer,
  asked: AskedSearch,
  allowed: ReadonlyMap<string, AllowedStates>,
): void {
  checkOrder(hits, asked.k)
  for (const { id, text } of hits) {
    const states = allowed.get(id)
    assert.ok(states !== undefined && states.texts.size > 0, `${id} is no document that the search may see`)
    if (text !== undefined) assert.ok(states.texts.has(text), `${id} was never, or is no more: ${text}`)
  }
  checkCounts(coverage)
  checkEnough(coverage, asked)
  const all = [...allowed.values()]
  const most = all.filter(({ texts }) => texts.size > 0).length
  const least = all.filter(({ mayBeAbsent }) => !mayBeAbsent).length
  const { documents_eligible: eligible } = coverage
  assert.ok(least <= eligible && eligible <= most, `${eligible} documents are eligible, of ${least} to ${most}`)
  if (coverage.missing.length > 0 || hits.length === asked.k) return
  assert.equal(hits.length, eligible, 'every document is a hit when there is room')
  const given = new Set(hits.map(({ id }) => id))
  for (const [id, { mayBeAbsent }] of allowed) assert.ok(mayBeAbsent || given.has(id), `${id} is left out`)
}
