/** The indexer as a process. */
import { runMain } from '@hypershard/common'
import { indexerConfig, indexerPrefixes } from './config.ts'
import { startIndexer } from './start-indexer.ts'

await runMain(process.env, {
  service: 'indexer',
  config: indexerConfig,
  ownPrefixes: indexerPrefixes,
  start: (config, log) => startIndexer(config, log),
})
