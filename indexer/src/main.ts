/** The indexer as a process. */
import { runMain } from '@hypershard/service'
import { indexerConfig, indexerPrefixes } from './config.ts'
import { startIndexer } from './start-indexer.ts'

await runMain(process.env, {
  service: 'indexer',
  config: indexerConfig,
  ownPrefixes: indexerPrefixes,
  start: (config, telemetry) => startIndexer(config, telemetry),
})
