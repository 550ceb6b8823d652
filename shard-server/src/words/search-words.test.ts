import assert from 'node:assert/strict'
import { Deadline } from '@hypershard/common'
import type { ScanHit, ScoredRows } from '../ports.ts'
import { rankWithQNet, type WordParts, withWordScores } from './search-words.ts'

const shard = {
  shard: 3,
  segments: [7, 9].map(position => ({ key: `s${position}`, position, excluded: undefined, eligible: 10 })),
}
const ranked: ScanHit[] = [
  { id: 'b', score: 2.5, segment: 9, row: 4 },
  { id: 'a', score: 1.5, segment: 7, row: 1 },
]
const query = { name: 'q', terms: [], averageLength: 1 }
const soon = () => Deadline.after(10_000)

type Ranking = Parameters<typeof rankWithQNet>[1]
const ranking = { shard, query, request: { limit: 2 } as Ranking['request'] }

/** What the q-net scores, and what it was asked for. */
function partsOf(scored: Partial<ScoredRows>) {
  const asked: unknown[] = []
  const parts: WordParts = {
    words: {
      rank: async () => ranked,
      score: async ({ keys, rows }) => {
        asked.push({ keys, rows })
        return Float64Array.from(rows, ({ row }) => row / 2)
      },
    },
    backend: {
      score: async (_request, _shard, rows) => {
        asked.push(rows)
        return { scores: new Float32Array(rows.length), passages: undefined, stop: undefined, workMs: 0, ...scored }
      },
    },
  }
  return { parts, asked }
}

describe('the words of a shard', () => {
  it('bring documents that the q-net scores, in the order of the words', async () => {
    const { parts, asked } = partsOf({ scores: Float32Array.of(5, 6), passages: Int32Array.of(2, 0) })
    assert.deepEqual(await rankWithQNet(parts, ranking, soon()), [
      { id: 'b', score: 5, wordsScore: 2.5, segment: 9, row: 4, passage: 2 },
      { id: 'a', score: 6, wordsScore: 1.5, segment: 7, row: 1, passage: 0 },
    ])
    const rows = [
      { segment: 1, row: 4 },
      { segment: 0, row: 1 },
    ]
    assert.deepEqual(asked, [rows])
    const hits = await withWordScores(parts, { shard, query, hits: ranked }, soon())
    assert.deepEqual(
      hits.map(({ id, score, wordsScore }) => [id, score, wordsScore]),
      [
        ['b', 2.5, 2],
        ['a', 1.5, 0.5],
      ],
    )
    assert.deepEqual(asked[1], { keys: ['s7', 's9'], rows })
  })

  for (const [stop, code] of [
    ['deadline', 'deadline_exceeded'],
    ['cancelled', 'cancelled'],
  ] as const) {
    it(`fail where the q-net could not score all of their documents: ${stop}`, async () => {
      const { parts } = partsOf({ scores: Float32Array.of(5), stop })
      await assert.rejects(rankWithQNet(parts, ranking, soon()), { code, message: /1 of the 2 best/ })
    })
  }
})
