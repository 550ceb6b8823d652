import assert from 'node:assert/strict'
import { HypershardError } from '@hypershard/common'
import { type AdminServer, startAdminServer } from './admin-server.ts'

describe('the admin listener', () => {
  let server: AdminServer
  let missing: string | undefined

  beforeEach(async () => {
    missing = undefined
    server = await startAdminServer('127.0.0.1:0', {
      requireReady: async () => {
        if (missing !== undefined) throw new HypershardError('unavailable', missing)
      },
      metrics: { contentType: 'text/plain; version=0.0.4', render: async () => 'hypershard_cups_total 3\n' },
    })
  })

  afterEach(() => server.stop())

  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(`http://${server.address}${path}`, { method })
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
  }

  it('tells apart a process that lives and one that can do its work', async () => {
    assert.equal((await ask('/readyz')).status, 200)
    missing = 'no encoder service answers'
    assert.deepEqual(await ask('/readyz'), { status: 503, type: 'text/plain', text: 'no encoder service answers\n' })
    assert.equal((await ask('/healthz')).status, 200)
  })

  it('gives the metrics', async () => {
    const { text, type } = await ask('/metrics')
    assert.equal(text, 'hypershard_cups_total 3\n')
    assert.equal(type, 'text/plain; version=0.0.4')
  })

  it('answers nothing else', async () => {
    assert.equal((await ask('/v1/indexes')).status, 404)
    assert.equal((await ask('/metrics', 'POST')).status, 405)
  })
})
