import assert from 'node:assert/strict'
import { createTestStore, startTestShardServer } from './testing/test-shard-server.ts'

describe('a shard server that would listen beyond this machine', () => {
  it('does not start without certificates', async () => {
    const store = await createTestStore()
    try {
      await assert.rejects(startTestShardServer(store.root, { HYPERSHARD_SHARD_LISTEN: '0.0.0.0:0' }), {
        code: 'invalid_config',
        message: /HYPERSHARD_SHARD_LISTEN: .*set HYPERSHARD_TLS_CERT/,
      })
    } finally {
      await store.remove()
    }
  })
})
