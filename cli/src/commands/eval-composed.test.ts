import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFakeApi, serve, type TestServer } from '@hypershard/harness/api'
import { runCommand } from '../testing/run-command.ts'

const documents = [
  { _id: 'tides', title: 'Tides', text: 'the moon pulls at the sea' },
  { _id: 'stars', title: 'Stars', text: 'air bends light' },
  { _id: 'bread', title: 'Bread', text: 'yeast makes gas' },
]
const any = ['moon sea', { text: 'yeast' }]
const lines = (rows: readonly object[]) => rows.map(row => `${JSON.stringify(row)}\n`).join('')

describe('commands that read composed queries of a file', () => {
  let server: TestServer
  let folder: string
  /** Queries as they came. */
  let asked: unknown[]

  before(async () => {
    server = await serve(createFakeApi({ onSearch: (_, { query }) => asked.push(query) }))
    folder = await mkdtemp(join(tmpdir(), 'hypershard-composed-'))
    await writeFile(at('corpus.jsonl'), lines(documents))
    await writeFile(
      at('queries.jsonl'),
      lines([
        { _id: 'q1', query: { any } },
        { _id: 'q2', text: 'air light' },
      ]),
    )
    await writeFile(at('test.qrels'), 'q1 0 tides 1\nq2 0 stars 1\n')
    await run('index', 'create', 'papers')
    await run('documents', 'put', 'papers', at('corpus.jsonl'))
  })

  after(async () => {
    server.close()
    await rm(folder, { recursive: true })
  })

  beforeEach(() => {
    asked = []
  })

  const at = (name: string) => join(folder, name)
  const run = (...words: string[]) => runCommand(['--url', server.url, ...words])
  const evaluate = (...words: string[]) =>
    run('eval', 'papers', '--queries', at('queries.jsonl'), '--qrels', at('test.qrels'), '--limit', '3', ...words)

  it('evaluate them as they are', async () => {
    const { queries } = JSON.parse((await evaluate('--json')).stdout)
    assert.deepEqual(asked, [{ any }, 'air light'])
    assert.equal(queries[0].text, JSON.stringify({ any }))
  })

  it('evaluate the joined hits of their pieces', async () => {
    const { stdout } = await evaluate('--join', 'rank', '--run', at('joined.trec'), '--metrics', 'MRR', '--json')
    assert.deepEqual(asked.sort(), ['air light', 'moon sea', 'yeast'])
    assert.deepEqual(JSON.parse(stdout).queries[0].values, { 'MRR@3': 1 })
    const [first, second] = (await readFile(at('joined.trec'), 'utf8')).split('\n')
    assert.match(`${first}\n${second}`, /^q1 Q0 tides 1 .*\nq1 Q0 bread 2 /)
  })

  it('measure the recall of their searches', async () => {
    const { exitCode } = await run('recall', 'papers', '--queries', at('queries.jsonl'))
    assert.deepEqual([exitCode, asked], [0, [{ any }, 'air light', { any }, 'air light']])
  })

  it('make no sample of them to calibrate with', async () => {
    const words = ['generation', 'sample-queries', 'papers', '1', at('queries.jsonl')]
    const { exitCode, stderr } = await run(...words)
    assert.notEqual(exitCode, 0)
    assert.match(stderr, /query `q1` is an expression/)
  })
})
