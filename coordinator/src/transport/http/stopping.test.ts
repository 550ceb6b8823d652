import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { startTestCoordinator } from '../../testing/test-coordinator.ts'

describe('a coordinator that is told to stop', () => {
  it('answers what has begun to come, and closes the connection after it', async () => {
    const coordinator = await startTestCoordinator()
    const { port } = new URL(coordinator.url)
    const socket = connect({ host: '127.0.0.1', port: Number(port), noDelay: true })
    socket.setEncoding('utf8')
    await once(socket, 'connect')
    socket.write('GET /v1/indexes HTTP/1.1\r\nhost: it\r\n')
    // Once a later request is answered, the beginning of the first has been read.
    await (await fetch(`${coordinator.url}/v1/indexes`)).text()
    const stopped = coordinator.stop()
    socket.write('\r\n')
    let answer = ''
    for await (const piece of socket) answer += piece
    await stopped
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
    assert.match(answer, /\r\nconnection: close\r\n/i)
  })
})
