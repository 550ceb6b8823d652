import { z } from 'zod'
import { hostAndPort } from './config.ts'
import { logLevels } from './logging.ts'

/** Settings that every process of the cluster has. */
export const serviceConfig = {
  HYPERSHARD_ADMIN_LISTEN: hostAndPort()
    .optional()
    .describe(
      'Where the process answers `/healthz`, `/readyz` and `/metrics` over plain HTTP, `host:port`; port 0 takes a free ' +
        'one, and nowhere when not given. Documents and queries are never seen there.',
    ),
  HYPERSHARD_METRICS: z
    .enum(['on', 'off'])
    .default('on')
    .describe('Whether the process counts and measures what it does.'),
  HYPERSHARD_LOG_LEVEL: z.enum(logLevels).default('info').describe('How much is logged, to standard error.'),
} as const
