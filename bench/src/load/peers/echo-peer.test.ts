import assert from 'node:assert/strict'
import { type Peer, startEchoPeer } from './echo-peer.ts'

describe('the bare route', () => {
  let peer: Peer

  afterEach(() => peer.stop())

  it('answers, from two processes, with as many bytes as it was told to', async () => {
    const answer = JSON.stringify({ hits: [{ id: 'a', text: 'ä'.repeat(1_000) }] })
    peer = await startEchoPeer(answer)
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"x"}' }
    const response = await fetch(`${peer.to.origin}${peer.to.path}`, init)
    assert.equal(await response.text(), answer)
    assert.equal(new Set(peer.processes.map(({ pid }) => pid)).size, 2)
  })
})
