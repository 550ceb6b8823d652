import { HypershardError } from '@hypershard/common'
import type { Manifest, SegmentReader } from '@hypershard/storage'

/** @throws HypershardError `corrupt_data` for a segment that is not as its manifest says */
export function checkSegment(
  { digest, modelDigest, vectorWidth, hasLexical }: SegmentReader,
  manifest: Manifest,
): void {
  const segment = `segment ${digest.slice(0, 8)}`
  if (modelDigest !== manifest.modelDigest || vectorWidth !== manifest.vectorWidth) {
    const message = `${segment}: made with another model than manifest ${manifest.version}'s`
    throw new HypershardError('corrupt_data', message)
  }
  if (hasLexical || manifest.lexical === undefined) return
  throw new HypershardError('corrupt_data', `${segment}: it lacks the words that manifest ${manifest.version} has`)
}
