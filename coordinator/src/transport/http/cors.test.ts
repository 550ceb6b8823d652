import assert from 'node:assert/strict'
import { startTestCoordinator, type TestCoordinator } from '../../testing/test-coordinator.ts'

const app = 'https://app.example.com'
const other = 'https://other.example.com'

/** As a browser asks before it sends what a form could not send. */
function preflight(url: string, origin: string, method = 'PUT', headers = 'content-type, content-encoding') {
  return fetch(url, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': headers },
  })
}

describe('calls of browsers from other origins', () => {
  let coordinator: TestCoordinator
  afterEach(() => coordinator.stop())

  async function start(origins?: string): Promise<string> {
    const environment = origins === undefined ? {} : { HYPERSHARD_HTTP_CORS_ORIGINS: origins }
    coordinator = await startTestCoordinator({ environment })
    return `${coordinator.url}/v1/indexes`
  }

  it('are not answered for unless it is set', async () => {
    const url = await start()
    const asked = await preflight(url, app)
    assert.deepEqual([asked.status, asked.headers.get('access-control-allow-origin')], [404, null])
    assert.match(await asked.text(), /"code":"route_not_found"/)
    const answer = await fetch(url, { headers: { origin: app } })
    assert.deepEqual([answer.status, answer.headers.get('access-control-allow-origin')], [200, null])
  })

  it('are allowed from origins that are listed, on every route', async () => {
    const url = await start(`${app}, http://localhost:3000`)
    const routes = [
      [url, 'POST'],
      [`${url}/papers/documents`, 'PUT'],
      [`${url}/papers/search`, 'POST'],
      [`${url}/papers/generations/2`, 'PATCH'],
      [`${url}/papers`, 'DELETE'],
    ] as const
    for (const [route, method] of routes) {
      const { status, headers } = await preflight(route, app, method)
      assert.deepEqual([status, headers.get('access-control-allow-origin')], [204, app])
      assert.ok(headers.get('access-control-allow-methods')?.split(', ').includes(method))
      assert.equal(headers.get('access-control-allow-headers'), 'content-type, content-encoding')
      assert.equal(headers.get('access-control-allow-credentials'), null)
    }
    const answer = await fetch(url, { headers: { origin: 'http://localhost:3000' } })
    assert.equal(answer.headers.get('access-control-allow-origin'), 'http://localhost:3000')
    assert.match(answer.headers.get('access-control-expose-headers') ?? '', /Retry-After/)
    assert.match(answer.headers.get('vary') ?? '', /Origin/)
  })

  it('can read problems too', async () => {
    const url = await start(app)
    for (const path of ['/nope', '/papers/nope']) {
      const { status, headers } = await fetch(`${url}${path}`, { headers: { origin: app } })
      assert.deepEqual([status, headers.get('access-control-allow-origin')], [404, app])
    }
    const body = await fetch(`${url}/x/search`, {
      method: 'POST',
      headers: { origin: app, 'content-encoding': 'lz4' },
      body: 'x',
    })
    assert.deepEqual([body.status, body.headers.get('access-control-allow-origin')], [415, app])
  })

  it('are not allowed from any other origin', async () => {
    const url = await start(app)
    const asked = await preflight(url, other)
    assert.equal(asked.headers.get('access-control-allow-origin'), null)
    const answer = await fetch(url, { headers: { origin: other } })
    assert.equal(answer.headers.get('access-control-allow-origin'), null)
  })

  it('are allowed from anywhere for *', async () => {
    const url = await start('*')
    for (const origin of [app, other, 'null']) {
      assert.equal((await preflight(url, origin)).headers.get('access-control-allow-origin'), '*')
    }
    assert.equal((await fetch(url, { headers: { origin: app } })).headers.get('access-control-allow-origin'), '*')
  })
})
