import assert from 'node:assert/strict'
import { captureLog } from '@hypershard/harness'
import { isLoopback, type Listening, type Protection, requireProtection } from './exposure.ts'

const nothing: Protection = { hasProcessTls: false, hasKeys: false, hasPublicTls: false, insecure: false }
const internal = (address: string): Listening => ({ setting: 'HYPERSHARD_SHARD_LISTEN', address, for: 'processes' })
const http = (address: string): Listening => ({ setting: 'HYPERSHARD_HTTP_LISTEN', address, for: 'clients' })

/** What the log was told of, or the settings that are refused. */
function ask(ports: Listening[], protection: Partial<Protection>): string[] {
  const { log, lines } = captureLog()
  try {
    requireProtection(ports, { ...nothing, ...protection }, log)
  } catch (error) {
    return [`refused: ${(error as Error).message}`]
  }
  return lines.map(({ msg, setting }) => `${setting}: ${msg}`)
}

describe('who may listen where', () => {
  const loopbacks = [
    '127.0.0.1:7',
    '127.9.9.9:7',
    '[::1]:7',
    'localhost:7',
    '[::ffff:127.0.0.1]:7',
    '[0:0:0:0:0:0:0:1]:7',
  ]
  const beyond = [
    '0.0.0.0:7',
    '[::]:7',
    '10.0.0.7:7',
    '[fd00::1]:7',
    'shard-1:7',
    'localhost.example.com:7',
    '126.0.0.1:7',
  ]
  for (const address of loopbacks) it(`takes ${address} for loopback`, () => assert.equal(isLoopback(address), true))
  for (const address of beyond) it(`takes ${address} for beyond it`, () => assert.equal(isLoopback(address), false))

  const open = 'anybody who reaches this port is let in, as HYPERSHARD_INSECURE says'
  const clear = 'keys and documents pass this port in the clear'
  const table: { port: Listening; protection: Partial<Protection>; says: string[] | RegExp }[] = [
    { port: internal('127.0.0.1:1'), protection: {}, says: [] },
    { port: http('127.0.0.1:1'), protection: {}, says: [] },
    {
      port: internal('0.0.0.0:1'),
      protection: {},
      says: /HYPERSHARD_SHARD_LISTEN: 0\.0\.0\.0:1 .* set HYPERSHARD_TLS_CERT/,
    },
    { port: internal('0.0.0.0:1'), protection: { hasKeys: true, hasPublicTls: true }, says: /HYPERSHARD_TLS_CERT/ },
    { port: internal('0.0.0.0:1'), protection: { hasProcessTls: true }, says: [] },
    { port: internal('0.0.0.0:1'), protection: { insecure: true }, says: [`HYPERSHARD_SHARD_LISTEN: ${open}`] },
    { port: http('0.0.0.0:1'), protection: {}, says: /HYPERSHARD_HTTP_LISTEN: 0\.0\.0\.0:1 .* set HYPERSHARD_KEYS/ },
    { port: http('0.0.0.0:1'), protection: { hasProcessTls: true, hasPublicTls: true }, says: /HYPERSHARD_KEYS/ },
    { port: http('0.0.0.0:1'), protection: { hasKeys: true, hasPublicTls: true }, says: [] },
    { port: http('0.0.0.0:1'), protection: { hasKeys: true }, says: [`HYPERSHARD_HTTP_LISTEN: ${clear}`] },
    { port: http('0.0.0.0:1'), protection: { insecure: true }, says: [`HYPERSHARD_HTTP_LISTEN: ${open}`] },
  ]
  for (const { port, protection, says } of table) {
    const has = Object.keys(protection).join(', ') || 'nothing'
    it(`${port.for} at ${port.address} with ${has}: ${says instanceof RegExp ? 'refused' : says.join() || 'quiet'}`, () => {
      const said = ask([port], protection)
      if (Array.isArray(says)) assert.deepEqual(said, says)
      else assert.match(said.join(), says)
    })
  }

  it('names every port that is open, and what to do', () => {
    const [said] = ask([http('0.0.0.0:1'), internal('10.0.0.7:2')], {})
    assert.match(
      said!,
      /^refused: settings: HYPERSHARD_HTTP_LISTEN: .*HYPERSHARD_SHARD_LISTEN: .*HYPERSHARD_INSECURE=true/,
    )
  })
})
