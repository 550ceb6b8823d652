import type { snapshotSchema } from '@hypershard/contract'
import { eligibleDocuments, type Snapshot } from '@hypershard/storage'
import type { z } from 'zod'

export function snapshotJson({ name, model, manifest, createdAt }: Snapshot): z.input<typeof snapshotSchema> {
  const { index, generation, version, log } = manifest
  return {
    index,
    name,
    model,
    documents: eligibleDocuments(manifest),
    generation,
    manifest_version: version,
    sequence: log.sequence,
    created_at: createdAt,
  }
}
