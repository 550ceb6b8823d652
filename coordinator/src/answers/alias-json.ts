import type { aliasHistorySchema, aliasTableSchema } from '@hypershard/contract'
import type { AliasTable } from '@hypershard/storage'
import type { z } from 'zod'
import type { ListedAliases } from '../aliases/alias-admin.ts'

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
        alias: name,
        index: to?.index ?? null,
        generation: to?.generation ?? null,
      })),
      created_at: createdAt,
    })),
  }
}
