import type { Operation, StoredDocument } from '@hypershard/storage'
import type { PutRules } from './check-document.ts'
import type { GoodLine } from './line-tally.ts'
import { idOf, type LineError, type LineProblem } from './operation.ts'
import { patchDocument } from './patch-document.ts'

/** What lines are decided by, beside the documents. */
export interface DecidingRules {
  /** What the index says of its documents: a patched one is checked by it. */
  readonly rules: PutRules
  /** Of a tenant: see `WriteInput`. */
  readonly owns?: ((document: StoredDocument) => boolean) | undefined
}

/** What becomes of lines that are decided on the documents as they are. */
export interface Judgement {
  /** In the order of their lines. */
  readonly holding: readonly Operation[]
  /** Lines that need nothing done. */
  readonly idle: number
  readonly failing: readonly LineError[]
}

type Verdict = { readonly operation: Operation } | 'idle' | { readonly problem: Omit<LineProblem, 'id'> }

/**
 * Lines are decided in order, each on what the lines before it leave. Once one changes a document, no later line's condition
 * on it holds.
 * @param documents those that exist, by id
 */
export function judgeLines(
  lines: readonly GoodLine[],
  documents: ReadonlyMap<string, StoredDocument>,
  input: DecidingRules,
): Judgement {
  const holding: Operation[] = []
  const failing: LineError[] = []
  const left = new Map<string, StoredDocument | undefined>()
  let idle = 0
  for (const line of lines) {
    const id = idOf(line.operation)
    const verdict = judge(line, { stored: documents.get(id), left, ...input })
    if (verdict === 'idle') idle++
    else if ('problem' in verdict) failing.push({ line: line.line, id, ...verdict.problem })
    else {
      const { operation } = verdict
      holding.push(operation)
      left.set(id, operation.type === 'put' ? { ...operation.document, version: 0 } : undefined)
    }
  }
  return { holding, idle, failing }
}

interface Ground extends DecidingRules {
  readonly stored: StoredDocument | undefined
  /** What earlier lines leave of documents that they change. */
  readonly left: ReadonlyMap<string, StoredDocument | undefined>
}

function judge({ operation, ifVersion }: GoodLine, { stored, left, owns, rules }: Ground): Verdict {
  const id = idOf(operation)
  const isForeign = stored !== undefined && owns?.(stored) === false
  // Of another tenant's document nothing is told, not even that it is there.
  const version = isForeign ? 0 : (stored?.version ?? 0)
  const isTouched = left.has(id)
  if (ifVersion !== undefined && (ifVersion !== version || isTouched)) {
    return { problem: { code: 'version_mismatch', message: mismatch(ifVersion, version, isTouched) } }
  }
  if (operation.type === 'patch') {
    const base = isTouched ? left.get(id) : isForeign ? undefined : stored
    if (base === undefined) return { problem: { code: 'document_not_found', message: nothingToPatch } }
    const patched = patchDocument(base, operation.patch, rules)
    if ('problem' in patched) return patched
    if (owns?.({ ...patched.document, version: 0 }) === false)
      return { problem: { code: 'forbidden', message: leaves } }
    return { operation: { type: 'put', document: patched.document } }
  }
  // As of one that is not there, of which a tenant's delete is not written either: the answers must be alike.
  if (owns !== undefined && operation.type === 'delete' && version === 0 && !isTouched) return 'idle'
  if (isForeign) return { problem: { code: 'forbidden', message: idTaken } }
  return { operation }
}

const idTaken = 'the id cannot be used with this key; choose another, such as one that begins with a name of your own'
const leaves = 'the patched document would not pass the filter of this key'
const nothingToPatch = 'there is no such document to patch; put it whole'

function mismatch(ifVersion: number, version: number, isTouched: boolean): string {
  const state = version === 0 ? 'does not exist' : `has version ${version}`
  return `_if_version is ${ifVersion}, and the document ${isTouched ? 'is written by an earlier line' : state}`
}
