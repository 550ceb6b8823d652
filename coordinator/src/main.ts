/** The coordinator as a process. */
import { runMain } from '@hypershard/common'
import { coordinatorConfig, coordinatorPrefixes } from './config.ts'
import { startCoordinator } from './start-coordinator.ts'

await runMain(process.env, {
  service: 'coordinator',
  config: coordinatorConfig,
  ownPrefixes: coordinatorPrefixes,
  start: (config, log) => startCoordinator(config, log),
})
