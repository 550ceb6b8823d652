import type { AliasTable } from '@hypershard/storage'
import { z } from 'zod'
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

const targetSchema = z.object({ alias: z.string(), index: z.string(), generation })

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

export function aliasTableJson({ version, aliases, createdAt }: AliasTable): z.input<typeof aliasTableSchema> {
  const named = Object.entries(aliases).map(([alias, { index, generation }]) => ({ alias, index, generation }))
  return { version, aliases: named.sort((a, b) => (a.alias < b.alias ? -1 : 1)), created_at: createdAt }
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
