import { z } from 'zod'
import type { Immutable } from './immutable.ts'
import { expressionDepthMax, hasMoreCharacters, leavesMax, nodeWeightMax, queryCharactersMax } from './limits.ts'
import { qnetSchema, vectorSchema } from './vectors.ts'

export const queryText = z
  .string()
  .min(1, 'must not be empty')
  .refine(text => text.isWellFormed(), 'has half of a surrogate pair; send well-formed Unicode')
  .refine(text => text.trim() !== '', 'must not be blank')
  .refine(text => !hasMoreCharacters(text, queryCharactersMax), `must be at most ${queryCharactersMax} characters`)
  .meta({ maxLength: queryCharactersMax, description: 'What to search for.' })

/** An id has at most 512 bytes. */
export const likedIdSchema = z.string().min(1).max(512)

const likeSchema = z.array(likedIdSchema).min(1, 'is empty; name a document').max(leavesMax)

/** What a leaf of an expression may be, beside a text alone. */
export const leafSchemas = { text: queryText, like: likeSchema, vector: vectorSchema, qnet: qnetSchema } as const

export type LeafKind = keyof typeof leafSchemas

/** Over others. */
export const operators = ['any', 'all', 'not'] as const

/** Exactly one of the first four. */
interface LeafNode {
  text?: string
  /** Ids of documents of the index. */
  like?: string[]
  vector?: z.input<typeof vectorSchema>
  qnet?: z.input<typeof qnetSchema>
  weight?: number
}

/** Exactly one of the first three; `not` inside of the others. */
interface OperationNode {
  any?: (string | LeafNode | OperationNode)[]
  all?: (string | LeafNode | OperationNode)[]
  not?: string | LeafNode | OperationNode
  weight?: number
}

/** What a search says: a leaf, or an expression over several. */
export type QueryNode = Immutable<string | LeafNode | OperationNode>

/**
 * An expression as the JSON has it. What it may say in which place no schema tells in words that help: `readExpression` of the
 * coordinator checks it, and names the place.
 */
const expressionSchema = z.record(z.string(), z.unknown()) as unknown as z.ZodType<
  LeafNode | OperationNode,
  LeafNode | OperationNode
>

export const querySchema = z
  .union([queryText, expressionSchema], 'must be a text or an expression')
  .describe(
    'A text, or an expression: `{"any": […]}`, the best of its nodes; `{"all": […]}`, nearly the worst of them; inside of ' +
      'these `{"not": …}`, which takes away from what matches it. A node is one of them, or a leaf: a text, `{"text": …}`, ' +
      '`{"like": [ids]}`, `{"vector": …}` or `{"qnet": …}`. Each may have a `weight` ' +
      `(1/${nodeWeightMax} to ${nodeWeightMax}). At most ${leavesMax} leaves, ${expressionDepthMax} deep. Or give a ` +
      '`vector`, a `qnet` or `like` instead.',
  )
