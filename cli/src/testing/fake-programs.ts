import { fileURLToPath } from 'node:url'
import type { ServicePrograms } from '../cluster/plan-processes.ts'

const program = fileURLToPath(new URL('./fake-service.ts', import.meta.url))

/** One script plays every service. */
export const fakePrograms: ServicePrograms = Object.freeze({
  encoder: program,
  shard: program,
  indexer: program,
  coordinator: program,
})
