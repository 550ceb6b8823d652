import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type KnownIndex, knownIndexOf, SteadySearches } from './steady-searches.ts'

const coverage = {
  documents_eligible: 2,
  documents_matched: 2,
  documents_scored: 2,
  documents_scanned: 0,
  documents_walked: 0,
  ratio: 1,
  non_finite_scores: 0,
  missing: [],
}
const whole = {
  hits: [
    { id: 'a', score: 2, text: 'text of a' },
    { id: 'b', score: 1, text: 'text of b' },
  ],
  coverage,
  plan: 'exact',
  took_ms: 1,
  manifest_version: 4,
  query_truncated: false,
  query_tokens: 1,
  query_unknown_tokens: 0,
  cached: false,
  next_cursor: null,
}
const refused = {
  type: 'https://hypershard.dev/errors/overloaded',
  title: 'Too much at a time',
  status: 429,
  code: 'overloaded',
  detail: 'wait',
  retryable: true,
  details: {},
}

describe('searches at a steady rate', () => {
  let server: Server
  let known: KnownIndex
  let searches: SteadySearches
  /** What the server answers from now on. */
  let answer: { status: number; json: object }

  beforeEach(async () => {
    answer = { status: 200, json: whole }
    server = createServer((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.json))
      })
    }).listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    known = await knownIndexOf(url, { queries: ['one', 'two'], shards: 1, textOf: id => `text of ${id}` })
    searches = new SteadySearches(known, { periodMs: 5 })
  })
  afterEach(async () => {
    await searches.stop().catch(() => undefined)
    server.closeAllConnections()
    server.close()
  })

  it('are unharmed while each is whole', async () => {
    await searches.unharmed(async () => void (await searches.more(3)))
    await searches.stop()
  })

  it('are harmed by a failure, also by one after the work', async () => {
    const fails = async () => {
      answer = { status: 429, json: refused }
    }
    await assert.rejects(searches.unharmed(fails), /were not to notice[\s\S]*overloaded/)
    await searches.stop()
  })

  it('turn to another place while nobody can be reached at the first, with the same headers', async () => {
    const keys = new Set<string | undefined>()
    server.on('request', request => keys.add(request.headers.authorization))
    const away = { url: 'http://127.0.0.1:1', otherUrls: [known.url], headers: { authorization: 'Bearer key' } }
    const turning = new SteadySearches({ versions: known.versions, ...away }, { periodMs: 5 })
    await turning.unharmed(async () => void (await turning.more(3)))
    await turning.stop()
    assert.ok(keys.has('Bearer key'))
  })

  it('are harmed where nobody listens', async () => {
    const closes = async () => {
      server.closeAllConnections()
      server.close()
      await searches.more(1)
    }
    await assert.rejects(searches.unharmed(closes), /were not to notice[\s\S]*unreachable/)
  })

  it('stand no answer that is wrong', async () => {
    answer = { status: 200, json: { ...whole, hits: [...whole.hits].reverse() } }
    await assert.rejects(searches.more(1), /comes before/)
    await assert.rejects(searches.stop(), /comes before/)
  })
})
