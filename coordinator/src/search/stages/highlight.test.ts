import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import { quietContext, VirtualClock } from '@hypershard/harness'
import type { Hit } from '../search-answer.ts'
import { highlightedUnitsMax, highlightPage, readHighlight } from './highlight.ts'

const sizes = { fragments: 2, length: 100 }
const hitOf = (text: string, more: Partial<Hit> = {}): Hit => ({
  id: 'a',
  score: 1,
  document: { id: 'a', title: '', text, fieldsJson: '' },
  ...more,
})
const checked = (query: string) => readHighlight({ query }, sizes, { lexical: { analyzer: 'english' } })
const context = quietContext()

async function highlightOf(hit: Hit, query = 'stars') {
  const { hits } = await highlightPage({ hits: [hit] }, checked(query), context)
  return hits[0]!.highlight!
}

describe('the stage that highlights', () => {
  it("takes words with the analyzer that is asked for, else the index's, else simple", () => {
    const lexical = { analyzer: 'english' } as const
    const termsOf = (...asked: Parameters<typeof readHighlight>) => [...readHighlight(...asked).terms]
    assert.deepEqual(termsOf({ query: 'stars' }, sizes, { lexical }), ['star'])
    assert.deepEqual(termsOf({ query: 'stars' }, sizes, { lexical: undefined }), ['stars'])
    assert.deepEqual(termsOf({ query: 'stars' }, { ...sizes, analyzer: 'simple' }, { lexical }), ['stars'])
  })

  it('reads a long text in slices, as it would read it at once', async () => {
    const text = `${'A star is near. '.repeat(1_900)}Twinkling stars. ${'Word. '.repeat(4_000)}`
    const { fragments, partial } = await highlightOf(hitOf(text), 'twinkling stars')
    assert.equal(partial, false)
    assert.equal(fragments[0]!.text, 'Twinkling stars.')
    assert.deepEqual(await highlightOf(hitOf(text.slice(0, 30_500)), 'twinkling stars'), { fragments, partial })
  })

  it('reads a part of a text that is too long, around its passage where it has one, and says so', async () => {
    const text = `Stars begin. ${'Word. '.repeat(highlightedUnitsMax / 6)}Stars end. ${'Word. '.repeat(100)}`
    assert.deepEqual(
      [
        await highlightOf(hitOf(text)),
        await highlightOf(hitOf(text, { passage: { begin: text.length - 10, end: text.length } })),
      ].map(({ partial, fragments }) => [partial, fragments.map(fragment => fragment.text)]),
      [
        [true, ['Stars begin.']],
        [true, ['Stars end.']],
      ],
    )
    const whole = 'stars '.repeat(highlightedUnitsMax / 6)
    assert.equal((await highlightOf(hitOf(whole.slice(0, highlightedUnitsMax)))).partial, false)
  })

  it('highlights the hits of groups as it does others, a document of several groups alike', async () => {
    const hit = hitOf('The stars. The moon.')
    const group = { type: 'keyword' as const, value: 'x', hits: [hit] }
    const page = await highlightPage({ hits: [], groups: [group, { ...group, value: 'y' }] }, checked('stars'), context)
    const [one, other] = page.groups!.map(({ hits }) => hits[0]!.highlight)
    assert.equal(one, other)
    assert.deepEqual(one!.fragments, [{ begin: 0, end: 10, text: 'The stars.', marks: [{ begin: 4, end: 9 }] }])
  })

  it('ends with the deadline of the search', async () => {
    const late = quietContext(Deadline.after(0, { clock: new VirtualClock() }))
    await assert.rejects(highlightPage({ hits: [hitOf('stars')] }, checked('stars'), late), {
      code: 'deadline_exceeded',
      message: /before: highlighting/,
    })
  })
})
