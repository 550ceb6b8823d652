import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { type SlowLink, startSlowLink } from './slow-link.ts'

describe('a slow link', () => {
  let echo: Server
  let link: SlowLink

  beforeEach(async () => {
    echo = createServer(socket => socket.pipe(socket))
    echo.listen(0, '127.0.0.1')
    await once(echo, 'listening')
    link = await startSlowLink(`127.0.0.1:${(echo.address() as AddressInfo).port}`, 40)
  })

  afterEach(async () => {
    await link.stop()
    echo.close()
  })

  it('passes everything on in order, later, and its end', async () => {
    const socket = connect(Number(link.address.split(':')[1]), '127.0.0.1')
    const startMs = performance.now()
    socket.write('one ')
    await new Promise(resolve => setImmediate(resolve))
    link.delayMs = 0
    socket.end('two')
    let heard = ''
    for await (const bytes of socket) heard += bytes
    assert.equal(heard, 'one two')
    // The echo's first word took half of 40 ms on its way there at least.
    assert.ok(performance.now() - startMs >= 19)
  })

  it('is cut on both sides when either goes', async () => {
    const socket = connect(Number(link.address.split(':')[1]), '127.0.0.1')
    socket.write('hello')
    await once(socket, 'data')
    const gone = once(socket, 'close')
    await link.stop()
    await gone
  })
})
