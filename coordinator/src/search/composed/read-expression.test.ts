import assert from 'node:assert/strict'
import { HypershardError } from '@hypershard/common'
import type { QueryNode } from '@hypershard/contract'
import { readExpression } from './read-expression.ts'

const said = (count: number) => Array.from({ length: count }, (_, at) => `word ${at}`)

describe('the expression of a request', () => {
  it('has its leaves in order, each with its place', () => {
    const query: QueryNode = { any: ['a', { all: [{ text: 'b', weight: 2 }, { vector: [1, 0] }, { not: 'c' }] }] }
    const { composed } = readExpression(query)
    assert.deepEqual(
      composed!.leaves.map(({ path, text, own }) => [path, text ?? own!.kind]),
      [
        ['any[0]', 'a'],
        ['any[1].all[0]', 'b'],
        ['any[1].all[1]', 'vector'],
        ['any[1].all[2].not', 'c'],
      ],
    )
    const leaf = (at: number, weight = 1) => ({ kind: 'leaf' as const, weight, leaf: at })
    const not = { kind: 'not' as const, weight: 1, node: leaf(3) }
    const all = { kind: 'all' as const, weight: 1, nodes: [leaf(1, 2), leaf(2), not] }
    assert.deepEqual(composed!.root, { kind: 'any', weight: 1, nodes: [leaf(0), all] })
  })

  it('of one leaf without a weight is the search of that leaf', () => {
    for (const query of ['a', { text: 'a' }, { any: ['a'] }, { all: [{ any: [{ text: 'a', weight: 1 }] }] }])
      assert.deepEqual(readExpression(query), { query: 'a' })
    assert.equal(readExpression({ all: [{ vector: [1, 0] }] }).own!.kind, 'vector')
    for (const query of [{ text: 'a', weight: 2 }, { any: ['a', { not: 'b' }] }, { any: ['a'], weight: 3 }])
      assert.equal(readExpression(query).query, undefined)
  })

  it('tells which documents it is made of, each once', () => {
    const { liked } = readExpression({ any: [{ like: ['d', 'e'] }, { not: { like: ['e', 'f'] } }] })
    assert.deepEqual(liked, ['d', 'e', 'f'])
    assert.deepEqual(readExpression({ like: ['d'] }).liked, ['d'])
    assert.equal(readExpression({ any: ['d', 'e'] }).liked, undefined)
  })

  it('is named by its content', () => {
    const names = [
      { any: ['a', 'b'] },
      { any: ['b', 'a'] },
      { all: ['a', 'b'] },
      { any: ['a', { text: 'b', weight: 2 }] },
      { any: ['a', { not: 'b' }] },
      { any: ['a', { vector: [1] }] },
      { any: ['a', { vector: [2] }] },
      { any: ['a', { like: ['b'] }] },
    ].map(query => readExpression(query).composed!.name)
    assert.equal(new Set(names).size, names.length)
    const given = { any: ['a', { text: 'b', weight: null }] } as unknown as QueryNode
    assert.equal(readExpression(given).composed!.name, names[0])
  })

  const bad: [unknown, string, RegExp][] = [
    [{ any: said(17) }, 'query.any[16]', /at most 16 leaves/],
    [{ all: [{ any: said(9) }, { any: said(9) }] }, 'query.all[1].any[7]', /at most 16 leaves/],
    [{ any: [] }, 'query.any', /is empty/],
    [{ all: ['a', { any: [] }] }, 'query.all[1].any', /is empty/],
    [{ not: 'a' }, 'query', /`not` alone/],
    [{ any: [{ not: 'a' }, { not: 'b' }] }, 'query.any', /only excludes/],
    [{ any: ['a', { not: { not: 'b' } }] }, 'query.any[1].not', /inside of `any` or `all`/],
    [{ any: ['a', { text: 'b', weight: 0 }] }, 'query.any[1].weight', /1\/1000 to 1000, not 0/],
    [{ any: ['a', { text: 'b', weight: -1 }] }, 'query.any[1].weight', /not -1/],
    [{ any: ['a', { text: 'b', weight: Number.NaN }] }, 'query.any[1].weight', /must be a number/],
    [{ any: ['a', { text: 'b', weight: 1e38 }] }, 'query.any[1].weight', /not 1e\+38/],
    [{ any: ['a', { text: 'b', weight: '2' }] }, 'query.any[1].weight', /not "2"/],
    [{ any: [{ any: [{ any: [{ any: ['a'] }] }] }] }, 'query.any[0].any[0].any[0].any[0]', /5 deep, at most 4/],
    [{ any: ['a', ''] }, 'query.any[1]', /must not be empty/],
    [{ any: ['a', { text: '  ' }] }, 'query.any[1].text', /must not be blank/],
    [{ any: ['a', 7] }, 'query.any[1]', /a text or an object/],
    [{ any: ['a', ['b']] }, 'query.any[1]', /a text or an object/],
    [{ any: 'a' }, 'query.any', /a list of nodes/],
    [{ any: ['a', {}] }, 'query.any[1]', /says nothing/],
    [{ any: ['a', { weight: 2 }] }, 'query.any[1]', /says nothing/],
    [{ any: ['a', { text: 'b', vector: [1] }] }, 'query.any[1]', /has text and vector/],
    [{ any: ['a', { txt: 'b' }] }, 'query.any[1].txt', /not known/],
    [{ any: ['a', { like: [] }] }, 'query.any[1].like', /is empty/],
    [{ any: ['a', { like: ['b', 7] }] }, 'query.any[1].like[1]', /expected string/],
    [{ any: ['a', { like: 'b' }] }, 'query.any[1].like', /expected array/],
    [{ any: [{ like: said(16) }, { like: said(40).slice(16, 32) }, { like: ['b'] }] }, 'query', /like 33 documents/],
    [{ any: ['a', { vector: [] }] }, 'query.any[1].vector', /too small|>=1/i],
    [{ any: ['a', { qnet: { weights: '%' } }] }, 'query.any[1]', /^query\.any\[1\]\.qnet\.weights: not base64/],
  ]
  for (const [query, path, message] of bad) {
    it(`is refused with its place: ${JSON.stringify(query).slice(0, 60)}`, () => {
      assert.throws(
        () => readExpression(query as QueryNode),
        (error: unknown) => {
          assert.ok(error instanceof HypershardError)
          assert.match(error.message, message)
          assert.deepEqual([error.code, error.details.path], ['invalid_request', path])
          return error.message.startsWith(path)
        },
      )
    })
  }
})
