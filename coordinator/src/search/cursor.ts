import { createHash } from 'node:crypto'
import { HypershardError } from '@hypershard/common'
import { z } from 'zod'

/** The end of one page: the next holds what ranks after `score` and `id` in the same manifest version. */
export interface Cursor {
  readonly generation: number
  readonly version: number
  readonly score: number
  readonly id: string
  /** How many hits were given so far, on this page and those before it. */
  readonly given: number
}

/** What a cursor belongs to; with another it is refused. */
export interface CursorOwner {
  readonly indexUid: string
  readonly query: string
  readonly precision: string
  readonly plan: string
  /** As JSON. */
  readonly filter: string
}

/** JSON has no NaN and no infinities; all three rank alike, so one word stands for them. */
const nonFinite = 'non-finite'

/** Scores are numbers of 32 bits; one beyond could not even be sent to a shard server. */
const scoreMax = 3.4028234663852886e38

const cursorSchema = z.strictObject({
  g: z.int().min(1),
  v: z.int().min(0),
  s: z.union([z.number().min(-scoreMax).max(scoreMax), z.literal(nonFinite)]),
  i: z.string().min(1).max(512),
  n: z.int().min(0),
  d: z.string(),
})

/** Opaque to callers: base64url of JSON with generation, version, score, id, and a digest of what it belongs to. */
export function encodeCursor(cursor: Cursor, owner: CursorOwner): string {
  const score = Number.isFinite(cursor.score) ? cursor.score : nonFinite
  const content: z.infer<typeof cursorSchema> = {
    g: cursor.generation,
    v: cursor.version,
    s: score,
    i: cursor.id,
    n: cursor.given,
    d: digestOf(owner),
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
    const message = 'cursor: it is of another index, query, precision, plan or filter; repeat the request that gave it'
    throw new HypershardError('invalid_cursor', message)
  }
  const { g: generation, v: version, s: score, i: id, n: given } = parsed.data
  return { generation, version, score: score === nonFinite ? Number.NaN : score, id, given }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function digestOf(owner: CursorOwner): string {
  const content = JSON.stringify([owner.indexUid, owner.precision, owner.plan, owner.query, owner.filter])
  return createHash('sha256').update(content).digest('base64url').slice(0, 22)
}
