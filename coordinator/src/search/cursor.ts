import { createHash } from 'node:crypto'
import { HypershardError } from '@hypershard/common'
import { sortFieldsMax } from '@hypershard/proto/limits'
import { keywordBytesMax, type SortValue } from '@hypershard/storage'
import { z } from 'zod'

/** The end of one page: the next holds what ranks after `score` and `id` in the same manifest version. */
export interface Cursor {
  readonly generation: number
  readonly version: number
  readonly score: number
  readonly id: string
  /** How many hits were given so far, on this page and those before it. */
  readonly given: number
  /** Of a page that ends among the candidates of a reranked search. */
  readonly rerank?: RerankKey | undefined
  /** Of a page of groups: the value of its last one. */
  readonly group?: { readonly value: SortValue } | undefined
  /** Of a page in the order of fields: the values of its last hit. */
  readonly sort?: readonly SortValue[] | undefined
}

/** Where the stage rerank goes on. */
export interface RerankKey {
  /** Of the page's last hit, by the cross-encoder. */
  readonly score: number
  /** The last of the candidates, as the first stage ranks them. */
  readonly end: { readonly score: number; readonly id: string }
}

/** What a cursor belongs to; with another it is refused. */
export interface CursorOwner {
  readonly indexUid: string
  readonly query: string
  readonly precision: string
  readonly plan: string
  /** As JSON. */
  readonly filter: string
  /** What orders the best hits anew; left out where nothing does. */
  readonly rerank?: { readonly model: string; readonly candidates: number } | undefined
  /** As JSON; left out where there is none. */
  readonly hybrid?: string
  /** The field that hits are grouped by; left out where they are not. */
  readonly groupBy?: string | undefined
  /** What hits are sorted by, as JSON; left out where they are not. */
  readonly sort?: string | undefined
}

/** JSON has no NaN and no infinities; all three rank alike, so one word stands for them. */
const nonFinite = 'non-finite'

/** Scores are numbers of 32 bits; one beyond could not even be sent to a shard server. */
const scoreMax = 3.4028234663852886e38

const finiteSchema = z.number().min(-scoreMax).max(scoreMax)
const scoreSchema = z.union([finiteSchema, z.literal(nonFinite)])
const idSchema = z.string().min(1).max(512)

/** An integer that no double holds stands as its numeral. */
const valueSchema = z.union([
  z.string().max(keywordBytesMax),
  z.number(),
  z.strictObject({ n: z.string().regex(/^-?\d{1,19}$/) }),
  z.null(),
])

const cursorSchema = z.strictObject({
  g: z.int().min(1),
  v: z.int().min(0),
  s: scoreSchema,
  i: idSchema,
  n: z.int().min(0),
  d: z.string(),
  rerank: z.strictObject({ s: finiteSchema, es: scoreSchema, ei: idSchema }).optional(),
  group: z.strictObject({ v: valueSchema }).optional(),
  sort: z.array(valueSchema).min(1).max(sortFieldsMax).optional(),
})

/** Opaque to callers: base64url of JSON with generation, version, score, id, and a digest of what it belongs to. */
export function encodeCursor(cursor: Cursor, owner: CursorOwner): string {
  const { rerank } = cursor
  const content: z.infer<typeof cursorSchema> = {
    g: cursor.generation,
    v: cursor.version,
    s: toFinite(cursor.score),
    i: cursor.id,
    n: cursor.given,
    d: digestOf(owner),
    ...(rerank && { rerank: { s: rerank.score, es: toFinite(rerank.end.score), ei: rerank.end.id } }),
    ...(cursor.sort && { sort: cursor.sort.map(writeValue) }),
    ...(cursor.group && { group: { v: writeValue(cursor.group.value) } }),
  }
  return Buffer.from(JSON.stringify(content)).toString('base64url')
}

/** @throws HypershardError `invalid_cursor` */
export function decodeCursor(text: string, owner: CursorOwner): Cursor {
  const parsed = cursorSchema.safeParse(parseJson(Buffer.from(text, 'base64url').toString()))
  if (!parsed.success) {
    throw new HypershardError('invalid_cursor', 'cursor: not readable; pass `next_cursor` of an answer unchanged')
  }
  if (parsed.data.d !== digestOf(owner)) {
    const message =
      'cursor: it is of another index, query, precision, plan, filter, hybrid, rerank, group_by or sort; repeat the request that gave it'
    throw new HypershardError('invalid_cursor', message)
  }
  const { g: generation, v: version, s: score, i: id, n: given, rerank, group, sort } = parsed.data
  const end = rerank && { score: fromFinite(rerank.es), id: rerank.ei }
  const ofStage = rerank && end && { rerank: { score: rerank.s, end } }
  const ofGroups = group && { group: { value: readValue(group.v) } }
  return {
    generation,
    version,
    score: fromFinite(score),
    id,
    given,
    ...ofStage,
    ...ofGroups,
    ...(sort && { sort: sort.map(readValue) }),
  }
}

function writeValue(value: SortValue): z.infer<typeof valueSchema> {
  return typeof value === 'bigint' ? { n: String(value) } : value
}

function readValue(value: z.infer<typeof valueSchema>): SortValue {
  return typeof value === 'object' && value !== null ? BigInt(value.n) : value
}

function toFinite(score: number): number | typeof nonFinite {
  return Number.isFinite(score) ? score : nonFinite
}

function fromFinite(score: number | typeof nonFinite): number {
  return score === nonFinite ? Number.NaN : score
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function digestOf(owner: CursorOwner): string {
  const { indexUid, precision, plan, query, filter, hybrid, rerank, groupBy, sort } = owner
  const stages = [
    ...(hybrid === undefined ? [] : [hybrid]),
    ...(rerank ? [rerank] : []),
    ...(groupBy === undefined ? [] : [{ group_by: groupBy }]),
    ...(sort === undefined ? [] : [{ sort }]),
  ]
  const content = JSON.stringify([indexUid, precision, plan, query, filter, ...stages])
  return createHash('sha256').update(content).digest('base64url').slice(0, 22)
}
