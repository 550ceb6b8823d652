import type { ErrorCode } from '@hypershard/common'
import type { OwnVector } from '@hypershard/storage'
import { readVector } from '../vectors/read-vector.ts'
import type { VectorRule } from '../vectors/vector-rule.ts'

export type Taken =
  | { readonly vector: OwnVector | undefined; readonly fields: Record<string, unknown> }
  | { readonly fault: string; readonly code?: ErrorCode }

/**
 * Takes the vector out of a document's keys. Of an index with a model it is one only as `{"model": digest, "values": …}`:
 * a plain `vector` was a field of documents before there were vectors from outside, and stays that.
 */
export function takeVector(keys: Record<string, unknown>, rule: VectorRule): Taken {
  const { vector: given, ...fields } = keys
  const named = namedVector(given)
  if (!rule.external && named === undefined) return { vector: undefined, fields: keys }
  if (given === undefined || given === null) {
    return { fault: `vector: missing; documents of this index come with one of ${rule.width} values` }
  }
  if (named !== undefined && named.model !== rule.model) {
    const message = `vector.model: must be the digest of the index's model, ${rule.model}`
    return { fault: `${message}, this is ${JSON.stringify(named.model)}`, code: 'model_mismatch' }
  }
  const read = readVector(named === undefined ? given : named.values, rule.width)
  if ('fault' in read) return { fault: `vector: ${read.fault}` }
  return { vector: { model: rule.model, values: read.values }, fields }
}

function namedVector(given: unknown): { readonly model: unknown; readonly values: unknown } | undefined {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined
  const keys = Object.keys(given)
  const isNamed = keys.length === 2 && 'model' in given && 'values' in given
  return isNamed ? (given as { model: unknown; values: unknown }) : undefined
}
