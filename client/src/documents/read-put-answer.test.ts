import assert from 'node:assert/strict'
import type { PutProgress } from '@hypershard/contract'
import fc from 'fast-check'
import { NotReachable, ServerProblem } from '../errors.ts'
import { readPutAnswer } from './read-put-answer.ts'

const progress: PutProgress[] = [
  { received: 10, sequence: null, waiting: null },
  { received: 40, sequence: 3, waiting: 10 },
]
const result = {
  received: 40,
  accepted: 39,
  failed: 1,
  sequence: 3,
  repeated: false,
  searchable: true,
  problem: null,
  took_ms: 1.5,
  manifest_version: 2,
  errors: [{ line: 7, id: 'größe', code: 'invalid_request', message: 'not JSON' }],
}

describe('the answer to putting documents', () => {
  it('is read the same however it is cut into chunks', async () => {
    const messages = [...progress.map(state => ({ progress: state })), { result }]
    const bytes = Buffer.from(messages.map(message => `${JSON.stringify(message)}\n`).join(''))
    const cuts = fc.array(fc.nat({ max: bytes.length }), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(cuts, async unsorted => {
        const seen: PutProgress[] = []
        const answer = await readPutAnswer(cut(bytes, unsorted), state => seen.push(state))
        assert.deepEqual(answer, result)
        assert.deepEqual(seen, progress)
      }),
    )
  })

  it('may end in a problem', async () => {
    const line = JSON.stringify({ problem: { code: 'storage_full', status: 507, detail: 'no space left' } })
    await assert.rejects(
      readPutAnswer(cut(Buffer.from(line), []), () => {}),
      (error: unknown) => {
        assert.ok(error instanceof ServerProblem)
        assert.equal(error.problem.code, 'storage_full')
        assert.equal(error.problem.retryable, true)
        return true
      },
    )
  })

  it('that breaks off is no success', async () => {
    const line = Buffer.from('{"progress":{"received":1,"sequence":null,"waiting":null}}\n')
    await assert.rejects(
      readPutAnswer(cut(line, []), () => {}),
      NotReachable,
    )
  })
})

async function* cut(bytes: Buffer, at: readonly number[]): AsyncGenerator<Buffer> {
  const sorted = [0, ...[...at].sort((one, other) => one - other), bytes.length]
  for (const [place, start] of sorted.slice(0, -1).entries()) yield bytes.subarray(start, sorted[place + 1])
}
