import { type Deadline, HypershardError } from '@hypershard/common'
import type { DocumentAddress, FetchedDocument, FetchRequest, FetchResponse } from '@hypershard/proto/shard'
import type { Manifest } from '@hypershard/segments'
import { checkManifestReference } from './check-request.ts'
import type { SegmentHolder } from './holding/segment-holder.ts'

/** As many hits as one page of the public API can have. */
const addressesMax = 1_000

/** Titles, texts and fields, in the order of the addresses; each segment's file is read once. */
export async function fetchDocuments(
  { holder }: { holder: SegmentHolder },
  request: FetchRequest,
  deadline: Deadline,
): Promise<FetchResponse> {
  if (request.addresses.length > addressesMax) {
    throw new HypershardError('request_too_large', `at most ${addressesMax} documents a fetch`)
  }
  const manifest = await holder.manifest(checkManifestReference(request.manifest))
  const documents = new Array<FetchedDocument>(request.addresses.length)
  const bySegment = Map.groupBy(request.addresses.entries(), ([, address]) => address.segment)
  await Promise.all(
    [...bySegment].map(async ([segment, places]) => {
      const addresses = places.map(([, address]) => address)
      const fetched = await fetchFromSegment(holder, manifest, segment, addresses, deadline)
      for (const [index, [place]] of places.entries()) documents[place] = fetched[index]!
    }),
  )
  return { documents }
}

async function fetchFromSegment(
  holder: SegmentHolder,
  manifest: Manifest,
  segment: number,
  addresses: readonly DocumentAddress[],
  deadline: Deadline,
): Promise<FetchedDocument[]> {
  const lease = await holder.leaseDocuments(manifest, segment, deadline)
  try {
    const rows = addresses.map(address => address.row)
    const outside = rows.find(row => row >= manifest.segments[segment]!.documents)
    if (outside !== undefined) {
      throw new HypershardError(
        'document_not_found',
        `segment ${segment} of manifest ${manifest.version} has no row ${outside}`,
      )
    }
    const stored = await lease.documents.read(rows)
    return stored.map(({ id, title, text, fields }) => ({ id, title, text, fieldsJson: fields }))
  } finally {
    lease.release()
  }
}
