/** The coordinator as a process. */
import { runMain } from '@hypershard/service'
import { coordinatorConfig, coordinatorPrefixes } from './config.ts'
import { startCoordinator } from './start-coordinator.ts'

await runMain(process.env, {
  service: 'coordinator',
  config: coordinatorConfig,
  ownPrefixes: coordinatorPrefixes,
  start: (config, telemetry) => startCoordinator(config, telemetry),
})
