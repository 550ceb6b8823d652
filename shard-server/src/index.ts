export * from './scoring/scan-shards.ts'
export * from './start-shard-server.ts'
