import assert from 'node:assert/strict'
import { createTestStore, startTestShardServer } from '../testing/test-shard-server.ts'

describe('HYPERSHARD_SHARD_DEVICE', () => {
  it('ends the start where the device does not work, or nobody says how much fits on it', async () => {
    const store = await createTestStore()
    try {
      const start = (memory: number) =>
        startTestShardServer(store.root, {
          // No machine has so many; where one has the provider and the driver, it says so.
          HYPERSHARD_SHARD_DEVICE: 'cuda:99',
          HYPERSHARD_SHARD_DEVICE_MEMORY_BYTES: memory,
        })
      await assert.rejects(start(1_000), { code: 'invalid_config', message: /cuda:99 does not work here: / })
      await assert.rejects(start(0), { code: 'invalid_config', message: /_DEVICE_MEMORY_BYTES is required/ })
    } finally {
      await store.remove()
    }
  })
})
