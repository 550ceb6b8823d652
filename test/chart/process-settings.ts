import type { ConfigShape } from '@hypershard/common'
import { coordinatorConfig } from '@hypershard/coordinator/config'
import { encoderServiceConfig } from '@hypershard/encoder-service/config'
import { indexerConfig } from '@hypershard/indexer/config'
import { shardServerConfig } from '@hypershard/shard-server/config'

/** The settings of each process, by the argument that the image starts it with. */
export const processSettings: ReadonlyMap<string, ConfigShape> = new Map<string, ConfigShape>([
  ['coordinator', coordinatorConfig],
  ['encoder-service', encoderServiceConfig],
  ['indexer', indexerConfig],
  ['shard-server', shardServerConfig],
])
