import assert from 'node:assert/strict'
import { Deadline, HypershardError } from '@hypershard/common'
import { type EncodeQueryRequest, EncodeQueryResponse, QueryForm } from '@hypershard/proto/encoder'
import { batchSearchesMax, encodedQueriesBytesMax } from '@hypershard/proto/limits'
import { WeightsPrecision } from '@hypershard/proto/qnet'
import { encodeEach } from './encode-each.ts'

const context = { deadline: Deadline.after(60_000) }
const shared = {
  modelDigest: 'm',
  form: QueryForm.QUERY_FORM_TOKEN_STATES,
  precision: WeightsPrecision.WEIGHTS_PRECISION_F32,
}

const answerOf = (states: Buffer) =>
  EncodeQueryResponse.fromPartial({ query: { $case: 'tokenStates', value: { states } } })

describe('queries that come together', () => {
  it('are encoded each by itself, in their order, and one that fails harms no other', async () => {
    const asked: EncodeQueryRequest[] = []
    const encode = async (request: EncodeQueryRequest) => {
      asked.push(request)
      if (request.text === 'b') throw new HypershardError('overloaded', 'too many wait')
      return answerOf(Buffer.from(request.text))
    }
    const { outcomes } = await encodeEach({ ...shared, texts: ['a', 'b', 'c'] }, encode, context)
    assert.deepEqual(
      asked,
      ['a', 'b', 'c'].map(text => ({ ...shared, text })),
    )
    assert.deepEqual(outcomes, [
      { answer: answerOf(Buffer.from('a')), failure: undefined },
      { answer: undefined, failure: { code: 'overloaded', message: 'too many wait' } },
      { answer: answerOf(Buffer.from('c')), failure: undefined },
    ])
  })

  it('are answered as far as there is room, the first always', async () => {
    const states = Buffer.alloc(encodedQueriesBytesMax / 2 + 1)
    const texts = ['a', 'b', 'c']
    const { outcomes } = await encodeEach({ ...shared, texts }, async () => answerOf(states), context)
    assert.deepEqual(
      outcomes.map(({ failure }) => failure?.code),
      [undefined, 'request_too_large', 'request_too_large'],
    )
    const large = answerOf(Buffer.alloc(2 * encodedQueriesBytesMax))
    const alone = await encodeEach({ ...shared, texts: ['a'] }, async () => large, context)
    assert.equal(alone.outcomes[0]!.failure, undefined)
  })

  it('are refused where they are too many, and of a caller who has gone', async () => {
    const never = async () => assert.fail('nothing is encoded')
    const texts = Array<string>(batchSearchesMax + 1).fill('a')
    await assert.rejects(encodeEach({ ...shared, texts }, never, context), { code: 'request_too_large' })
    const deadline = Deadline.after(60_000, { signal: AbortSignal.abort() })
    await assert.rejects(encodeEach({ ...shared, texts: [] }, never, { deadline }), { code: 'cancelled' })
  })
})
