import { HypershardError, messageOf, parseExactJson } from '@hypershard/common'
import { qnetSampleSchema, sampleQueriesMax, sampleQueriesMin } from '@hypershard/contract'
import { sampleQNetsBytesMax } from '@hypershard/proto/limits'
import type { QNet } from '@hypershard/proto/qnet'
import type { z } from 'zod'
import { encodeOwnQuery, readOwnQuery, type ScoredBy } from '../vectors/own-query.ts'
import type { ReadLine } from '../writing/line-parts.ts'

/**
 * Sample q-nets as they are given: NDJSON, each line with a `qnet` or a `vector` as a search has it.
 * @returns the weights of each in f32; none for a body without lines
 * @throws HypershardError `invalid_request` or `request_too_large` with the line; `model_mismatch`
 */
export async function readSamples(lines: AsyncIterable<ReadLine>, scored: ScoredBy): Promise<Uint8Array[]> {
  const weights: Uint8Array[] = []
  let total = 0
  for await (const { line, bytes } of lines) {
    if (bytes === undefined) throw at(line, new HypershardError('request_too_large', 'longer than a q-net may be'))
    const text = bytes.toString().trim()
    if (text === '') continue
    try {
      const own = encodeOwnQuery(readOwnQuery(parse(text))!, scored).payload as QNet
      weights.push(own.weights)
    } catch (error) {
      throw at(line, error)
    }
    total += weights.at(-1)!.length
    if (total > sampleQNetsBytesMax) {
      const message = `the q-nets together have more than ${sampleQNetsBytesMax} bytes in f32; give fewer`
      throw at(line, new HypershardError('request_too_large', message))
    }
    if (weights.length > sampleQueriesMax) throw wrongCount(`more than ${sampleQueriesMax}`)
  }
  if (weights.length > 0 && weights.length < sampleQueriesMin) throw wrongCount(`${weights.length}`)
  return weights
}

function parse(text: string): z.output<typeof qnetSampleSchema> {
  const parsed = qnetSampleSchema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`)
  throw new HypershardError('invalid_request', issues.join('; '))
}

function parseJson(text: string): unknown {
  try {
    return parseExactJson(text)
  } catch (error) {
    throw new HypershardError('invalid_request', `not JSON: ${messageOf(error)}`)
  }
}

function at(line: number, error: unknown): unknown {
  if (!(error instanceof HypershardError)) return error
  const { code, message, details } = error
  return new HypershardError(code, `line ${line}: ${message}`, { details: { ...details, line }, cause: error })
}

function wrongCount(found: string): HypershardError {
  const message = `${found} q-nets; give ${sampleQueriesMin} to ${sampleQueriesMax}, or none to take back those that there are`
  return new HypershardError('invalid_request', message)
}
