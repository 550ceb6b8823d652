import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import vm from 'node:vm'
import { createFakeApi, serve, type TestServer } from '@hypershard/harness/api'
import { build } from 'esbuild'

/** What a page has; nothing of Node. */
const browser = { URL, fetch, AbortSignal, AbortController, TextDecoder, TextEncoder, ReadableStream, DOMException }
const timers = { setTimeout, clearTimeout, performance, crypto, Uint8Array, File, structuredClone }

describe('the client in a browser', () => {
  let server: TestServer
  let script: string

  before(async () => {
    server = await serve(createFakeApi())
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('./index.ts', import.meta.url))],
      bundle: true,
      minify: true,
      write: false,
      platform: 'browser',
      format: 'iife',
      globalName: 'hypershard',
      logLevel: 'silent',
    })
    script = outputFiles[0]!.text
  })

  after(() => server.close())

  it('is small: the schemas of the contract are not in it', () => {
    assert.ok(script.length < 32 * 1024, `${script.length} bytes`)
  })

  it('is one script that creates, puts and searches with nothing but what pages have', async () => {
    const run = `(async () => {
      const client = new hypershard.HypershardClient({ url: ${JSON.stringify(server.url)} })
      await client.createIndex({ name: 'page' })
      const documents = [{ id: 'a', title: 'moon', text: 'the moon' }, { id: 'b', title: 'sun', text: 'the sun' }]
      const { accepted } = await client.putAll('page', documents, { waitFor: 'searchable', batchDocumentsMax: 1 })
      const { hits } = await client.search('page', { query: 'moon' })
      return JSON.stringify({ accepted, best: hits[0].id })
    })()`
    const answer = await vm.runInNewContext(`${script};${run}`, { ...browser, ...timers })
    assert.deepEqual(JSON.parse(answer), { accepted: 2, best: 'a' })
  })

  it('tells problems and dead servers apart there too', async () => {
    const run = `(async () => {
      const ask = url => new hypershard.HypershardClient({ url, attemptsMax: 1 }).describeIndex('nope').catch(e => e.code)
      return [await ask(${JSON.stringify(server.url)}), await ask('http://127.0.0.1:1')].join()
    })()`
    const answer = await vm.runInNewContext(`${script};${run}`, { ...browser, ...timers })
    assert.equal(answer, 'index_not_found,unavailable')
  })
})
