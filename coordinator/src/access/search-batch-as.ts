import { HypershardError, type RequestContext, toHypershardError } from '@hypershard/common'
import { textsOf } from '../search/composed/encode-composed.ts'
import type { SearchAnswer } from '../search/search-answer.ts'
import type { SearchInput } from '../search/search-input.ts'
import type { Caller } from './caller.ts'
import { type SearchAccess, searchAs } from './search-as.ts'
import { toldTo } from './tenant.ts'

/** What became of one search of a batch. */
export type SearchOutcome = { readonly answer: SearchAnswer } | { readonly problem: HypershardError }

/**
 * Searches of one batch that run at a time: enough that their queries can share the encoder's batches, and few beside the
 * places that a coordinator has for searches, 64 unless set, so that one batch does not fill them.
 */
const atOnceMax = 16

export interface SearchBatch {
  readonly index: string
  /** Functions, since what one throws (options that do not go together) is the failure of that search alone. */
  readonly searches: readonly (() => SearchInput)[]
  /** By which door it came, for the count of those that are refused. */
  readonly protocol: 'http' | 'grpc'
}

/**
 * The searches of a batch, each as if it had come by itself: with its own place among the searches that run, its own cost
 * within the caller's limits, its own coverage. One that fails harms no other. All share one deadline; those that it leaves no
 * time for fail as `deadline_exceeded`.
 * @returns one outcome a search, in their order
 * @throws HypershardError `index_not_found`, `cancelled`
 */
export async function searchBatchAs(
  caller: Caller,
  { index, searches, protocol }: SearchBatch,
  context: RequestContext,
  access: SearchAccess,
): Promise<SearchOutcome[]> {
  await toldTo(caller, async () => access.coordinator.getIndex(index))
  const outcomes: SearchOutcome[] = new Array(searches.length)
  const waiting = withOthers(searches, mayEncodeAhead(caller, access)).entries()
  const searchInTurn = async () => {
    for (const [at, input] of waiting) {
      const search = async () => {
        context.deadline.check('searching the rest of the batch')
        if (at > 0) takeRequest(caller, access)
        return { answer: await searchAs(caller, input(), context, access) }
      }
      outcomes[at] = await search().catch(error => {
        access.door.meter.answered(protocol, error)
        return { problem: failureOf(error, context) }
      })
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnceMax, searches.length) }, searchInTurn))
  if (context.deadline.cancelled) context.deadline.check('searching a batch')
  return outcomes
}

/** What may yet be refused for a key's limits is not encoded before it is its turn. */
function mayEncodeAhead(caller: Caller, { door }: SearchAccess): boolean {
  return door.keyOf(caller)?.limits === undefined
}

/** Each search with the queries of the others of its generation, so that one call encodes what nobody has encoded yet. */
function withOthers(searches: SearchBatch['searches'], mayEncode: boolean): SearchBatch['searches'] {
  if (!mayEncode || searches.length === 1) return searches
  const read = searches.map(input => {
    try {
      return input()
    } catch (error) {
      return () => {
        throw error
      }
    }
  })
  const inputs = read.filter(input => typeof input !== 'function')
  const texts = new Map(
    [...Map.groupBy(inputs, ({ generation }) => generation)].map(([generation, own]) => [
      generation,
      own.flatMap(textsOf),
    ]),
  )
  return read.map(input =>
    typeof input === 'function' ? input : () => ({ ...input, encodedWith: texts.get(input.generation) }),
  )
}

/** A batch counts as so many requests as it has searches; the door has counted the first. */
function takeRequest(caller: Caller, { door }: SearchAccess): void {
  const key = door.keyOf(caller)
  if (key !== undefined) door.limits.takeRequest(key)
}

/** The answer of the batch tells it; a defect is for the log too. */
function failureOf(error: unknown, { log }: RequestContext): HypershardError {
  const failure = toHypershardError(error)
  if (!(error instanceof HypershardError)) log.error({ err: error }, 'a search of a batch failed')
  return failure
}
