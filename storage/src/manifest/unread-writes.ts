/**
 * The newest writes with documents that their model cannot read, so that whoever waits for a write can be told. Only a
 * few are kept, with a few documents each: a manifest is written again with every commit.
 */
import { z } from 'zod'
import type { StoredDocument } from '../segment/documents-file.ts'
import { isUnreadable } from '../segment/text-read.ts'

const writesMax = 32
const firstMax = 8

const count = z.int().min(0)

const unreadWriteSchema = z.strictObject({
  /** Of the write in the log. */
  sequence: z.int().min(1),
  /** Of this write, in the pieces of it that are in. */
  documents: z.int().min(1),
  /** The first of them. */
  first: z.array(z.strictObject({ id: z.string(), tokens: count, unknown: count })).max(firstMax),
})

export const unreadWritesSchema = z.array(unreadWriteSchema).max(writesMax)

export type UnreadWrite = Readonly<z.output<typeof unreadWriteSchema>>

/** Those of these documents that their model cannot read, by the write that put them. */
export function unreadWritesOf(documents: readonly StoredDocument[]): UnreadWrite[] {
  const unread = documents.filter(({ read }) => read !== undefined && isUnreadable(read))
  return [...Map.groupBy(unread, ({ version }) => version)].map(([sequence, own]) => ({
    sequence,
    documents: own.length,
    first: own.slice(0, firstMax).map(({ id, read }) => ({ id, tokens: read!.tokens, unknown: read!.unknown })),
  }))
}

/** The list after more documents came in: a write that came in pieces is counted together. */
export function extendUnreadWrites(before: readonly UnreadWrite[], more: readonly UnreadWrite[]): UnreadWrite[] {
  const bySequence = new Map(before.map(write => [write.sequence, write]))
  for (const write of more) {
    const known = bySequence.get(write.sequence)
    const documents = write.documents + (known?.documents ?? 0)
    const first = [...(known?.first ?? []), ...write.first].slice(0, firstMax)
    bySequence.set(write.sequence, { sequence: write.sequence, documents, first })
  }
  return [...bySequence.values()].sort((a, b) => a.sequence - b.sequence).slice(-writesMax)
}

/**
 * What the list tells of one write that is in.
 * @returns undefined when it may have been dropped from the list
 */
export function findUnreadWrite(
  writes: readonly UnreadWrite[],
  sequence: number,
): Omit<UnreadWrite, 'sequence'> | undefined {
  const found = writes.find(write => write.sequence === sequence)
  if (found !== undefined) return found
  const mayBeDropped = writes.length === writesMax && sequence < writes[0]!.sequence
  return mayBeDropped ? undefined : { documents: 0, first: [] }
}
