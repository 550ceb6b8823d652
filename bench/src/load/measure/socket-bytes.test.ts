import assert from 'node:assert/strict'
import { socketBytesIn } from './socket-bytes.ts'

describe('the bytes of sockets', () => {
  it('are added up by the port of this end', () => {
    const output = `0      0         127.0.0.1:7710     127.0.0.1:40000
\t cubic wscale:7,7 rto:204 bytes_sent:1000 bytes_acked:1000 bytes_received:20 segs_out:3
0      12        127.0.0.1:40000    127.0.0.1:7710
\t cubic wscale:7,7 rto:204 bytes_sent:20 bytes_acked:20 bytes_received:1000 segs_out:3
0      0         [::1]:7710         [::1]:40001
\t cubic wscale:7,7 rto:204 bytes_received:5 segs_out:3
`
    assert.deepEqual(socketBytesIn(output).get(7710), { toServer: 25, fromServer: 1000 })
    assert.deepEqual(socketBytesIn(output).get(40000), { toServer: 1000, fromServer: 20 })
  })

  it('are none where nothing is connected', () => assert.equal(socketBytesIn('').size, 0))
})
