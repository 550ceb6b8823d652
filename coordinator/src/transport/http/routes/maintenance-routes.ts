import {
  asideSchema,
  collectedSchema,
  collectSchema,
  indexNameSchema,
  keysShownMax,
  verificationSchema,
} from '@hypershard/contract'
import { z } from 'zod'
import { asideJson, verificationJson } from '../../../answers/maintenance-json.ts'
import type { Coordinator } from '../../../coordinator.ts'
import { defineRoute, type Route } from '../route.ts'

const params = z.strictObject({ index: indexNameSchema })

/** Reading every byte of a large index. */
const verifyMsMax = 6 * 3_600_000

export function maintenanceRoutes({ maintenance }: Coordinator): Route[] {
  const common = { params, tag: 'maintenance' }
  return [
    defineRoute({
      ...common,
      method: 'GET',
      path: '/v1/indexes/{index}/aside',
      id: 'listAside',
      scope: 'read',
      summary: 'List the documents that could not be encoded, and why',
      answer: { status: 200, description: 'At most 10,000', schema: asideSchema },
      errors: ['index_not_found'],
      handle: async ({ params: { index } }) => ({ status: 200, json: asideJson(await maintenance.listAside(index)) }),
    }),
    defineRoute({
      ...common,
      method: 'POST',
      path: '/v1/indexes/{index}/verify',
      id: 'verify',
      scope: 'admin',
      summary: 'Read every byte of an index and count its documents',
      answer: { status: 200, description: 'What was found', schema: verificationSchema },
      errors: ['index_not_found'],
      timeoutMs: verifyMsMax,
      handle: async ({ params: { index } }) => ({
        status: 200,
        json: verificationJson(await maintenance.verify(index)),
      }),
    }),
    defineRoute({
      ...common,
      method: 'POST',
      path: '/v1/indexes/{index}/collect',
      id: 'collect',
      scope: 'admin',
      summary: 'Delete files that nothing needs any more, or tell which they are',
      description: 'Indexers do so by themselves about once a minute.',
      body: collectSchema,
      answer: { status: 200, description: 'What was deleted, or would be', schema: collectedSchema },
      errors: ['index_not_found'],
      timeoutMs: verifyMsMax,
      handle: async ({ params: { index }, body }) => {
        const keys = await maintenance.collect(index, { dryRun: body.dry_run, keepMs: body.keep_ms })
        return { status: 200, json: { files: keys.length, keys: keys.slice(0, keysShownMax) } }
      },
    }),
  ]
}
