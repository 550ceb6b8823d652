import { type Passages, passageDefaults } from '@hypershard/contract'
import type { EncoderState } from '../ports.ts'

/** From this protocol version on encoder services cut texts. */
const cuttingVersionMin = 2

/**
 * How a new index cuts texts where nothing is said of it: so that none is cut off silently, if every encoder service that has
 * the model can; while a cluster is upgraded one of them may not.
 */
export function defaultPassages(modelDigest: string, encoders: readonly EncoderState[]): Passages | undefined {
  const own = encoders.filter(({ models }) => models?.some(({ digest }) => digest === modelDigest))
  const canCut = own.every(({ protocolVersion }) => protocolVersion !== null && protocolVersion >= cuttingVersionMin)
  return canCut ? { ...passageDefaults } : undefined
}
