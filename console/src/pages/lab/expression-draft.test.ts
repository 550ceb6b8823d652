import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  depthOf,
  draftOf,
  emptyText,
  faultOfDraft,
  firstText,
  type GroupDraft,
  type LabQuery,
  leafAt,
  queryOf,
  withLike,
} from './expression-draft.ts'

const group = (kind: 'any' | 'all', ...nodes: GroupDraft['nodes']): GroupDraft => ({
  kind,
  nodes,
  not: false,
  weight: undefined,
})
const text = (words: string, more: object = {}) => ({ ...emptyText, text: words, ...more })

describe('an expression built by hand', () => {
  it('begins with the text that there was', () => {
    assert.deepEqual(draftOf('moon'), group('any', text('moon'), emptyText))
    assert.deepEqual(queryOf(draftOf('moon')!), { any: ['moon'] })
  })

  it('says what each line says', () => {
    const draft = group(
      'any',
      text('how stars are born'),
      text('how planets form', { weight: 1.5 }),
      text('telescopes', { not: true, weight: 2 }),
      group('all', text('moon'), text('tide'), emptyText),
      group('all', emptyText),
    )
    const query = {
      any: [
        'how stars are born',
        { text: 'how planets form', weight: 1.5 },
        { not: 'telescopes', weight: 2 },
        { all: ['moon', 'tide'] },
      ],
    }
    assert.deepEqual(queryOf(draft), query)
    assert.deepEqual(queryOf(draftOf(query)!), query)
  })

  it('is the same expression after it was shown as a form', () => {
    const words = fc.stringMatching(/^[a-z]{1,6}$/)
    const weight = fc.constantFrom(0.5, 2)
    const leaf = fc.oneof(
      words,
      fc.tuple(words, weight).map(([given, by]) => ({ text: given, weight: by })),
      fc.constant({ vector: [1, 2] }),
      fc
        .array(
          fc.string({ minLength: 1, unit: 'grapheme' }).filter(id => id.trim() === id),
          { minLength: 1, maxLength: 3 },
        )
        .map(like => ({ like })),
    )
    const node = fc.letrec<{ node: unknown; group: LabQuery }>(tie => ({
      node: fc.oneof(
        { maxDepth: 3 },
        leaf,
        leaf.map(inner => ({ not: typeof inner === 'string' ? inner : 'x' })),
        tie('group'),
      ),
      group: fc
        .tuple(fc.constantFrom('any', 'all'), fc.array(tie('node'), { minLength: 1, maxLength: 4 }), fc.option(weight))
        .map(([kind, nodes, by]) => ({ [kind]: nodes, ...(by !== null && { weight: by }) })),
    }))
    fc.assert(fc.property(node.group, query => assert.deepEqual(queryOf(draftOf(query)!), query)))
  })

  it('that no form shows is shown as JSON', () => {
    const shown = [
      { text: 'alone' },
      { not: 'moon' },
      { any: 'moon' },
      { any: [{ text: 'a', vector: [1] }] },
      { any: [7] },
    ]
    for (const query of [...shown, { any: ['a', { not: { text: 'b', weight: 2 } }] }]) {
      assert.equal(draftOf(query as never), undefined, JSON.stringify(query))
    }
  })

  it('says what a coordinator would refuse', () => {
    const many = Array.from({ length: 17 }, (_, at) => text(`a${at}`))
    const cases = [
      [group('any', emptyText), /at least one text/],
      [group('any', ...many), /17 leaves; at most 16/],
      [group('any', group('all', group('any', group('all', text('a'))))), /5 deep; at most 4/],
      [group('any', text('a'), group('all', text('b', { not: true }))), /something to find beside/],
      [group('any', text('a', { weight: 0 })), /a weight is 1\/1000 to 1000, not 0/],
    ] as const
    for (const [draft, told] of cases) assert.match(faultOfDraft(draft) ?? '', told)
    assert.equal(faultOfDraft(group('any', text('a'), text('b', { not: true }), emptyText)), undefined)
    assert.equal(depthOf(group('any', text('b', { not: true }))), 3)
  })

  it('takes what was found along: more like it, or less', () => {
    const [more, less] = [{ not: false }, { not: true }]
    assert.deepEqual(withLike('moon', 'a', more), { any: ['moon', { like: ['a'] }] })
    assert.deepEqual(withLike({ any: ['moon', 'sun'] }, 'a', less), { any: ['moon', 'sun', { not: { like: ['a'] } }] })
    assert.deepEqual(withLike({ all: ['moon'] }, 'a', less), { all: ['moon', { not: { like: ['a'] } }] })
    assert.deepEqual(withLike({ all: ['moon'] }, 'a', more), { any: [{ all: ['moon'] }, { like: ['a'] }] })
    const weighted = { any: ['moon'], weight: 2 }
    assert.deepEqual(withLike(weighted, 'a', more), { any: [weighted, { like: ['a'] }] })
  })

  it('leaves its first text behind', () => {
    assert.equal(firstText({ any: [{ vector: 'AAAA' }, { all: [{ text: 'moon', weight: 2 }, 'sun'] }] }), 'moon')
    assert.equal(firstText({ any: [] }), '')
  })

  it('finds its leaves by the places that an answer has', () => {
    const query: LabQuery = {
      any: ['stars', { all: [{ text: 'moon', weight: 2 }, { vector: [1] }] }, { not: 'sun' }, { like: ['a', 'b'] }],
    }
    const told = ['any[0]', 'any[1].all[0]', 'any[1].all[1]', 'any[2].not', 'any[9].not'].map(path =>
      leafAt(query, path),
    )
    assert.deepEqual(told, ['stars', 'moon', 'a vector', 'sun', 'any[9].not'])
  })
})
