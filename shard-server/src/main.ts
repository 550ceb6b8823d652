/** The shard server as a process. */
import { runMain } from '@hypershard/service'
import { shardServerConfig } from './config.ts'
import { startShardServer } from './start-shard-server.ts'

// The coordinator's list of shard servers, which may stand in the same environment, has this process's prefix.
const { HYPERSHARD_SHARD_SERVERS: _ofTheCoordinator, ...environment } = process.env

await runMain(environment, {
  service: 'shard-server',
  config: shardServerConfig,
  ownPrefixes: ['HYPERSHARD_SHARD_'],
  start: startShardServer,
})
