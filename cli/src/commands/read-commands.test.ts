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

describe('documents count and documents list', () => {
  let server: TestServer
  let asked: string[]

  beforeEach(async () => {
    asked = []
    server = await serve(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      asked.push(`${request.method} ${request.url} ${body}`)
      const count = { count: 1_234, coverage: {}, manifest_version: 1, took_ms: 1 }
      response.end(JSON.stringify(request.url?.endsWith('count') ? count : page))
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
})
