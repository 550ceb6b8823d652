import { HypershardError, type RequestContext, waitWithin } from '@hypershard/common'
import { messageBytesMax } from '@hypershard/common/grpc'
import { hitsMax } from '@hypershard/proto/limits'
import type { DocumentAddress, FetchedDocument, FetchRequest, FetchResponse } from '@hypershard/proto/shard'
import type { Manifest } from '@hypershard/storage'
import type { SegmentHolder } from '../holding/segment-holder.ts'
import { checkManifestReference } from './check-request.ts'

/** Documents read between two looks at the deadline. */
const rowsPerRead = 64

/** Texts of one answer: what a message holds, less a share for its framing. */
const answerBytesMax = Math.floor(messageBytesMax * 0.9)

/** What one call has read so far, over all its segments. */
interface Budget {
  bytes: number
  readonly bytesMax: number
}

/**
 * Titles, texts and fields, in the order of the addresses; each segment's file is read once.
 * @throws HypershardError `request_too_large` when they do not fit one message
 */
export async function fetchDocuments(
  { holder }: { holder: SegmentHolder },
  request: FetchRequest,
  context: RequestContext,
): Promise<FetchResponse> {
  if (request.addresses.length > hitsMax) {
    throw new HypershardError('request_too_large', `at most ${hitsMax} documents a fetch`)
  }
  const manifest = await holder.manifest(checkManifestReference(request.manifest), context.deadline)
  return { documents: await readDocuments(request.addresses, { holder, manifest, context, bytesMax: answerBytesMax }) }
}

export interface DocumentsRead {
  readonly holder: SegmentHolder
  readonly manifest: Manifest
  readonly context: RequestContext
  /** Of all texts together. */
  readonly bytesMax: number
}

/**
 * The documents at these addresses, in their order.
 * @throws HypershardError `request_too_large`, `document_not_found`, and what leasing their segments throws
 */
export async function readDocuments(
  addresses: readonly DocumentAddress[],
  { bytesMax, ...read }: DocumentsRead,
): Promise<FetchedDocument[]> {
  const documents = new Array<FetchedDocument>(addresses.length)
  const bySegment = Map.groupBy(addresses.entries(), ([, address]) => address.segment)
  const budget: Budget = { bytes: 0, bytesMax }
  await Promise.all(
    [...bySegment].map(async ([segment, places]) => {
      const rows = places.map(([, address]) => address.row)
      const found = await readFromSegment({ ...read, budget }, segment, rows)
      for (const [index, [place]] of places.entries()) documents[place] = found[index]!
    }),
  )
  return documents
}

async function readFromSegment(
  { holder, manifest, context, budget }: Omit<DocumentsRead, 'bytesMax'> & { budget: Budget },
  segment: number,
  rows: readonly number[],
): Promise<FetchedDocument[]> {
  const lease = await holder.leaseDocuments(manifest, segment, context.deadline)
  try {
    checkRows(manifest, segment, rows)
    const documents: FetchedDocument[] = []
    for (let first = 0; first < rows.length; first += rowsPerRead) {
      context.deadline.check('fetch documents')
      const reading = lease.documents.read(rows.slice(first, first + rowsPerRead))
      for (const { id, title, text, fields } of await waitWithin(reading, context.deadline, 'fetching documents')) {
        budget.bytes += Buffer.byteLength(title) + Buffer.byteLength(text) + Buffer.byteLength(fields)
        documents.push({ id, title, text, fieldsJson: fields })
      }
      checkBudget(budget)
    }
    return documents
  } finally {
    lease.release()
  }
}

function checkRows(manifest: Manifest, segment: number, rows: readonly number[]): void {
  const outside = rows.find(row => row >= manifest.segments[segment]!.documents)
  if (outside === undefined) return
  const message = `segment ${segment} of manifest ${manifest.version} has no row ${outside}`
  throw new HypershardError('document_not_found', message)
}

function checkBudget({ bytes, bytesMax }: Budget): void {
  if (bytes <= bytesMax) return
  const message = `the texts of these documents exceed the ${bytesMax} bytes of one answer; ask for fewer`
  throw new HypershardError('request_too_large', message)
}
