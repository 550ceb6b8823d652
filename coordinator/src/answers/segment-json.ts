import type { segmentListSchema } from '@hypershard/contract'
import { eligibleIn, type Manifest } from '@hypershard/storage'
import type { z } from 'zod'

/** Whose folder a file lies in is left out: of a clone, it is that of an index which the caller may not know. */
export function segmentListJson({ generation, version, segments }: Manifest): z.input<typeof segmentListSchema> {
  return {
    generation,
    manifest_version: version,
    segments: segments.map(segment => ({
      digest: segment.digest,
      shard: segment.shard,
      documents: eligibleIn(segment),
      documents_deleted: segment.deleted?.count ?? 0,
      documents_truncated: segment.truncated,
      passages: segment.passages ?? null,
      bytes: segment.bytes,
    })),
  }
}
