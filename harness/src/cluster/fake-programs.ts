import { fileURLToPath } from 'node:url'
import type { ServicePrograms } from '@hypershard/local-cluster'

const program = fileURLToPath(new URL('./fake-service.ts', import.meta.url))

/** One script plays every service. */
export const fakePrograms: ServicePrograms = Object.freeze({
  encoder: program,
  shard: program,
  indexer: program,
  coordinator: program,
})

/** The script of a supervisor of fake services, which tests may kill. */
export const fakeSupervisor = fileURLToPath(new URL('./fake-supervisor.ts', import.meta.url))
