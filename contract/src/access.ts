import { z } from 'zod'
import type { Immutable } from './immutable.ts'

/** Kinds of acts that a key allows. */
export const accessScopes = ['search', 'read', 'write', 'admin'] as const

export type AccessScope = (typeof accessScopes)[number]

export const accessSchema = z.object({
  keys_needed: z.boolean().describe('Whether this coordinator asks for keys.'),
  key: z
    .object({
      id: z.string(),
      name: z.string(),
      expires_at: z.iso.datetime().optional().describe('Left out of one that does not expire.'),
    })
    .nullable()
    .describe('The key that came with the request; null without a valid one.'),
  scopes: z.array(z.enum(accessScopes)).describe('What the caller may do; nothing without a key, where one is needed.'),
  indexes: z.array(z.string()).describe('Names that he may use, with `*` for any characters.'),
  filtered: z
    .boolean()
    .describe('Whether there are only some documents for him: those that pass the filter of his key.'),
})

/** What a caller may do. */
export type AccessDescription = Immutable<z.output<typeof accessSchema>>
