import type { GenerationRecord } from '../catalog/generation/generation-record.ts'
import type { Manifest } from './manifest.ts'

/** The manifest of a generation that nothing was committed to yet: empty, or what it was restored from. */
export function initialManifest(generation: GenerationRecord): Manifest {
  const { index, indexUid, model, vectorWidth, shards, fields, passages, lexical, source, createdAt } = generation
  return {
    format: 'hypershard.manifest/2',
    index,
    indexUid,
    generation: generation.generation,
    version: 0,
    modelDigest: model.digest,
    vectorWidth,
    shards,
    ...(fields && { fields }),
    ...(passages && { passages }),
    ...(lexical && { lexical }),
    log: source?.log ?? { sequence: 0, parts: 0 },
    backfill: source?.backfill == null ? null : { ...source.backfill, done: [] },
    ...(source?.restored?.files ?? { segments: [], aside: null, calibration: null }),
    condemned: [],
    createdAt,
  }
}
