import type { ClusterDescription } from '@hypershard/contract'
import type { ShardRow } from './shard-rows.ts'

/** The cluster in a line. */
export interface ClusterSums {
  readonly servers: number
  readonly serversLive: number
  readonly shards: number
  /** Loaded by some server, so that searches of them are whole. */
  readonly shardsServed: number
  readonly documents: number
  readonly encodersLive: number
}

/** @param rows all shards, each once */
export function clusterSums({ servers, encoders }: ClusterDescription, rows: readonly ShardRow[]): ClusterSums {
  return {
    servers: servers.length,
    serversLive: servers.filter(({ live }) => live).length,
    shards: rows.length,
    shardsServed: rows.filter(({ served }) => served).length,
    documents: rows.reduce((sum, { documents }) => sum + documents, 0),
    encodersLive: encoders.filter(({ live }) => live).length,
  }
}
