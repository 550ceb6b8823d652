import { HypershardError, type RequestContext, toHypershardError } from '@hypershard/common'
import type {
  EncodeQueriesRequest,
  EncodeQueriesResponse,
  EncodeQueryRequest,
  EncodeQueryResponse,
  QueryOutcome,
} from '@hypershard/proto/encoder'
import { batchSearchesMax, encodedQueriesBytesMax } from '@hypershard/proto/limits'

/**
 * Queries that came together, each as if it had come by itself; they share batches as any that wait at one time. What the
 * answer has no room for fails, but for the first.
 * @throws HypershardError `request_too_large`, `cancelled`
 */
export async function encodeEach(
  { texts, ...shared }: EncodeQueriesRequest,
  encode: (request: EncodeQueryRequest) => Promise<EncodeQueryResponse>,
  { deadline }: Pick<RequestContext, 'deadline'>,
): Promise<EncodeQueriesResponse> {
  if (texts.length > batchSearchesMax) {
    const message = `texts: ${texts.length} in one request, over the ${batchSearchesMax} there may be; send them in parts`
    const details = { texts: texts.length, textsMax: batchSearchesMax }
    throw new HypershardError('request_too_large', message, { details })
  }
  const outcomes = await Promise.all(
    texts.map(text =>
      encode({ ...shared, text }).then(
        (answer): QueryOutcome => ({ answer, failure: undefined }),
        error => failed(toHypershardError(error)),
      ),
    ),
  )
  if (deadline.cancelled) deadline.check('answering queries')
  return { outcomes: withinRoom(outcomes) }
}

function withinRoom(outcomes: readonly QueryOutcome[]): QueryOutcome[] {
  let bytes = 0
  return outcomes.map((outcome, at) => {
    bytes += bytesOf(outcome)
    if (at === 0 || bytes <= encodedQueriesBytesMax) return outcome
    const message = `the answer would have more than ${encodedQueriesBytesMax} bytes; ask for this query by itself`
    return failed(new HypershardError('request_too_large', message))
  })
}

function bytesOf({ answer }: QueryOutcome): number {
  const query = answer?.query
  if (query === undefined) return 0
  return query.$case === 'qnet' ? query.value.weights.length : query.value.states.length
}

function failed({ code, message }: HypershardError): QueryOutcome {
  return { answer: undefined, failure: { code, message } }
}
