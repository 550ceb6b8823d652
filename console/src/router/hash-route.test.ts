import assert from 'node:assert/strict'
import fc from 'fast-check'
import { hrefOf, parseHash } from './hash-route.ts'

describe('routes in the hash', () => {
  it('name a page and its parameters', () => {
    const { page, parameters } = parseHash('#/lab?index=papers&query=a+b%3F')
    assert.deepEqual(
      [page, [...parameters]],
      [
        'lab',
        [
          ['index', 'papers'],
          ['query', 'a b?'],
        ],
      ],
    )
    assert.equal(parseHash('').page, '')
    assert.equal(parseHash('#/cluster/').page, 'cluster')
    assert.equal(parseHash('#lab?query=why?').parameters.get('query'), 'why?')
  })

  it('keep whatever the parameters are', () => {
    const anyText = fc.string({ unit: 'grapheme' })
    fc.assert(
      fc.property(fc.dictionary(anyText, anyText), given => {
        const { page, parameters } = parseHash(hrefOf('lab', given))
        assert.equal(page, 'lab')
        assert.deepEqual([...parameters], Object.entries(given))
      }),
    )
  })

  it('leave out what is undefined', () => {
    assert.equal(hrefOf('lab', { index: undefined }), '#/lab')
    assert.equal(hrefOf('lab', { index: 'papers', query: undefined }), '#/lab?index=papers')
  })
})
