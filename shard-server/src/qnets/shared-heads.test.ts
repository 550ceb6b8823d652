import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@hypershard/common'
import { pseudoRandomTensor, tinyArchitecture, writeTinyModel } from '@hypershard/harness/qnets'
import { encodeTokenStates, kernelIdentity, tokenStatesDigest, weightsBytes } from '@hypershard/qnet'
import { ThreadCalls } from '../threads/thread-calls.ts'
import type { HeadMessage, HeadThreadData, MadeQNet } from './head-thread.ts'
import { QNetExchange } from './qnet-exchange.ts'

const [width] = tinyArchitecture.vectorDimensions as [number]
const tokens = 5
const length = weightsBytes(tinyArchitecture, 'f32')

describe('a thread that makes q-nets beside that of another server', () => {
  let directory: string
  let folder: string
  let modelDigest: string
  let thread: ThreadCalls<HeadMessage, MadeQNet>
  let others: QNetExchange

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-shared-heads-'))
    folder = join(directory, 'qnets')
    await mkdir(folder)
    const model = await writeTinyModel(directory, { qnet: tinyArchitecture })
    modelDigest = model.digest
    const exchange = { folder, version: '1' }
    const storeRoot = join(directory, 'store')
    thread = new ThreadCalls({
      name: 'head',
      file: new URL('./head-thread.ts', import.meta.url),
      log: silentLogger(),
      onDeath: error => assert.fail(error),
      workerData: { models: [model.path], storeRoot, threads: 1, exchange } satisfies HeadThreadData,
    })
    others = new QNetExchange(folder, { kernel: kernelIdentity(), version: '1' })
  })

  after(async () => {
    others.close()
    await thread.close()
    assert.deepEqual(await readdir(folder), [], 'it leaves nothing behind')
    await rm(directory, { recursive: true })
  })

  function callOf(seed: number, { share }: { share: boolean }) {
    const states = Buffer.from(encodeTokenStates(pseudoRandomTensor(seed, tokens * width, 1), width))
    const digest = tokenStatesDigest(modelDigest, { tokens, width }, states)
    const into = new Uint8Array(new SharedArrayBuffer(length))
    const request = { modelDigest, digest, shape: { tokens, width }, states, into, share }
    const ask = () => thread.call(call => ({ call, ...request })).answer
    return { key: others.keyOf(digest), into, request, ask }
  }

  it('reads what the other has made, into the memory that was given', async () => {
    const { key, into, ask } = callOf(1, { share: true })
    const left = new Uint8Array(length).fill(7)
    others.leave(key, left)
    assert.equal((await ask()).wasRead, true)
    assert.deepEqual(Uint8Array.from(into), left)
  })

  it('makes others while it waits for that one, and then reads it', async () => {
    const [waited, beside] = [callOf(2, { share: true }), callOf(3, { share: true })]
    others.claim(waited.key)
    const reading = waited.ask()
    assert.equal((await beside.ask()).wasRead, false)
    const left = new Uint8Array(length).fill(8)
    others.leave(waited.key, left)
    // Where the machine is so slow that it was waited for in vain, it was made here.
    const { wasRead } = await reading
    assert.equal(
      wasRead,
      waited.into.every((byte, at) => byte === left[at]),
    )
  })

  it('makes all by itself that it is not to share, and leaves none of them', async () => {
    const { key, into, ask } = callOf(4, { share: false })
    others.leave(key, new Uint8Array(length).fill(9))
    assert.equal((await ask()).wasRead, false)
    const made = Uint8Array.from(into)
    others.release(key)
    others.close()
    assert.equal((await ask()).wasRead, false)
    assert.deepEqual(Uint8Array.from(into), made)
    assert.equal(others.read(key, into), false)
  })

  it('refuses token states that are broken, whatever was left there', async () => {
    const { key, request } = callOf(5, { share: true })
    others.leave(key, new Uint8Array(length))
    const states = Buffer.from(request.states)
    states[0]! ^= 1
    const { answer } = thread.call(call => ({ call, ...request, states }))
    await assert.rejects(answer, { code: 'invalid_request' })
  })
})
