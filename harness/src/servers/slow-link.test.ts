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

  const portOf = (address: string) => Number(address.split(':')[1])

  it('passes everything on in order, and its end', async () => {
    const socket = connect(portOf(link.address), '127.0.0.1')
    socket.write('one ')
    await new Promise(resolve => setImmediate(resolve))
    link.delayMs = 0
    socket.end('two')
    let heard = ''
    for await (const bytes of socket) heard += bytes
    assert.equal(heard, 'one two')
  })

  it('keeps for its delay what it passes on', async () => {
    link.delayMs = 1_000_000
    const slow = connect(portOf(link.address), '127.0.0.1')
    let heard = false
    slow.on('data', () => {
      heard = true
    })
    slow.write('late')
    const direct = connect((echo.address() as AddressInfo).port, '127.0.0.1')
    direct.write('soon')
    await once(direct, 'data')
    assert.equal(heard, false)
    direct.destroy()
    slow.destroy()
  })

  it('is cut on both sides when either goes', async () => {
    const socket = connect(portOf(link.address), '127.0.0.1')
    socket.write('hello')
    await once(socket, 'data')
    const gone = once(socket, 'close')
    await link.stop()
    await gone
  })
})
