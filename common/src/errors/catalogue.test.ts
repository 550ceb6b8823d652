import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { status } from '@grpc/grpc-js'
import { errorCatalogue, isErrorCode } from './catalogue.ts'

describe('the error catalogue', () => {
  it('is the table of docs/errors.md, row by row', async () => {
    const page = await readFile(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
    const documented = [...page.matchAll(/^\| `(\w+)` \| (\d+) \| (\w+) \| (yes|no) \|/gm)].map(row => row.slice(1))
    const actual = Object.entries(errorCatalogue).map(([code, row]) => [
      code,
      String(row.http),
      status[row.grpc],
      row.retryable ? 'yes' : 'no',
    ])
    assert.deepEqual(documented.toSorted(), actual.toSorted(), 'mend docs/errors.md or the catalogue')
  })

  it('does not take inherited names for codes', () => {
    assert.equal(isErrorCode('index_not_found'), true)
    assert.equal(isErrorCode('constructor'), false)
  })
})
