import assert from 'node:assert/strict'
import { quietTelemetry } from '@hypershard/common'
import { createPublicServer, usualBounds } from './public-server.ts'

const { log } = quietTelemetry()

/** What became of a request that came on a connection with this address of its other end. */
function answeredTo(remoteAddress: string | undefined): readonly string[] {
  const became: string[] = []
  const server = createPublicServer(() => became.push('answered'), {
    certificates: undefined,
    requestMsMax: 60_000,
    log,
    bounds: usualBounds,
  })
  const socket = { writable: true, remoteAddress, destroy: () => became.push('closed') }
  server.emit('request', { socket, headers: { host: 'papers' }, httpVersion: '1.1' }, {})
  return became
}

describe('the public server', () => {
  it('does nothing for a client that is gone before its address is known', () => {
    assert.deepEqual(answeredTo('10.0.0.9'), ['answered'])
    assert.deepEqual(answeredTo(undefined), ['closed'])
  })
})
