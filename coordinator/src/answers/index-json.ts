import type { failedIndexSchema, indexSchema } from '@hypershard/contract'
import type { Manifest, SegmentRead } from '@hypershard/storage'
import type { z } from 'zod'
import type { CatalogEntry, FailedIndex } from '../catalog/catalog.ts'
import { eligibleByShard } from '../catalog/eligible-by-shard.ts'
import { externalVectorsOf } from '../vectors/external-model-of.ts'

export function failedIndexJson({ name, failure }: FailedIndex): z.input<typeof failedIndexSchema> {
  return { name, code: failure.code, message: failure.message }
}

/** Rows that are deleted and not merged away yet count too. */
function unreadOf({ segments }: Manifest) {
  const read = segments.flatMap(segment => segment.read ?? [])
  const sum = (count: (of: SegmentRead) => number) => read.reduce((total, of) => total + count(of), 0)
  const tokens = sum(of => of.tokens)
  return {
    documents_unreadable: sum(of => of.unreadable),
    unknown_token_share: tokens === 0 ? null : sum(of => of.unknown) / tokens,
  }
}

export function indexJson({ record, generation, manifest }: CatalogEntry): z.input<typeof indexSchema> {
  const { name, replicas, createdAt } = record
  const { model, shards, fields = {}, passages, lexical } = generation
  const vectors = externalVectorsOf(model)
  return {
    name,
    model,
    ...(vectors && { vectors }),
    shards,
    replicas,
    fields,
    ...(passages && { passages }),
    ...(lexical && { lexical }),
    documents: eligibleByShard(manifest).reduce((sum, documents) => sum + documents, 0),
    documents_truncated: manifest.segments.reduce((sum, { truncated }) => sum + truncated, 0),
    ...unreadOf(manifest),
    documents_aside: manifest.aside?.documents ?? 0,
    segments: manifest.segments.length,
    generation: generation.generation,
    manifest_version: manifest.version,
    sequence: manifest.log.sequence,
    created_at: createdAt,
  }
}
