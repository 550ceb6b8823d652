import assert from 'node:assert/strict'
import { Command } from 'commander'
import { addPlanOptions, planOfRequest } from './plan-options.ts'

function parse(...words: string[]) {
  const command = addPlanOptions(new Command().exitOverride().configureOutput({ writeErr: () => undefined }))
  command.parse(words, { from: 'user' })
  return planOfRequest(command.opts())
}

describe('how a search finds documents, on the command line', () => {
  it('has the words that hits must have in its filter, beside what the filter says', () => {
    assert.deepEqual(parse(), {})
    assert.deepEqual(parse('--words', 'iso 13485', '--words', 'audit', '--without-words', 'draft'), {
      filter: { must: [{ words: 'iso 13485' }, { words: 'audit' }], must_not: [{ words: 'draft' }] },
    })
    const filter = { field: 'year', gte: 2020 }
    assert.deepEqual(parse('--filter', JSON.stringify(filter)), { filter })
    assert.deepEqual(parse('--filter', JSON.stringify(filter), '--words', 'audit'), {
      filter: { must: [filter, { words: 'audit' }] },
    })
    assert.deepEqual(parse('--without-words', 'draft'), { filter: { must_not: [{ words: 'draft' }] } })
  })
})
