/** One line of an audit log: docs/formats/audit-log.md. */
import { createHash } from 'node:crypto'
import { z } from 'zod'

const entrySchema = z.object({
  event: z.enum(['begun', 'ended', 'refused']),
  /** The same of `begun` and `ended`. */
  request: z.string(),
  key: z.object({ id: z.string(), name: z.string() }).nullable(),
  address: z.string(),
  /** The `operationId` of docs/api.md. */
  what: z.string(),
  /** What it was done to: the parameters of the path, and names in the body. */
  subject: z.record(z.string(), z.unknown()),
  /** Of `ended` and `refused`: `ok`, or the code of a failure. */
  outcome: z.string().optional(),
  counts: z.record(z.string(), z.number().nullable()).optional(),
})

/** What somebody asked for, or what came of it. */
export type AuditEntry = z.output<typeof entrySchema>

const lineSchema = entrySchema.extend({
  n: z.int().min(1),
  at: z.iso.datetime(),
  /** A line before this one broke off when the process died or the disk was full. */
  torn_before: z.literal(true).optional(),
  prev: z.string(),
})

export type AuditLine = z.output<typeof lineSchema>

/** The last line so far: what the next one is chained to. */
export interface ChainEnd {
  readonly n: number
  readonly hash: string
}

/** Before the first line. */
export const chainStart: ChainEnd = Object.freeze({ n: 0, hash: '0'.repeat(64) })

const sealPattern = /,"hash":"([0-9a-f]{64})"\}$/

/** @returns the line without its end, and what the next is chained to */
export function sealLine(
  entry: AuditEntry,
  end: ChainEnd,
  { at, tornBefore }: { readonly at: string; readonly tornBefore: boolean },
): { readonly text: string; readonly end: ChainEnd } {
  const n = end.n + 1
  const line: AuditLine = { n, at, ...(tornBefore && { torn_before: true as const }), ...entry, prev: end.hash }
  const json = JSON.stringify(line)
  const hash = digestOf(json)
  return { text: `${json.slice(0, -1)},"hash":"${hash}"}`, end: { n, hash } }
}

/** A line with its hash; undefined for one that was altered, or is none. */
export function readLine(text: string): { readonly line: AuditLine; readonly hash: string } | undefined {
  const hash = sealPattern.exec(text)?.[1]
  if (hash === undefined) return undefined
  const json = text.replace(sealPattern, '}')
  if (digestOf(json) !== hash) return undefined
  const parsed = lineSchema.safeParse(JSON.parse(json))
  return parsed.success ? { line: parsed.data, hash } : undefined
}

function digestOf(json: string): string {
  return createHash('sha256').update(json).digest('hex')
}
