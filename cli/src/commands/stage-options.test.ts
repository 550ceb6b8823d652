import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { Command } from 'commander'
import { Output } from '../terminal/terminal.ts'
import { renderFacets } from './render-facets.ts'
import { addStageOptions, stagesOfRequest } from './stage-options.ts'

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
  })

  for (const words of [
    ['--facet', ':3'],
    ['--facet', 'year:0'],
    ['--facet', 'year:1001'],
    ['--facet', 'a:1:2'],
  ]) {
    it(`is refused: ${words.join(' ')}`, () => {
      assert.throws(() => parse(...words), { code: 'commander.invalidArgument' })
    })
  }

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
