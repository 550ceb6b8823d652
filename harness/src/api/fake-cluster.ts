import type { ClusterDescription, ModelReference } from '@hypershard/contract'

interface FakeIndex {
  readonly index: string
  readonly documents: number
}

const moving = {
  generation: 1,
  shard: 1,
  from: ['127.0.0.1:7003'],
  to: '127.0.0.1:7002',
  since: '2026-11-23T02:00:00.000Z',
  state: 'loading' as const,
  reason: null,
}

const unplaced = {
  generation: 1,
  shard: 2,
  needed_bytes: 9e9,
  replicas: 1,
  placed: 0,
  servers: [{ address: '127.0.0.1:7002', memory_free_bytes: 6 * 2 ** 30 }],
}

/** Two shard servers that hold one shard of each index, of which one is down. */
export function describeFakeCluster(
  indexes: readonly FakeIndex[],
  { model, unserved }: { model: ModelReference; unserved: readonly string[] },
): ClusterDescription {
  const server = {
    address: '127.0.0.1:7002',
    live: true,
    down_reason: null,
    down_since: null,
    listed: true,
    placed_since: '2026-11-23T00:00:00.000Z',
    draining: false,
    zone: 'a',
    device: 'cpu',
    protocol_version: 2,
    memory_bytes: 8 * 2 ** 30,
    memory_free_bytes: 6 * 2 ** 30,
    device_memory: null,
    weight: 1,
    outstanding: 0,
    shards: indexes.map(index => ({ ...index, generation: 1, shard: 0, warm: true, placed: true })),
  }
  const down = {
    address: '127.0.0.1:7003',
    live: false,
    down_reason: 'connection refused',
    down_since: '2026-11-23T01:00:00.000Z',
    device: 'cuda:0',
    device_memory: { limit_bytes: 8e10, held_bytes: 6e10, cpu_segments: 2, cpu_bytes: 3e10 },
  }
  return {
    protocol_version: 2,
    encoders: [
      {
        address: '127.0.0.1:7001',
        live: true,
        down_reason: null,
        draining: false,
        weight: 1,
        outstanding: 0,
        waiting: { queries: 0, documents: 0, pairs: 0 },
        protocol_version: 2,
        models: [{ name: model.name, digest: model.digest, document_kernel: 'fp32' }],
      },
    ],
    indexes_without_model: unserved.map(index => ({
      index,
      generation: 1,
      model: { name: 'gone', digest: 'e'.repeat(64) },
      message: `index \`${index}\`: it was made with the model \`gone\``,
    })),
    hedges: { asked: 3, won: 2, cancelled: 3, refused_by_budget: 0 },
    retries: 1,
    view: 3,
    servers: [server, { ...server, ...down }],
    moves: indexes.map(({ index }) => ({ ...moving, index })),
    unplaced: indexes.map(({ index }) => ({ ...unplaced, index })),
  }
}
