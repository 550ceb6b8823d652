import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeNpyHeader } from '@hypershard/common'
import { serve, type TestServer } from '@hypershard/harness/api'
import { runCommand } from '../testing/run-command.ts'

const vectors = [
  [1, 2],
  [3, 4],
  [5, 6],
]

const documentAt = (at: number) => ({
  id: `d${at}`,
  version: at,
  title: `t${at}`,
  text: 'line\nbreak',
  fields: { year: 2000 + at },
  vector: { model: 'ab'.repeat(32), values: Buffer.from(Float32Array.from(vectors[at]!).buffer).toString('base64') },
})

const lineOf = (at: number) => JSON.stringify({ id: `d${at}`, title: `t${at}`, text: 'line\nbreak', year: 2000 + at })

describe('hypershard documents export', () => {
  let folder: string
  let server: TestServer
  /** Bodies of the requests for pages. */
  let asked: { cursor?: string; filter?: object; with: string[] }[]
  /** Of the page with this cursor nothing is answered. */
  let failing: string | undefined
  let passages: boolean
  /** Whether nothing was written to the index yet. */
  let empty: boolean

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-export-'))
    asked = []
    failing = undefined
    passages = false
    empty = false
    server = await serve(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      if (request.url!.endsWith('/count'))
        return void response.end(JSON.stringify({ count: 3, coverage: {}, manifest_version: 7, took_ms: 1 }))
      const page = JSON.parse(body)
      asked.push(page)
      if (page.cursor !== undefined && page.cursor === failing) return void response.destroy()
      const end = { documents: [], next_cursor: null, manifest_version: 0, took_ms: 1 }
      // Who asks again would do so for ever.
      if (empty) return void (asked.length > 1 ? response.destroy() : response.end(JSON.stringify(end)))
      const at = Number(page.cursor ?? 0)
      const { vector, ...document } = documentAt(at)
      const documents = [{ ...document, ...(page.with.includes('vector') && { vector: passages ? null : vector }) }]
      const rest = { next_cursor: at < 2 ? `${at + 1}` : null, manifest_version: 7, took_ms: 1 }
      response.end(JSON.stringify({ documents, ...rest }))
    })
  })

  afterEach(async () => {
    await server.close()
    await rm(folder, { recursive: true })
  })

  const run = (...words: string[]) => runCommand(['--url', server.url, 'documents', 'export', 'papers', ...words])
  const read = (name: string) => readFile(join(folder, name))

  it('writes lines as a put takes them, and vectors as the rows of a matrix', async () => {
    const { exitCode, stdout } = await run(folder, '--vectors')
    assert.deepEqual([exitCode, stdout], [0, `3 documents of papers, version 7, in ${folder}\n`])
    assert.equal((await read('documents.ndjson')).toString(), `${lineOf(0)}\n${lineOf(1)}\n${lineOf(2)}\n`)
    const matrix = await read('vectors.npy')
    const { rows, width, precision, dataStart } = decodeNpyHeader(matrix)
    assert.deepEqual([rows, width, precision], [3, 2, 'f32'])
    assert.deepEqual([...new Float32Array(new Uint8Array(matrix.subarray(dataStart)).buffer)], vectors.flat())
  })

  it('goes on behind the last whole page, and cuts off what was written beyond', async () => {
    failing = '1'
    assert.notEqual((await run(folder, '--vectors')).exitCode, 0)
    await appendFile(join(folder, 'documents.ndjson'), `{"id": "${'half'.repeat(1_000)}`)
    await appendFile(join(folder, 'vectors.npy'), 'torn')
    failing = undefined
    asked = []
    const { exitCode, stdout } = await run(folder, '--vectors')
    assert.equal(exitCode, 0)
    assert.match(stdout, /^1 document of them from a run before$/m)
    assert.deepEqual(
      asked.map(({ cursor }) => cursor),
      ['1', '2'],
    )
    assert.equal((await read('documents.ndjson')).toString(), `${lineOf(0)}\n${lineOf(1)}\n${lineOf(2)}\n`)
    assert.equal((await read('vectors.npy')).length, decodeNpyHeader(await read('vectors.npy')).dataStart + 4 * 6)
  })

  it('asks for nothing more when all is there', async () => {
    await run(folder)
    asked = []
    assert.equal((await run(folder)).exitCode, 0)
    assert.deepEqual(asked, [])
    assert.equal((await read('documents.ndjson')).toString().split('\n').length, 4)
  })

  it('ends with an index that nothing was written to', async () => {
    empty = true
    const { exitCode, stdout } = await run(folder, '--vectors')
    assert.deepEqual([exitCode, stdout], [0, `0 documents of papers, version 0, in ${folder}\n`])
    assert.equal((await run(folder, '--vectors')).exitCode, 0)
    assert.equal(asked.length, 1)
    assert.equal(decodeNpyHeader(await read('vectors.npy')).rows, 0)
  })

  it('does not mix what other filters let through, or write over files of others', async () => {
    await run(folder, '--filter', '{"field":"year","gt":1999}')
    assert.deepEqual(asked[0]!.filter, { field: 'year', gt: 1999 })
    const other = await run(folder)
    assert.equal(other.exitCode, 2)
    assert.match(other.stderr, /holds an export of papers with another filter/)
    await rm(join(folder, 'export.json'))
    await writeFile(join(folder, 'documents.ndjson'), 'mine')
    assert.equal((await run(folder)).exitCode, 2)
    assert.equal((await read('documents.ndjson')).toString(), 'mine')
    await rm(join(folder, 'documents.ndjson'))
    await writeFile(join(folder, 'vectors.npy'), 'mine')
    assert.equal((await run(folder, '--vectors')).exitCode, 2)
    assert.deepEqual(await readdir(folder), ['vectors.npy'])
  })

  it('says which document has no single vector', async () => {
    passages = true
    const { exitCode, stderr } = await run(folder, '--vectors')
    assert.equal(exitCode, 2)
    assert.match(stderr, /document d0: it has several passages.*without --vectors/)
  })

  it('writes lines with their vectors to standard output', async () => {
    const { exitCode, stdout } = await run('-', '--vectors')
    assert.equal(exitCode, 0)
    const lines = stdout.trim().split('\n')
    assert.equal(lines.length, 3)
    assert.deepEqual(JSON.parse(lines[2]!).vector, documentAt(2).vector)
    assert.equal(JSON.parse(lines[2]!).year, 2002)
  })
})
