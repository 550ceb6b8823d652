import { setTimeout as wait } from 'node:timers/promises'
import type { ShardServerPort } from '@hypershard/coordinator'
import { protocolVersion } from '@hypershard/proto/versions'
import type { CannedIndex } from './canned-index.ts'

/** A shard server in this process, which takes its time and no processor's. */
export function cannedServer(
  address: string,
  { results }: Pick<CannedIndex, 'results'>,
  serviceMs: number,
): ShardServerPort {
  const facts = {
    protocolVersion,
    zone: '',
    device: 'cpu',
    memoryBytes: 1e12,
    memoryFreeBytes: 1e12,
    draining: false,
    neededBy: 0,
  }
  return {
    address,
    checkHealth: async () => ({ serving: true, life: address, facts }),
    drain: async () => undefined,
    prepare: async ({ shards }) =>
      shards.map(shard => ({ shard, documents: 0, bytes: 0, error: undefined, noRoom: false })),
    search: async ({ shards }) => {
      await wait(serviceMs)
      return shards.map(shard => results[shard]!)
    },
    countWords: async () => [],
    count: async () => ({ counts: [] }),
    list: async () => ({ documents: [], next: undefined }),
    fetch: async () => [],
    find: async () => undefined,
    release: async () => [],
    close: () => undefined,
  }
}
