import type { DocumentAddress, FetchedDocument } from '@hypershard/proto/shard'
import { type Manifest, type ObjectStore, openSegment, segmentAt } from '@hypershard/storage'

/** A document of a segment, opened for it alone. */
export async function readDocument(
  store: ObjectStore,
  manifest: Manifest,
  { segment, row }: DocumentAddress,
): Promise<FetchedDocument> {
  const reader = await openSegment(store, segmentAt(manifest, manifest.segments[segment]!))
  const documents = await reader.openDocuments()
  try {
    const [document] = await documents.read([row])
    const { id, title, text, fields } = document!
    return { id, title, text, fieldsJson: fields }
  } finally {
    await documents.close()
  }
}
