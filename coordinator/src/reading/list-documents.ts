import { type ErrorCode, HypershardError, isErrorCode, type RequestContext, waitWithin } from '@hypershard/common'
import type { ListedPart, listRequestSchema } from '@hypershard/contract'
import { listedBytesMax } from '@hypershard/proto/limits'
import type { DocumentAddress, ListedDocument, ListShardResponse } from '@hypershard/proto/shard'
import type { Manifest } from '@hypershard/storage'
import type { z } from 'zod'
import type { FilterJson } from '../access/caller.ts'
import type { CatalogEntry } from '../catalog/catalog.ts'
import { eligibleByShard } from '../catalog/eligible-by-shard.ts'
import { readFilter } from '../search/read-filter.ts'
import { referenceTo } from '../search/stages/plan-fan-out.ts'
import { admitRead, type ReadParts } from './admit-read.ts'
import { type AskMember, askHolders } from './ask-holders.ts'
import { decodeListCursor, encodeListCursor, type ListOwner } from './list-cursor.ts'
import { routeShards } from './route-shards.ts'

export interface ListInput {
  readonly index: string
  readonly filter: FilterJson | undefined
  readonly limit: number
  readonly cursor: string | undefined
  readonly with: readonly ListedPart[]
  readonly minSequence: number
}

export interface ListAnswer {
  /** What was not asked for is empty in them. */
  readonly documents: readonly ListedDocument[]
  /** Null at the end. */
  readonly nextCursor: string | null
  readonly manifestVersion: number
  /** Of the vectors. */
  readonly modelDigest: string
  readonly tookMs: number
}

export function toListInput(index: string, request: z.output<typeof listRequestSchema>): ListInput {
  const { filter, limit, cursor, with: parts, min_sequence: minSequence } = request
  return { index, filter, limit, cursor, with: parts, minSequence }
}

/** A place in the order of a listing. */
export interface Place {
  readonly shard: number
  readonly from: DocumentAddress | undefined
}

interface Pinned {
  readonly entry: CatalogEntry
  readonly manifest: Manifest
}

/**
 * pin → list shard by shard until the page is full. The order is that of the stored files: shard by shard, segment by segment,
 * row by row. It stays as it is for as long as the manifest version can be read, so that every document comes once, whatever
 * is written meanwhile, and files are read from their beginning to their end.
 * @throws HypershardError `index_not_found`, `invalid_cursor`, `invalid_request` (the filter), `overloaded`, and of a shard that
 *   no holder listed, what the last of them said
 */
export function listDocuments(input: ListInput, context: RequestContext, parts: ReadParts): Promise<ListAnswer> {
  const { clock } = context.deadline
  const startMs = clock.monotonicMs()
  return admitRead('list', input, context, parts, async inner => {
    const entry = parts.catalog.get(input.index)
    const owner: ListOwner = { indexUid: entry.record.uid, filter: JSON.stringify(input.filter ?? null) }
    const cursor = input.cursor === undefined ? undefined : decodeListCursor(input.cursor, owner)
    const manifest = await waitWithin(parts.catalog.pin(entry, cursor), inner.deadline, 'reading the manifest')
    const begin = cursor && { shard: cursor.shard, from: { segment: cursor.segment, row: cursor.row } }
    const { documents, next } = await listPage(input, { entry, manifest }, begin, { context: inner, parts })
    const { generation, version, modelDigest } = manifest
    const place = next && { shard: next.shard, segment: next.from?.segment ?? 0, row: next.from?.row ?? 0 }
    const nextCursor = place === undefined ? null : encodeListCursor({ generation, version, ...place }, owner)
    const tookMs = clock.monotonicMs() - startMs
    return { documents, nextCursor, manifestVersion: version, modelDigest, tookMs }
  })
}

interface Flow {
  readonly context: RequestContext
  readonly parts: ReadParts
}

/** Shard after shard, each asked for what the page has room for. */
export async function listPage(
  input: ListInput,
  pinned: Pinned,
  begin: Place | undefined,
  flow: Flow,
): Promise<{ readonly documents: readonly ListedDocument[]; readonly next: Place | undefined }> {
  const documents: ListedDocument[] = []
  const eligible = eligibleByShard(pinned.manifest)
  const isListed = (shard: number) => eligible[shard]! > 0 && shard >= (begin?.shard ?? 0)
  let bytes = 0
  for (const shard of [...eligible.keys()].filter(isListed)) {
    if (documents.length >= input.limit || bytes >= listedBytesMax)
      return { documents, next: { shard, from: undefined } }
    flow.context.deadline.check('listing documents')
    const from = begin?.shard === shard ? begin.from : undefined
    const answer = await listShard({ ...input, limit: input.limit - documents.length }, pinned, { shard, from }, flow)
    documents.push(...answer.documents)
    if (answer.next !== undefined) return { documents, next: { shard, from: answer.next } }
    bytes += answer.documents.reduce((sum, document) => sum + bytesOf(document), 0)
  }
  return { documents, next: undefined }
}

async function listShard(
  input: ListInput,
  pinned: Pinned,
  { shard, from }: Place,
  { context, parts }: Flow,
): Promise<ListShardResponse> {
  const { manifest } = pinned
  const filter = input.filter && readFilter(input.filter, manifest)
  const has = (part: ListedPart) => input.with.includes(part)
  const request = {
    manifest: referenceTo(manifest),
    shard,
    from,
    limit: input.limit,
    filter,
    texts: has('text'),
    fields: has('fields'),
    vectors: has('vector'),
  }
  const ask: AskMember<ListShardResponse> = async (member, _, inner) =>
    new Map([[shard, { answer: await member.server.list(request, inner) }]])
  const { answers, failures } = await askHolders(routeShards(pinned, [shard], parts.cluster), ask, context)
  const answer = answers.get(shard)
  if (answer !== undefined) return answer
  if (context.deadline.cancelled) context.deadline.check('listing documents')
  throw failureOf(failures.get(shard)!, pinned)
}

/** Files of a version that is not the newest may have been collected: then it is the cursor that cannot be used any more. */
function failureOf(
  { shard, server, code, message }: { shard: number; server: string; code: string; message: string },
  { entry, manifest }: Pinned,
): HypershardError {
  const { index, generation, version } = manifest
  const cause = new HypershardError(codeOf(code), message, { details: { shard, server } })
  if (code === 'corrupt_data' && version !== entry.manifest.version) {
    const what = `cursor: version ${version} of index \`${index}\` can no longer be read; list again without a cursor`
    return new HypershardError('invalid_cursor', what, { details: { index, generation, version }, cause })
  }
  const what = `shard ${shard} of index \`${index}\` could not be listed: ${message}; ask for the page again`
  return new HypershardError(codeOf(code), what, { details: { shard, server }, cause })
}

function codeOf(code: string): ErrorCode {
  return isErrorCode(code) ? code : 'internal'
}

function bytesOf({ id, title, text, fieldsJson, vector }: ListedDocument): number {
  return [id, title, text, fieldsJson].reduce((sum, part) => sum + Buffer.byteLength(part), vector.length)
}
