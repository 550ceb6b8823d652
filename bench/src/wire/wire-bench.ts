/**
 * What a shard server is sent of a query, in each form, what making its q-net there costs, and whether the scores are the same:
 * the bundled model at its longest query, and a random model of the paper's width and depth.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EncodingModel } from '@hypershard/encoder-service'
import { pseudoRandomTensor, publishedArchitecture, writeTinyModel } from '@hypershard/harness/qnets'
import { QNet } from '@hypershard/proto/qnet'
import {
  decodeTokenStates,
  decodeWeights,
  encodeWeights,
  loadModelDirectory,
  type ModelDirectory,
  openQueryHead,
  type Precision,
  QNetScorer,
  type QNetWeights,
  weightsBytes,
} from '@hypershard/qnet'
import { median } from '../statistics.ts'

const repository = fileURLToPath(new URL('../../..', import.meta.url))

export const wireBenchOptions = {
  model: { type: 'string', default: join(repository, 'models/hypershard-mini') },
  rounds: { type: 'string', default: '9' },
} as const

const documents = 2_000
/** More words than any query may have tokens. */
const longText = 'how do tides and currents carry sand along a coast '.repeat(20)
const paper = { width: 768, depth: 6, tokens: 64 }

export async function runWireBench(options: Readonly<Record<string, unknown>>) {
  const rounds = Number(options.rounds)
  const folder = await mkdtemp(join(tmpdir(), 'hypershard-bench-'))
  try {
    const { width, depth, tokens } = paper
    const random = await writeTinyModel(folder, {
      name: 'random',
      hiddenWidth: width,
      qnet: publishedArchitecture(width, depth),
      maxQueryTokens: tokens,
    })
    return [
      ...(await measureModel(await loadModelDirectory(String(options.model)), rounds)),
      ...(await measureModel(await loadModelDirectory(random.path), rounds)),
    ]
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function measureModel(directory: ModelDirectory, rounds: number) {
  const { name, qnet, encoder } = directory.settings
  const width = encoder.hiddenWidth
  const threads = availableParallelism()
  const model = await EncodingModel.fromDirectory(directory, threads)
  const head = await openQueryHead(directory, threads)
  const points = pseudoRandomTensor(1, documents * width, width ** -0.5)
  const scorer = new QNetScorer(qnet)
  const scoresOf = async (weights: QNetWeights) => (await scorer.prepareFp32(weights)).score(points)

  const encode = async (wish: Parameters<EncodingModel['encodeQueries']>[0][0]['wish']) => {
    const [answer] = await model.encodeQueries([{ text: longText, wish }])
    if (answer === undefined || !('bytes' in answer)) throw new Error('the query could not be encoded')
    return answer
  }
  const whole = await encode({ form: 'weights', precision: 'f32' })
  const weights = decodeWeights(qnet, whole.bytes, 'f32')
  const expected = await scoresOf(weights)
  const scale = Math.max(...expected.map(Math.abs))
  const states = await encode({ form: 'tokenStates' })
  const { tokens } = states
  const rowOf = async (form: string, bytes: number, made: QNetWeights, headMs: number) => {
    const scores = await scoresOf(made)
    const scoreDifference = Math.max(...scores.map((score, at) => Math.abs(score - expected[at]!)))
    return { model: name, width, tokens, form, bytes, headMs, scoreDifference, largestScore: scale }
  }

  const timesMs: number[] = []
  let made = weights
  for (let round = 0; round < rounds; round++) {
    const beginMs = performance.now()
    made = await head(decodeTokenStates(states.bytes, { tokens, width }))
    timesMs.push(performance.now() - beginMs)
  }
  const name32 = QNet.fromPartial({ digest: whole.digest, modelDigest: directory.digest })
  const precisions: readonly Precision[] = ['f16', 'int8']
  return [
    await rowOf('weights f32', weightsBytes(qnet, 'f32'), weights, 0),
    ...(await Promise.all(
      precisions.map(async precision => {
        const bytes = encodeWeights(qnet, weights, precision)
        return rowOf(`weights ${precision}`, bytes.length, decodeWeights(qnet, bytes, precision), 0)
      }),
    )),
    await rowOf('token states', states.bytes.length, made, median(timesMs)),
    await rowOf('digest, of a repeated query', QNet.encode(name32).finish().length, weights, 0),
  ]
}
