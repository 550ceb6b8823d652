import assert from 'node:assert/strict'
import { serve, type TestServer } from '@hypershard/harness/api'
import { runCommand } from '../testing/run-command.ts'

const page = {
  documents: [
    { id: 'a', version: 1, title: 'Tides', text: 'The sea.' },
    { id: 'b', version: 2, title: '', text: 'two\nlines' },
  ],
  next_cursor: 'onward',
  manifest_version: 1,
  took_ms: 1,
}

const deletion = (deleted: number, complete: boolean, sequence: number) => ({
  deleted,
  complete,
  sequence,
  written_meanwhile: 1,
})

describe('commands of all documents that pass a filter', () => {
  let deletions: unknown[]
  let patched: unknown[]
  let server: TestServer
  let asked: string[]

  beforeEach(async () => {
    asked = []
    patched = []
    deletions = [deletion(200_000, false, 7), deletion(2, true, 8)]
    server = await serve(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      asked.push(`${request.method} ${request.url} ${body}`)
      const count = { count: 1_234, coverage: {}, manifest_version: 1, took_ms: 1 }
      if (request.method !== 'POST') return void response.end(JSON.stringify({ result: patched.shift() ?? {} }))
      const answers = request.url?.includes('delete')
        ? deletions.shift()
        : request.url?.endsWith('count')
          ? count
          : page
      response.end(JSON.stringify(answers))
    })
  })

  afterEach(() => server.close())

  const run = (...words: string[]) => runCommand(['--url', server.url, 'documents', 'count', 'papers', ...words])

  it('says how many pass a filter, whose numbers are sent as they are written', async () => {
    const { exitCode, stdout } = await run('--filter', '{"field":"n","equals":9007199254740993}')
    assert.deepEqual([exitCode, stdout], [0, '1,234 documents of papers pass the filter\n'])
    const path = 'POST /v1/indexes/papers/documents/count'
    assert.deepEqual(asked, [`${path} {"filter":{"field":"n","equals":9007199254740993}}`])
  })

  it('says how many there are, and tells all of the answer to programs', async () => {
    assert.equal((await run()).stdout, '1,234 documents of papers\n')
    assert.equal(JSON.parse((await run('--json')).stdout).manifest_version, 1)
  })

  it('takes no filter that is no JSON object', async () => {
    assert.equal((await run('--filter', 'year')).exitCode, 2)
    assert.deepEqual(asked, [])
  })

  it('shows a page of documents, and how to ask for the next', async () => {
    const words = ['--url', server.url, 'documents', 'list', 'papers', '--limit', '2', '--vectors', '--cursor', 'here']
    const { exitCode, stdout } = await runCommand(words)
    assert.deepEqual([exitCode, stdout], [0, 'a Tides\nb two lines\n2 documents\nnext page: --cursor onward\n'])
    const sent = { limit: 2, cursor: 'here', with: ['text', 'fields', 'vector'] }
    assert.deepEqual(asked, [`POST /v1/indexes/papers/documents/list ${JSON.stringify(sent)}`])
  })

  it('deletes what passes until there is no more, each time behind the deletion before', async () => {
    const words = ['--url', server.url, 'documents', 'delete', 'papers', '--filter', '{"field":"n","lt":5}']
    const { exitCode, stdout } = await runCommand(words)
    assert.deepEqual([exitCode, stdout.split('\n')[0]], [0, 'deleted 200,002 documents from papers'])
    assert.match(stdout, /2 documents written meanwhile stay/)
    const sequences = asked.map(line => JSON.parse(line.split(' ')[2]!).min_sequence)
    assert.deepEqual(sequences, [0, 7])
  })

  it('deletes by ids or by a filter, not both and not neither', async () => {
    const run = (...words: string[]) => runCommand(['--url', server.url, 'documents', 'delete', 'papers', ...words])
    assert.deepEqual([(await run()).exitCode, (await run('a', '--filter', '{}')).exitCode, asked], [2, 2, []])
  })

  it('patches a document, and says why it could not be', async () => {
    const missing = { line: 1, id: 'b', code: 'document_not_found', message: 'there is none' }
    patched = [{}, { sequence: 9, errors: [] }, {}, { sequence: null, errors: [missing] }]
    const run = (id: string) =>
      runCommand(['--url', server.url, 'documents', 'patch', 'papers', id, '{"year":9007199254740993,"draft":null}'])
    const { exitCode, stdout } = await run('a')
    assert.deepEqual([exitCode, stdout], [0, 'patched a of papers (write 9)\n'])
    assert.match(asked.at(-1)!, /^PUT .* \{"year":9007199254740993,"draft":null,"id":"a","_op":"patch"\}\n$/)
    const failed = await run('b')
    assert.deepEqual([failed.exitCode > 0, /document_not_found: there is none/.test(failed.stderr)], [true, true])
  })
})
