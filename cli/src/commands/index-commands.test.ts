import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { serve, type TestServer } from '@hypershard/harness/api'
import { runCommand } from '../testing/run-command.ts'

describe('hypershard index create', () => {
  let asked: unknown
  let server: TestServer

  before(async () => {
    server = await serve(async (request, response) => {
      asked = JSON.parse(await text(request))
      response.writeHead(500).end()
    })
  })

  after(() => server.close())

  for (const { words, passages } of [
    { words: [], passages: undefined },
    { words: ['--passages'], passages: {} },
    { words: ['--passages', '0.25'], passages: { overlap: 0.25 } },
    { words: ['--no-passages'], passages: false },
  ]) {
    it(`asks for the passages that ${words.join(' ') || 'nothing'} tells`, async () => {
      await runCommand(['--url', server.url, 'index', 'create', 'papers', ...words])
      assert.deepEqual(asked, { name: 'papers', ...(passages !== undefined && { passages }) })
    })
  }
})
