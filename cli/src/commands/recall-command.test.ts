import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeNpyHeader, HypershardError } from '@hypershard/common'
import type { SearchRequest } from '@hypershard/contract'
import { createFakeApi, serve, type TestServer } from '@hypershard/harness/api'
import { widthOf } from '../terminal/fit-text.ts'
import { runCommand } from '../testing/run-command.ts'

const documents = ['moon', 'moon sea', 'sea', 'yeast']
const lines = (rows: readonly object[]) => rows.map(row => `${JSON.stringify(row)}\n`).join('')

describe('hypershard recall', () => {
  let server: TestServer
  let folder: string
  let url: string
  let searched: SearchRequest[]
  let failing: (request: SearchRequest) => HypershardError | undefined

  beforeEach(async () => {
    searched = []
    failing = () => undefined
    const onSearch = (_query: string, request: SearchRequest) => {
      searched.push(request)
      const failure = failing(request)
      if (failure !== undefined) throw failure
    }
    // Whatever is not exact misses the best document about the moon.
    const keepHit = (id: string, { plan, query = '' }: SearchRequest) =>
      plan === 'exact' || !(String(query).includes('moon') && id === 'document-1')
    server = await serve(createFakeApi({ onSearch, keepHit }))
    url = server.url
    folder = await mkdtemp(join(tmpdir(), 'hypershard-recall-'))
    await writeFile(at('corpus.jsonl'), lines(documents.map((text, row) => ({ _id: `document-${row}`, text }))))
    await writeFile(at('queries.tsv'), 'q1\tmoon sea\nq2\tyeast\n')
    await run('index', 'create', 'papers')
    await run('documents', 'put', 'papers', at('corpus.jsonl'))
  })

  afterEach(async () => {
    server.close()
    await rm(folder, { recursive: true })
  })

  const at = (name: string) => join(folder, name)
  const run = (...words: string[]) => runCommand(['--url', url, ...words])
  const recall = (...words: string[]) => run('recall', 'papers', '--queries', at('queries.tsv'), ...words)

  it('searches for each query as told, then exactly, and tells what was found', async () => {
    const { exitCode, stdout } = await recall('-k', '2', '--recall', '0.9')
    assert.equal(exitCode, 0, stdout)
    const asked = searched.map(({ query, recall: share, plan, k }) => [query, share ?? plan, k])
    assert.deepEqual(asked, [
      ['moon sea', 0.9, 2],
      ['yeast', 0.9, 2],
      ['moon sea', 'exact', 2],
      ['yeast', 'exact', 2],
    ])
    assert.match(stdout, /^papers: 2 queries, 2 hits each, --recall 0\.9$/m)
    assert.match(stdout, /^recall@2 +0\.7500$/m)
    assert.match(stdout, /^standard error +0\.2500$/m)
    assert.match(stdout, /^queries that find all +1$/m)
    assert.match(stdout, /^shard servers, median +2\.0 ms +2\.0 ms$/m)
    assert.match(stdout, /^q1 +1 of 2 +moon sea$/m)
    assert.doesNotMatch(stdout, /^q2/m)
    for (const line of stdout.split('\n')) assert.ok(widthOf(line) < 80, line)
  })

  it('gives all of it as one JSON document, and asks for a recall of 0.99 unless told otherwise', async () => {
    const filter = { field: 'year', gte: 2020 }
    const { stdout } = await recall('--filter', JSON.stringify(filter), '--json')
    const answer = JSON.parse(stdout)
    assert.deepEqual([answer.index, answer.k, answer.request], ['papers', 10, { recall: 0.99, filter }])
    // Of four documents three are found, and of four all.
    assert.deepEqual([answer.recall, answer.queries_whole, answer.queries_lost], [0.875, 1, 0])
    assert.deepEqual(answer.per_query[0], { id: 'q1', text: 'moon sea', hits: 4, found: 3 })
    assert.deepEqual(
      searched.map(request => request.filter),
      Array.from({ length: 4 }, () => filter),
    )
  })

  it('ends at a query that fails, and says which', async () => {
    failing = ({ query }) => (query === 'yeast' ? new HypershardError('corrupt_data', 'a segment is torn') : undefined)
    const { exitCode, stdout, stderr } = await recall()
    assert.deepEqual([exitCode, stdout], [1, ''])
    assert.equal(stderr, 'error: corrupt_data: query `q2`: a segment is torn; nothing was measured\n')
  })

  it('cuts queries that are too long, leaves out those that cannot be asked, and tells both', async () => {
    const long = `moon ${'sea '.repeat(4_500)}`
    await writeFile(at('queries.tsv'), `# of may\nq1\t${long}\nq2\tyeast\nq3\t \nq2\tyeast\n`)
    const { exitCode, stdout, stderr } = await recall('-k', '2')
    assert.equal(exitCode, 4, stderr)
    assert.match(stdout, /^recall@2 +0\.7500$/m)
    assert.match(stdout, /^1 query was longer than the model reads$/m)
    assert.match(stdout, /^1 query could not be asked and is left out$/m)
    assert.match(stdout, /^failed: query q3: invalid_request: body\.query: must not be blank$/m)
    assert.match(stdout.replaceAll('\n', ' '), /queries\.tsv: skipped 1 comment line, 1 line that stands twice/)
    const answer = JSON.parse((await recall('--json')).stdout)
    assert.deepEqual([answer.queries, answer.queries_truncated, answer.failures.length], [2, 1, 1])
    assert.equal(answer.files[0].comment_lines, 1)
  })

  it('searches for vectors and q-nets of a file, and reads no text into them', async () => {
    const header = encodeNpyHeader({ rows: 2, width: 2, precision: 'f16' })
    await writeFile(at('queries.npy'), Buffer.concat([header, Buffer.from(Float16Array.of(1, 2, 3, 4).buffer)]))
    await writeFile(at('qnets.jsonl'), lines([{ id: 'net', qnet: { weights: 'AAAA', precision: 'f16' } }]))
    const row = (...values: number[]) => Buffer.from(Float16Array.from(values).buffer).toString('base64')
    const own = await run('recall', 'papers', '--query-vectors', at('queries.npy'), '--json')
    const answer = JSON.parse(own.stdout)
    assert.deepEqual([answer.queries, answer.queries_with_unknown_tokens, answer.per_query[1].text], [2, 0, null])
    assert.equal((await run('recall', 'papers', '--query-qnets', at('qnets.jsonl'))).exitCode, 0)
    const qnet = { weights: 'AAAA', form: 'weights', precision: 'f16' }
    const asked = searched.map(({ query: _, ...request }) => request.vector ?? request.qnet)
    assert.deepEqual(asked, [row(1, 2), row(3, 4), row(1, 2), row(3, 4), qnet, qnet])
  })

  it('refuses what it cannot use before it asks', async () => {
    await writeFile(at('bad.jsonl'), lines([{ id: 'net', qnet: { weights: 'AAAA', form: 'onnx' } }]))
    for (const [words, message] of [
      [['--query-qnets', at('bad.jsonl')], /bad\.jsonl.* line 1: qnet\.form/],
      [['--query-vectors', at('bad.jsonl')], /no \.npy file/],
      [['--query-vectors', at('bad.jsonl'), '--queries', at('queries.tsv')], /with one of --queries/],
    ] as const) {
      const { exitCode, stderr } = await run('recall', 'papers', ...words)
      assert.deepEqual([exitCode, message.test(stderr)], [2, true], stderr)
    }
    assert.equal(searched.length, 0)
  })

  it('refuses texts that it cannot use before it asks', async () => {
    await writeFile(at('empty.tsv'), '')
    for (const [words, message] of [
      [['recall', 'papers'], /--queries/],
      [['recall', 'papers', '--queries', at('empty.tsv')], /empty\.tsv has no queries in it/],
      [['recall', 'papers', '--queries', at('none')], /cannot read .*none/],
      [['recall', 'papers', '--queries', at('queries.tsv'), '--filter', '3'], /must be a JSON object/],
    ] as const) {
      const { exitCode, stderr } = await run(...words)
      assert.equal(exitCode, 2, stderr)
      assert.match(stderr, message)
    }
    await run('index', 'create', 'empty')
    const { exitCode, stderr } = await run('recall', 'empty', '--queries', at('queries.tsv'))
    assert.equal(exitCode, 2)
    assert.match(stderr, /`empty` has no documents to find/)
    assert.deepEqual(searched, [])
  })
})
