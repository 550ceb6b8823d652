import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import type { SearchAnswer } from '@hypershard/contract'
import { Command } from 'commander'
import { Output } from '../terminal/terminal.ts'
import { renderFacets } from './render-facets.ts'
import { renderAnswer } from './render-search.ts'
import { addStageOptions, stagesOfRequest } from './stage-options.ts'

const coverage = { documents_eligible: 3, documents_matched: 3, documents_scored: 3, documents_scanned: 0 }
const answer: SearchAnswer = {
  hits: [],
  coverage: { ...coverage, documents_walked: 0, ratio: 1, non_finite_scores: 0, missing: [] },
  plan: 'exact',
  took_ms: 1,
  manifest_version: 1,
  query_truncated: false,
  query_tokens: 1,
  query_unknown_tokens: 0,
  cached: false,
  next_cursor: null,
}

function parse(...words: string[]) {
  const command = addStageOptions(new Command().exitOverride().configureOutput({ writeErr: () => undefined }))
  command.parse(words, { from: 'user' })
  return stagesOfRequest(command.opts())
}

describe('what is made of hits, on the command line', () => {
  it('is as the request has it', () => {
    assert.deepEqual(parse(), {})
    const facets = [{ field: 'meta.year', limit: 5 }, { field: 'venue' }]
    assert.deepEqual(parse('--facet', 'meta.year:5', '--facet', 'venue'), { facets })
    const sort = [
      { field: 'year', order: 'desc' },
      { field: 'venue', order: 'asc' },
    ]
    assert.deepEqual(parse('--sort', 'year:desc', '--sort', 'venue'), { sort })
    assert.deepEqual(parse('--group-by', 'venue'), { group_by: { field: 'venue' } })
    const words = ['--group-by', 'venue', '--groups', '3', '--group-hits', '2']
    assert.deepEqual(parse(...words), { group_by: { field: 'venue', groups: 3, hits: 2 } })
    assert.deepEqual(parse('--highlight', '2'), { highlight: { fragments: 2 } })
    assert.throws(() => parse('--groups', '3'), { code: 'invalid_request', message: /need --group-by/ })
  })

  for (const words of [
    ['--facet', ':3'],
    ['--facet', 'year:0'],
    ['--highlight', '11'],
    ['--facet', 'year:1001'],
    ['--facet', 'a:1:2'],
    ['--sort', 'year:down'],
  ]) {
    it(`is refused: ${words.join(' ')}`, () => {
      assert.throws(() => parse(...words), { code: 'commander.invalidArgument' })
    })
  }

  it('is shown with a heading a group', () => {
    const hit = (id: string) => ({ id, score: 1 })
    const groups = [
      { value: 2026, hits: [hit('a'), hit('b')] },
      { value: null, hits: [hit('c')] },
    ]
    const lines = renderAnswer({ ...answer, groups }, new Output(new PassThrough(), {}))
    const shown = ['2026', ' 1  1.0000  a', ' 2  1.0000  b', '', 'without a value', ' 1  1.0000  c', '']
    assert.deepEqual(lines.slice(0, 7), shown)
  })

  it('is shown as a table a facet, with how many values it leaves out', () => {
    const values = [
      { value: 2026, count: 1_200 },
      { value: 2025, count: 3 },
    ]
    assert.deepEqual(renderFacets([{ field: 'year', values, distinct: 9 }], new Output(new PassThrough(), {})), [
      '',
      'year  documents',
      '2026      1,200',
      '2025          3',
      '7 more',
    ])
  })
})
