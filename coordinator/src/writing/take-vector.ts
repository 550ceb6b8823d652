import type { ErrorCode } from '@hypershard/common'
import type { OwnVector } from '@hypershard/storage'
import { readVector } from '../vectors/read-vector.ts'
import type { VectorRule } from '../vectors/vector-rule.ts'

export type Taken =
  | { readonly vector: OwnVector | undefined; readonly fields: Record<string, unknown> }
  | { readonly fault: string; readonly code?: ErrorCode }

/**
 * Takes the vector out of a document's keys. Of an index with a model it is one only as `{"model": digest, "values": …}`,
 * which may have a `precision`:
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
  const read = readVector(named === undefined ? given : withoutModel(named), rule.width)
  if ('fault' in read) return { fault: `vector: ${read.fault}` }
  return { vector: { model: rule.model, values: read.values }, fields }
}

interface NamedVector {
  readonly model: unknown
  readonly values: unknown
  readonly precision?: unknown
}

function namedVector(given: unknown): NamedVector | undefined {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined
  const others = Object.keys(given).filter(key => key !== 'precision')
  const isNamed = others.length === 2 && 'model' in given && 'values' in given
  return isNamed ? (given as NamedVector) : undefined
}

function withoutModel({ model: _, ...marked }: NamedVector) {
  return marked
}
