import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CountingProxy, startCountingProxy } from './counting-proxy.ts'

describe('a counting proxy', () => {
  let server: Server
  let proxy: CountingProxy

  beforeEach(async () => {
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      response.writeHead(request.url === '/gone' ? 404 : 200, { 'x-method': request.method })
      response.end(`${request.headers['x-asked']} ${request.url} ${Buffer.concat(chunks)}`)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    proxy = await startCountingProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  })

  afterEach(async () => {
    await proxy.stop()
    server.closeAllConnections()
    server.close()
  })

  it('hands on requests and answers as they are, and counts them by method', async () => {
    const put = await fetch(`${proxy.url}/a%2Fb?c=d`, { method: 'PUT', body: 'text', headers: { 'x-asked': 'so' } })
    assert.deepEqual([put.status, put.headers.get('x-method'), await put.text()], [200, 'PUT', 'so /a%2Fb?c=d text'])
    assert.equal((await fetch(`${proxy.url}/gone`)).status, 404)
    await fetch(`${proxy.url}/`)
    assert.deepEqual(proxy.counts(), { PUT: 1, GET: 2 })
  })
})
