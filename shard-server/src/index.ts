export * from './scoring/scoring-pool.ts'
export * from './start-shard-server.ts'
