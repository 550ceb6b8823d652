import assert from 'node:assert/strict'
import { expandLikes, type Liked } from './expand-likes.ts'
import { readExpression } from './read-expression.ts'

const byTexts = async (ids: readonly string[]): Promise<Liked> => ({ texts: ids.map(id => `text of ${id}`) })

describe('the leaves that are like documents', () => {
  it('become an `any` of their texts where these are the queries', async () => {
    const { composed } = readExpression({ all: ['a', { like: ['d', 'e'], weight: 2 }, { not: { like: ['f'] } }] })
    const { leaves, root, name } = (await expandLikes(composed!, byTexts)).composed!
    assert.deepEqual(
      leaves.map(({ path, text }) => [path, text]),
      [
        ['all[0]', 'a'],
        ['all[1].like[0]', 'text of d'],
        ['all[1].like[1]', 'text of e'],
        ['all[2].not', 'text of f'],
      ],
    )
    const leaf = (at: number) => ({ kind: 'leaf', weight: 1, leaf: at })
    const any = { kind: 'any', weight: 2, nodes: [leaf(1), leaf(2)] }
    const not = { kind: 'not', weight: 1, node: leaf(3) }
    assert.deepEqual(root, { kind: 'all', weight: 1, nodes: [leaf(0), any, not] })
    assert.equal(name, composed!.name)
  })

  it('that stand alone are a search of their own', async () => {
    const { composed } = readExpression({ any: [{ like: ['d'] }] })
    assert.deepEqual(await expandLikes(composed!, byTexts), { composed: undefined, query: 'text of d' })
    const weighted = readExpression({ like: ['d'], weight: 2 })
    assert.equal((await expandLikes(weighted.composed!, byTexts)).composed!.leaves.length, 1)
  })

  it('are no more than an expression may have, texts counted', async () => {
    const ids = Array.from({ length: 9 }, (_, at) => `d${at}`)
    const { composed } = readExpression({ any: [{ like: ids }, { like: ids }] })
    await assert.rejects(expandLikes(composed!, byTexts), { code: 'invalid_request', message: /18 are over 16/ })
  })

  it('are read as whoever asks may, each with its place', async () => {
    const { composed } = readExpression({ any: ['a', { like: ['d', 'e'] }] })
    const within = { field: 'owner', equals: 'ada' }
    const asked: unknown[] = []
    await expandLikes({ ...composed!, within }, async (ids, own, pathOf) => {
      asked.push(
        ids,
        own,
        ids.map((_, at) => pathOf(at)),
      )
      return byTexts(ids)
    })
    assert.deepEqual(asked, [['d', 'e'], within, ['query.any[1].like[0]', 'query.any[1].like[1]']])
  })
})
