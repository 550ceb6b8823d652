import { announcementsConfig } from '@hypershard/announcements'
import { type Config, internalProxy, serviceConfig, wholeNumber } from '@hypershard/common'
import { membershipConfig, membersSetting } from '@hypershard/membership'
import { z } from 'zod'

const withDefault = (value: number, range: { min: number; max: number }) =>
  z.string().default(String(value)).pipe(wholeNumber(range))

/** The indexer's settings. */
export const indexerConfig = {
  HYPERSHARD_ENCODER: membersSetting('the encoder services, such as host:port').describe(
    'The encoder services, in the three ways in which HYPERSHARD_SHARD_SERVERS names shard servers; zones mean nothing. ' +
      'Documents are spread over all that have their model.',
  ),
  ...membershipConfig,
  HYPERSHARD_STORE: z
    .string('is required: the object store')
    .min(1)
    .describe(
      'The object store, a directory or `s3://bucket/prefix?region=…&endpoint=…`, the same for all processes of a cluster.',
    ),
  HYPERSHARD_INTERNAL_PROXY: internalProxy(),
  HYPERSHARD_INDEXER_CONCURRENCY: withDefault(2, { min: 1, max: 64 }).describe(
    'Jobs of each kind that run at a time: following write logs, and all else. The encoder is the bottleneck: two keep ' +
      'it busy while one of them commits. An index that had no turn lately waits for none of the others.',
  ),
  HYPERSHARD_INDEXER_REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, 'must be redis://… or rediss://…')
    .optional()
    .describe(
      'A Redis whose queue several indexers share the work by, `redis://host:port`; without one each looks for itself. ' +
        'It must not evict (`maxmemory-policy noeviction`), and losing what is in it loses nothing.',
    ),
  ...announcementsConfig,
  HYPERSHARD_INDEXER_SCAN_MS: withDefault(60_000, { min: 10, max: 600_000 }).describe(
    'How often each index is looked at in the object store for work that nobody told of, in milliseconds: what is told ' +
      'is done at once. While nobody can be heard it is a second at most.',
  ),
  HYPERSHARD_INDEXER_KEEP_MS: withDefault(3_600_000, { min: 0, max: 30 * 24 * 3_600_000 }).describe(
    'How long files that no manifest needs any more are kept, in milliseconds: longer than any search, cursor or ' +
      'commit that may still use them.',
  ),
  ...serviceConfig,
} as const

export type IndexerConfig = Config<typeof indexerConfig>

/** Beginnings of names that no other process has other settings with. */
export const indexerPrefixes: readonly string[] = [
  'HYPERSHARD_INDEXER_',
  // HYPERSHARD_INTERNAL_LISTEN, which may stand in the same environment, is the coordinator's.
  'HYPERSHARD_INTERNAL_P',
  'HYPERSHARD_ANNOUNCE_',
]
