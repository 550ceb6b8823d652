import { z } from 'zod'
import type { Immutable } from './immutable.ts'
import { indexNameSchema } from './index-name.ts'

const generation = z.int().min(1)

export const aliasOrdersSchema = z.strictObject({
  actions: z
    .array(
      z.union([
        z.strictObject({
          add: z.strictObject({ alias: indexNameSchema, index: indexNameSchema, generation: generation.optional() }),
        }),
        z.strictObject({ remove: z.strictObject({ alias: indexNameSchema }) }),
      ]),
    )
    .min(1)
    .max(1_000)
    .describe('Carried out all together or not at all.'),
})

const targetSchema = z.object({
  alias: z.string(),
  index: z.string(),
  generation,
  problem: z
    .string()
    .nullable()
    .describe('Why the alias leads nowhere, such as an index that is gone, and what to do.'),
})

/** For what lets a name stand for another build of an index. */
export const moveQuerySchema = z.strictObject({
  move_aliases: z
    .enum(['true', 'false'])
    .default('false')
    .describe('Whether all aliases move along that stand for the same build as the name did.'),
})

export const aliasTableSchema = z.object({
  version: z.int().min(0),
  aliases: z
    .array(targetSchema)
    .describe('In name order. Index names that were moved to another generation are among them.'),
  created_at: z.iso.datetime(),
})

export const aliasHistorySchema = z.object({
  versions: z.array(
    z.object({
      version: z.int().min(0),
      actions: z.array(
        z.object({ alias: z.string(), index: z.string().nullable(), generation: generation.nullable() }),
      ),
      created_at: z.iso.datetime(),
    }),
  ),
})

export type AliasAction = Immutable<z.input<typeof aliasOrdersSchema>>['actions'][number]

export type AliasTable = Immutable<z.output<typeof aliasTableSchema>>

export type AliasHistory = Immutable<z.output<typeof aliasHistorySchema>>
