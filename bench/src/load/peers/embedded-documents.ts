import { join } from 'node:path'
import type { LoadRun } from '../load-run.ts'
import type { MeasuredIndex } from '../measured-index.ts'
import type { EmbeddedDocument } from './chroma-peer.ts'
import { readStoredVectors } from './stored-vectors.ts'

/** The documents of an index with the vectors that it has, for a peer that encodes none. */
export async function embeddedDocuments(run: LoadRun, index: MeasuredIndex): Promise<EmbeddedDocument[]> {
  const vectors = await readStoredVectors(join(run.directory, 'store'), index.name)
  return run.documents.slice(0, index.documents).map(document => {
    const vector = vectors.get(document.id)
    if (vector === undefined) throw new Error(`${index.name} has no vector of ${document.id}`)
    return { ...document, vector }
  })
}
