import type { DocumentAddress, ListedDocument, ListShardRequest, ListShardResponse } from '@hypershard/proto/shard'
import { hasBit, type Manifest, type ObjectStore, openSegment, segmentAt, tombstonesOf } from '@hypershard/storage'
import { passesFilter } from '../access/passes-filter.ts'

/** What a shard server lists, row by row, with every document read whether it passes or not. */
export async function listNaively(
  store: ObjectStore,
  manifest: Manifest,
  { shard, from = { segment: 0, row: 0 }, limit, filter, ...wanted }: ListShardRequest,
): Promise<ListShardResponse> {
  const documents: ListedDocument[] = []
  for (const [segment, entry] of manifest.segments.entries()) {
    if (entry.shard !== shard) continue
    const reader = await openSegment(store, segmentAt(manifest, entry))
    const deleted = await tombstonesOf(store, manifest, entry)
    const starts = (await reader.loadPassages())?.starts
    const opened = await reader.openDocuments()
    for (let row = 0; row < entry.documents; row++) {
      if (isBefore({ segment, row }, from) || (deleted !== undefined && hasBit(deleted, row))) continue
      const [stored] = await opened.read([row])
      const { id, version, title, text, fields } = stored!
      if (filter !== undefined && !passesFilter(filter, manifest, { title, text, fields })) continue
      if (documents.length === limit) {
        await opened.close()
        return { documents, next: { segment, row } }
      }
      const own = starts === undefined ? row : starts[row + 1]! - starts[row]! === 1 ? starts[row] : undefined
      const vector = wanted.vectors && own !== undefined ? await reader.readVector(own) : new Float32Array(0)
      const texts = wanted.texts ? { title, text } : { title: '', text: '' }
      const fieldsJson = wanted.fields ? fields : ''
      documents.push({ id, version, ...texts, fieldsJson, vector: Buffer.from(vector.buffer) })
    }
    await opened.close()
  }
  return { documents, next: undefined }
}

export async function countPassing(
  store: ObjectStore,
  manifest: Manifest,
  { shard, filter }: Pick<ListShardRequest, 'shard' | 'filter'>,
): Promise<number> {
  const all = { from: undefined, limit: Number.POSITIVE_INFINITY, texts: false, fields: false, vectors: false }
  const { documents } = await listNaively(store, manifest, { manifest, shard, filter, ...all })
  return documents.length
}

function isBefore(one: DocumentAddress, other: DocumentAddress): boolean {
  return one.segment < other.segment || (one.segment === other.segment && one.row < other.row)
}
