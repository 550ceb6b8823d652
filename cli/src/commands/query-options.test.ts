import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import type { Hit, SearchAnswer } from '@hypershard/contract'
import { createFakeApi, serve, type TestServer } from '@hypershard/harness/api'
import { Output } from '../terminal/terminal.ts'
import { runCommand } from '../testing/run-command.ts'
import { renderAnswer } from './render-search.ts'

describe('what a search on the command line is for', () => {
  let server: TestServer
  let folder: string
  let asked: unknown[]

  before(async () => {
    server = await serve(createFakeApi({ onSearch: (_, { query, like }) => asked.push(query ?? { like }) }))
    folder = await mkdtemp(join(tmpdir(), 'hypershard-search-'))
    await runCommand(['--url', server.url, 'index', 'create', 'papers'])
  })

  after(async () => {
    server.close()
    await rm(folder, { recursive: true })
  })

  beforeEach(() => {
    asked = []
  })

  const search = (words: readonly string[], stdin = '') =>
    runCommand(['--url', server.url, 'search', 'papers', ...words], { stdin })

  for (const { words, query } of [
    { words: ['moon', 'sea'], query: 'moon sea' },
    { words: ['--any', 'moon', '--any', 'sea'], query: { any: ['moon', 'sea'] } },
    { words: ['--all', 'moon', '--all', 'sea'], query: { all: ['moon', 'sea'] } },
    { words: ['--all', 'moon'], query: 'moon' },
    { words: ['tides', '--not', 'bread'], query: { all: ['tides', { not: 'bread' }] } },
    { words: ['tides', '--like', 'd1', '--like', 'd2'], query: { all: ['tides', { like: ['d1', 'd2'] }] } },
    { words: ['--like', 'd1', '--like', 'd2'], query: { like: ['d1', 'd2'] } },
    {
      words: ['--any', 'moon', '--any', 'sea', '--not', 'salt', '--all', 'night', 'why', 'so'],
      query: { all: ['why so', { any: ['moon', 'sea'] }, 'night', { not: 'salt' }] },
    },
  ]) {
    it(`is composed of ${words.join(' ')}`, async () => {
      const { exitCode, stderr } = await search(words)
      assert.equal(exitCode, 0, stderr)
      assert.deepEqual(asked, [query])
    })
  }

  it('is an expression of a file, or of standard input', async () => {
    const query = { any: ['moon', { text: 'sea', weight: 2 }] }
    await writeFile(join(folder, 'query.json'), JSON.stringify(query))
    await search(['--query-json', join(folder, 'query.json')])
    await search(['--query-json', '-'], '"moon"')
    assert.deepEqual(asked, [query, 'moon'])
  })

  for (const { words, stdin, message } of [
    { words: [], message: /give the words of a query/ },
    { words: ['--not', 'bread'], message: /--not takes away from what matches/ },
    { words: ['moon', '--query-json', '-'], stdin: '"x"', message: /--query-json holds the whole query/ },
    { words: ['--query-json', '-'], stdin: '{"any"', message: /standard input: not JSON/ },
    { words: ['--query-json', 'nowhere.json'], message: /cannot read nowhere\.json/ },
    { words: ['moon', '--queries', 'nowhere.jsonl'], message: /give the words of a query/ },
  ]) {
    it(`is refused for ${words.join(' ') || 'nothing'}`, async () => {
      const { exitCode, stderr } = await search(words, stdin)
      assert.equal(exitCode, 2)
      assert.match(stderr, message)
      assert.deepEqual(asked, [])
    })
  }

  it('is told of each hit, the leaf that gave it its place first', () => {
    const hits: Hit[] = [{ id: 'a', score: 3, title: 'Tides', text: 'the sea', leaf: 1, leaf_scores: [0.5, 3, null] }]
    const query = { all: [{ any: ['moon', 'sea'] }, { not: 'bread' }] }
    const answer = {
      hits,
      leaves: ['all[0].any[0]', 'all[0].any[1]', 'all[1].not'],
      coverage: {
        documents_scored: 1,
        documents_scanned: 0,
        documents_walked: 0,
        documents_eligible: 1,
        ratio: 1,
        missing: [],
      },
      plan: 'exact',
      next_cursor: null,
      took_ms: 1,
    } as unknown as SearchAnswer
    assert.deepEqual(renderAnswer(answer, new Output(new PassThrough(), {}), query).slice(0, 3), [
      ' 1  3.0000  a  Tides',
      '    3.0000 sea · 0.5000 moon · n/a not bread',
      '    the sea',
    ])
  })
})
