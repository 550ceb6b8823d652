import { commaList, hostAndPort } from '@hypershard/common'
import { z } from 'zod'

/** Settings that coordinators and indexers share: how they tell each other what is new in the store. */
export const announcementsConfig = {
  HYPERSHARD_COORDINATORS: commaList()
    .pipe(z.array(hostAndPort()))
    .optional()
    .describe(
      'The addresses at which coordinators hear other processes (HYPERSHARD_INTERNAL_LISTEN, or HYPERSHARD_GRPC_LISTEN ' +
        'without it), `host:port` with commas between: with these the process exchanges hints of what is new in the store. A coordinator may be in its own list. `hypershard up` sets it.',
    ),
  HYPERSHARD_ANNOUNCE_REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, 'must be redis://… or rediss://…')
    .optional()
    .describe(
      'A Redis by whose publish and subscribe coordinators and indexers exchange those hints, `redis://host:port`, in ' +
        'place of the list of coordinators or beside it. Nothing is kept in it.',
    ),
} as const
