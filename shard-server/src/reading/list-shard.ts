import { HypershardError, type RequestContext, type WorkGate, waitWithin } from '@hypershard/common'
import { listedBytesMax, listedDocumentsMax } from '@hypershard/proto/limits'
import type { DocumentAddress, ListedDocument, ListShardRequest, ListShardResponse } from '@hypershard/proto/shard'
import type { StoredDocument } from '@hypershard/storage'
import type { SegmentHolder } from '../holding/segment-holder.ts'
import { checkManifestReference, checkShards } from '../search/check-request.ts'
import { type ListedSegment, type ListedSegments, type Listing, nextRow } from './listed-segment.ts'

export interface ListParts {
  readonly holder: Pick<SegmentHolder, 'manifest' | 'isLoaded' | 'lease'>
  readonly listed: ListedSegments
  readonly searches: WorkGate
}

/** What a call has gathered. */
interface Page {
  readonly request: ListShardRequest
  readonly documents: ListedDocument[]
  bytes: number
}

/**
 * Documents of a shard that pass a filter, segment by segment in the manifest's order, row by row in each: an order that one
 * manifest version has for good, in which files are read from their beginning to their end. Nothing is loaded for it. Memory:
 * one batch of documents and the answer.
 * @throws HypershardError `invalid_request`, `overloaded`, `corrupt_data`, `deadline_exceeded`
 */
export async function listShard(
  { holder, listed, searches }: ListParts,
  request: ListShardRequest,
  context: RequestContext,
): Promise<ListShardResponse> {
  const { limit, shard, filter } = request
  if (limit < 1 || limit > listedDocumentsMax) {
    throw new HypershardError('invalid_request', `limit must be 1 to ${listedDocumentsMax}, not ${limit}`)
  }
  return searches.run(context.deadline, async () => {
    const manifest = await holder.manifest(checkManifestReference(request.manifest), context.deadline)
    checkShards(manifest, [shard])
    const lease = holder.isLoaded(manifest, shard) ? await holder.lease(manifest, shard, context.deadline) : undefined
    try {
      const listing = { manifest, filter, vectors: request.vectors, lease, context }
      return await listRest(listing, { request, documents: [], bytes: 0 }, listed)
    } finally {
      lease?.release()
    }
  })
}

async function listRest(listing: Listing, page: Page, listed: ListedSegments): Promise<ListShardResponse> {
  const { manifest, context } = listing
  const { shard, from = { segment: 0, row: 0 } } = page.request
  for (const [position, entry] of manifest.segments.entries()) {
    if (entry.shard !== shard || position < from.segment) continue
    context.deadline.check('listing documents')
    const opening = listed.open(position, listing)
    const segment = await waitWithin(opening, context.deadline, 'listing documents').catch(error => {
      void opening.then(late => late.close()).catch(() => undefined)
      throw error
    })
    try {
      const next = await listSegment(segment, position === from.segment ? from.row : 0, page, context)
      if (next !== undefined) return { documents: page.documents, next }
    } finally {
      await segment.close()
    }
  }
  return { documents: page.documents, next: undefined }
}

/** @returns the first document that did not fit into the page */
async function listSegment(
  segment: ListedSegment,
  from: number,
  page: Page,
  context: RequestContext,
): Promise<DocumentAddress | undefined> {
  for (let row = nextRow(segment, from); row !== undefined; ) {
    if (isFull(page)) return { segment: segment.position, row }
    context.deadline.check('listing documents')
    const rows = rowsOfBatch(segment, row, page.request.limit - page.documents.length)
    const reading = readRows(segment, rows, page.request.vectors)
    const read = await waitWithin(reading, context.deadline, 'listing documents')
    for (const [at, document] of read.entries()) {
      if (isFull(page)) return { segment: segment.position, row: rows[at]! }
      add(document, page)
    }
    row = nextRow(segment, rows.at(-1)! + 1)
  }
  return undefined
}

function isFull({ request, documents, bytes }: Page): boolean {
  return documents.length >= request.limit || bytes >= listedBytesMax
}

/** Those that may be given of the batch of documents that a row is in: what one read gives at no more cost. */
function rowsOfBatch(segment: ListedSegment, first: number, rowsMax: number): number[] {
  const { documentsPerBatch } = segment.reader
  const end = (Math.floor(first / documentsPerBatch) + 1) * documentsPerBatch
  const rows: number[] = []
  for (let row: number | undefined = first; row !== undefined && row < end && rows.length < rowsMax; ) {
    rows.push(row)
    row = nextRow(segment, row + 1)
  }
  return rows
}

type RowRead = StoredDocument & { readonly values: Float32Array | undefined }

async function readRows(segment: ListedSegment, rows: readonly number[], vectors: boolean): Promise<RowRead[]> {
  const reading = vectors ? readVectors(segment, rows) : Promise.resolve([])
  const [read, values] = await Promise.all([segment.documents.read(rows), reading])
  return read.map((document, at) => ({ ...document, values: values[at] }))
}

/** One read where each document has one vector. One of several passages has none that stands for all. */
async function readVectors(
  { reader, starts }: ListedSegment,
  rows: readonly number[],
): Promise<(Float32Array | undefined)[]> {
  if (starts !== undefined) {
    const isWhole = (row: number) => starts[row + 1]! - starts[row]! === 1
    return Promise.all(rows.map(row => (isWhole(row) ? reader.readVector(starts[row]!) : undefined)))
  }
  const [from, width] = [rows[0]!, reader.vectorWidth]
  const read = await reader.readVectors({ from, to: rows.at(-1)! + 1 })
  return rows.map(row => read.subarray((row - from) * width, (row - from + 1) * width))
}

function add({ id, version, title, text, fields, values }: RowRead, page: Page): void {
  const { request } = page
  const document: ListedDocument = {
    id,
    version,
    title: request.texts ? title : '',
    text: request.texts ? text : '',
    fieldsJson: request.fields ? fields : '',
    vector: values === undefined ? Buffer.alloc(0) : bytesOf(values),
  }
  page.documents.push(document)
  const texts = [id, document.title, document.text, document.fieldsJson]
  page.bytes += texts.reduce((sum, part) => sum + Buffer.byteLength(part), document.vector.length)
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
}
