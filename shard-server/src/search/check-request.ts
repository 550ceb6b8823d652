import { HypershardError, toHypershardError } from '@hypershard/common'
import type { ManifestReference as ProtoReference, ShardError } from '@hypershard/proto/shard'
import type { Manifest, ManifestReference } from '@hypershard/storage'

/** @throws HypershardError `invalid_request` when the request names no manifest */
export function checkManifestReference(reference: ProtoReference | undefined): ManifestReference {
  if (reference === undefined || reference.index === '') {
    throw new HypershardError('invalid_request', 'the request names no manifest')
  }
  return reference
}

/** @throws HypershardError `invalid_request` when a shard is not the manifest's, or stands twice */
export function checkShards(manifest: Manifest, shards: readonly number[]): void {
  const unknown = shards.find(shard => shard >= manifest.shards)
  if (unknown !== undefined) {
    const message = `index \`${manifest.index}\` has ${manifest.shards} shards; there is no shard ${unknown}`
    throw new HypershardError('invalid_request', message)
  }
  if (shards.length === 0 || new Set(shards).size !== shards.length) {
    throw new HypershardError('invalid_request', 'the request must name at least one shard, each once')
  }
}

/** One shard's failure as data: the others of the call are unharmed. */
export function toShardError(error: unknown): ShardError {
  const { code, message } = toHypershardError(error)
  return { code, message }
}
