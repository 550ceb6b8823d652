import assert from 'node:assert/strict'
import { Deadline, HypershardError } from '@hypershard/common'
import { FakeEncoder, quietContext } from '@hypershard/harness'
import type { DocumentContent } from '@hypershard/storage'
import { LetterEncoder, poison } from '../testing/test-log.ts'
import { encodeDocuments } from './encode-documents.ts'
import { costOf } from './encode-pace.ts'

const model = new FakeEncoder().models[0]!.digest

async function* documents(count: number, text = 'words'): AsyncGenerator<DocumentContent> {
  for (let at = 0; at < count; at++) yield { id: `d${at}`, title: '', text: `${text} ${at}`, fields: '{}' }
}

async function idsOf(encoder: FakeEncoder, source: AsyncIterable<DocumentContent>, deadline = Deadline.after(60_000)) {
  const batches: string[][] = []
  for await (const batch of encodeDocuments(source, model, { encoder }, quietContext(deadline))) {
    assert.equal(batch.vectors.length, batch.documents.length * batch.vectorWidth)
    batches.push(batch.documents.map(({ id }) => id))
  }
  return batches
}

describe('encodeDocuments', () => {
  it('keeps the order though later calls may end first', async () => {
    const encoder = new FakeEncoder()
    let call = 0
    encoder.beforeBatch = () => new Promise(resolve => setTimeout(resolve, [15, 1, 8][call++ % 3]))
    const batches = await idsOf(encoder, documents(300))
    assert.deepEqual(
      batches.flat(),
      Array.from({ length: 300 }, (_, at) => `d${at}`),
    )
    assert.deepEqual(
      batches.map(batch => batch.length),
      [64, 64, 64, 64, 44],
    )
  })

  it('never has more than three calls in flight', async () => {
    const encoder = new FakeEncoder()
    let inFlight = 0
    encoder.beforeBatch = async () => {
      inFlight++
      assert.ok(inFlight <= 3)
      await new Promise(resolve => setTimeout(resolve, 2))
      inFlight--
    }
    await idsOf(encoder, documents(1_000))
  })

  it('has as many calls in flight for each encoder, and bounds them', async () => {
    for (const { encoders, inFlightMax } of [
      { encoders: 2, inFlightMax: 6 },
      { encoders: 100, inFlightMax: 48 },
    ]) {
      const encoder = new FakeEncoder()
      encoder.encodersOf = () => encoders
      const full = Promise.withResolvers<void>()
      let inFlight = 0
      encoder.beforeBatch = async () => {
        if (++inFlight === inFlightMax) full.resolve()
        assert.ok(inFlight <= inFlightMax)
        await full.promise
        inFlight--
      }
      assert.equal((await idsOf(encoder, documents(64 * 50))).flat().length, 64 * 50)
    }
  })

  it('goes on with other encoders while one is slow, as far ahead as it may', async () => {
    const encoder = new FakeEncoder()
    encoder.encodersOf = () => 2
    const slow = Promise.withResolvers<void>()
    let calls = 0
    encoder.beforeBatch = async () => {
      if (++calls === 1) await slow.promise
    }
    const begun = async () => {
      for (let quiet = 0, last = 0; quiet < 100; quiet = calls === last ? quiet + 1 : 0) {
        last = calls
        await new Promise(resolve => setImmediate(resolve))
      }
      slow.resolve()
      return calls
    }
    const ahead = begun()
    const batches = await idsOf(encoder, documents(64 * 40))
    assert.deepEqual(
      batches.map(([first]) => first),
      Array.from({ length: 40 }, (_, at) => `d${at * 64}`),
    )
    assert.equal(await ahead, 24)
  })

  it('sends long texts in smaller batches', async () => {
    const batches = await idsOf(new FakeEncoder(), documents(5, 'x'.repeat(600_000)))
    assert.deepEqual(
      batches.map(batch => batch.length),
      [1, 1, 1, 1, 1],
    )
  })

  it('makes calls that cost no more than they may, and of one group each', async () => {
    const encoder = new FakeEncoder()
    const parts = { encoder, callCost: () => 3 * costOf({ title: '', text: 'words 0' }) }
    const groupOf = ({ id }: DocumentContent) => (id < 'd5' ? 0 : 1)
    const lengths: number[] = []
    for await (const batch of encodeDocuments(documents(9), model, parts, quietContext(), { groupOf })) {
      lengths.push(batch.documents.length)
    }
    assert.deepEqual(lengths, [3, 2, 3, 1])
  })

  it('gives an overloaded encoder time', async () => {
    const encoder = new FakeEncoder()
    let refusals = 3
    encoder.beforeBatch = async () => {
      if (refusals-- > 0) throw new HypershardError('overloaded', 'the queue is full')
    }
    assert.equal((await idsOf(encoder, documents(10))).flat().length, 10)
  })

  it('gives up on an overloaded encoder at the deadline', async () => {
    const encoder = new FakeEncoder()
    encoder.failure = new HypershardError('overloaded', 'the queue is full')
    const late = (error: HypershardError) => error.code === 'deadline_exceeded'
    await assert.rejects(idsOf(encoder, documents(10), Deadline.after(100)), late)
  })

  it('passes any other failure on, and ends the calls beside it', async () => {
    const encoder = new FakeEncoder()
    let call = 0
    let cancelled = 0
    const fail = Promise.withResolvers<never>()
    encoder.beforeBatch = deadline => {
      call++
      if (call === 3) fail.reject(new HypershardError('invalid_model', 'broken'))
      if (call === 1) return fail.promise
      return new Promise((_, reject) =>
        deadline.signal.addEventListener('abort', () => {
          cancelled++
          reject(new HypershardError('cancelled', 'nobody waits'))
        }),
      )
    }
    await assert.rejects(idsOf(encoder, documents(500)), /broken/)
    assert.equal(cancelled, 2)
  })

  describe('of an index that cuts texts', () => {
    const cut = async (texts: readonly string[]) => {
      const source = texts.map((text, at) => ({ id: `d${at}`, title: '', text }))
      const options = { passages: { overlap: 0 } }
      const batches = []
      const encoder = new LetterEncoder()
      for await (const batch of encodeDocuments(source, model, { encoder }, quietContext(), options))
        batches.push(batch)
      return batches
    }

    it('gives every passage a vector, in the order of the documents', async () => {
      const [batch] = await cut(['🦊a|bcd', 'ef', '|gh'])
      assert.deepEqual(
        batch!.documents.map(({ passages }) => passages),
        [
          [
            { begin: 0, end: 2 },
            { begin: 3, end: 6 },
          ],
          [{ begin: 0, end: 2 }],
          [
            { begin: 0, end: 0 },
            { begin: 1, end: 3 },
          ],
        ],
      )
      // A letter encoder's vector is [UTF-16 units, 1].
      assert.deepEqual(
        [...batch!.vectors].filter((_, at) => at % 2 === 0),
        [3, 3, 2, 0, 2],
      )
      assert.equal(batch!.read[0]!.tokens, 5)
    })

    it('encodes more passages than one call takes', async () => {
      const [batch] = await cut(['a|'.repeat(150)])
      assert.equal(batch!.documents[0]!.passages!.length, 151)
      assert.equal(batch!.vectors.length, 2 * 151)
    })

    it('fails a document as a whole for one of its passages, and no other', async () => {
      const [batch] = await cut(['ab|cd', `ef|${poison}|gh`, 'ij'])
      assert.deepEqual(
        batch!.documents.map(({ id }) => id),
        ['d0', 'd2'],
      )
      assert.deepEqual([...batch!.vectors], [2, 1, 2, 1, 2, 1])
      assert.deepEqual(
        batch!.failures.map(({ document, failure }) => [document.id, failure.message]),
        [['d1', 'told to fail']],
      )
    })
  })
})
