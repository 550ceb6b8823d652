export { WeightsMemory } from './qnets/weights-memory.ts'
export { makeScanCopy } from './scoring/scan-copy.ts'
export * from './scoring/scoring-pool.ts'
export * from './start-shard-server.ts'
