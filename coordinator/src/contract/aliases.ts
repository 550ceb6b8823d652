import type { AliasTable } from '@hypershard/storage'
import { z } from 'zod'
import type { ListedAliases } from '../aliases/alias-admin.ts'
import { indexNameSchema } from './indexes.ts'

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

export function aliasTableJson({ version, aliases, createdAt }: ListedAliases): z.input<typeof aliasTableSchema> {
  const named = aliases.map(({ alias, target: { index, generation }, problem }) => ({
    alias,
    index,
    generation,
    problem,
  }))
  return { version, aliases: named, created_at: createdAt }
}

export function aliasHistoryJson(tables: readonly AliasTable[]): z.input<typeof aliasHistorySchema> {
  return {
    versions: tables.map(({ version, actions, createdAt }) => ({
      version,
      actions: actions.map(({ name, to }) => ({
        ...{ alias: name, index: to?.index ?? null, generation: to?.generation ?? null },
      })),
      created_at: createdAt,
    })),
  }
}
