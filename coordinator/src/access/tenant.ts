/**
 * A key with a filter is a tenant's: for it there are no other documents than those that pass. docs/security.md says what
 * that covers.
 */
import { type ErrorCode, HypershardError } from '@hypershard/common'
import type { Filter } from '@hypershard/proto/shard'
import type { Fields } from '@hypershard/storage'
import { readFilter } from '../search/read-filter.ts'
import { type Caller, type FilterJson, nameOf } from './caller.ts'
import { passesFilter } from './passes-filter.ts'

/** Of one tenant in one index. */
export interface Tenancy {
  /** As a search has it. */
  readonly filter: FilterJson
  /** Whether a document is this tenant's. */
  owns(document: { readonly fields: string }): boolean
}

/**
 * @returns undefined for a caller without a filter
 * @throws HypershardError `forbidden` for an index that lacks a field of the filter: nothing there is this tenant's; and for a
 *   filter with words, since a document that changes its words must not change its owner
 */
export function tenancyOf(caller: Caller, index: string, fields: Fields): Tenancy | undefined {
  const { filter: json } = caller
  if (json === undefined) return undefined
  const filter = readOwnFilter(caller, index, fields)
  return { filter: json, owns: document => passesFilter(filter, { fields }, document) }
}

function readOwnFilter(caller: Caller, index: string, fields: Fields): Filter {
  try {
    return readFilter(caller.filter, { fields })
  } catch (cause) {
    const message = `${nameOf(caller)} may not use \`${index}\`: its filter does not fit the fields of this index`
    throw new HypershardError('forbidden', message, { details: { index }, cause })
  }
}

/** Both at once. The tenant's stands first, so that nothing which is said after it widens it. */
export function joinFilters(own: FilterJson, given: FilterJson | undefined): FilterJson {
  return given === undefined ? own : { must: [own, given] }
}

/** Failures whose words are of the request alone, or of what is the tenant's. */
const toldAsTheyAre: readonly ErrorCode[] = [
  'invalid_request',
  'invalid_cursor',
  'unauthenticated',
  'forbidden',
  'rate_limited',
  'index_not_found',
  'document_not_found',
  'request_too_large',
  'unsupported_media_type',
  'unsupported_encoding',
]

/**
 * Does a caller's work. A tenant is told of a failure no more than its code, unless its words are of the request alone: the
 * rest may count others' documents, or name servers and files. Wraps all of the work, what comes before it too.
 */
export async function toldTo<Result>({ filter }: Caller, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw filter === undefined ? error : failureForTenant(error)
  }
}

function failureForTenant(error: unknown): unknown {
  if (!(error instanceof HypershardError) || toldAsTheyAre.includes(error.code)) return error
  if (error.code === 'insufficient_coverage') return tooLittle(error)
  return new HypershardError(error.code, lower(error.row.title), { cause: error })
}

/** The words of the failure count all documents, and so do its details. */
function tooLittle({ details: { min_coverage } }: HypershardError): HypershardError {
  const message = 'too few documents could be searched; try again, or accept less with a lower min_coverage'
  return new HypershardError('insufficient_coverage', message, { details: { min_coverage } })
}

/** What a tenant is told of a write that could not be indexed. */
export function problemForTenant({ code }: { readonly code: string }): { code: string; message: string } {
  return { code, message: 'indexing does not go on; ask whoever runs the cluster' }
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
