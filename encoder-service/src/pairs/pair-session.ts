import { HypershardError, messageOf } from '@hypershard/common'
import {
  allFinite,
  type CrossEncoderDirectory,
  createOnnxSession,
  floatOutput,
  type InferenceSession,
  invalidModel,
  Tensor,
} from '@hypershard/qnet'
import type { EncodingDevice, OpenGraph } from '../device/encoding-device.ts'
import { runsOf } from '../device/in-fixed-shapes.ts'
import { runsNotThere } from '../device/open-on-device.ts'
import { placesOfAlike } from '../encoding/text-batch.ts'
import { paddedLength } from './padded-length.ts'
import type { TokenizedPair } from './pair-tokenizer.ts'

export type PairIds = Pick<TokenizedPair, 'ids' | 'textFrom'>

/** A cross-encoder's graph that was checked against the contract of docs/formats/cross-encoder.md. */
export interface PairSession {
  /**
   * One score a pair, in order.
   * @throws HypershardError `invalid_model` when a score is NaN or infinite
   */
  run(pairs: readonly PairIds[]): Promise<Float32Array<ArrayBuffer>>
  close(): Promise<void>
}

interface PairReach {
  readonly tokensMax: number
  readonly idMax: number
}

interface PairOptions extends PairReach {
  readonly threads: number
  /** That runs it, and not the CPU. */
  readonly device?: EncodingDevice | undefined
}

/** How far a pair's score alone may be from its score beside others: only a graph that mixes pairs goes beyond it. */
const mixedMax = 1e-3

/** How far a device's score of a pair may be from the CPU's: more is another model, or a device with a fault. */
const deviceApartMax = 0.02

/** onnxruntime has kernels of their own for one row, which add in another order (decision 002). */
const rowsMin = 2

/**
 * Opens a cross-encoder and runs it on the longest pair and the highest id there can be, and on pairs beside each other, so
 * that a model which loads also answers, and the same whatever pairs share its batch.
 * @throws HypershardError `invalid_model`, naming the file
 */
export async function openPairSession(directory: CrossEncoderDirectory, options: PairOptions): Promise<PairSession> {
  const onCpu = await openOnCpu(directory, options)
  return options.device === undefined ? onCpu : openOnDevice(directory, { ...options, device: options.device }, onCpu)
}

async function openOnCpu(directory: CrossEncoderDirectory, options: PairOptions): Promise<PairSession> {
  const { file } = directory.settings.scorer
  try {
    const session = await createOnnxSession(directory.files.get(file)!, options)
    checkSignature(session)
    const scorer = createPairSession(session, options.tokensMax, count => Math.max(rowsMin, count))
    await scorer.run([longestPair(options)])
    await checkApart(scorer, options)
    return scorer
  } catch (error) {
    const problem = `is no cross-encoder for this model: ${messageOf(error)}; export the model again`
    throw invalidModel(directory.path, file, problem, error)
  }
}

/** As encoders are opened on a device (`open-on-device.ts`). */
async function openOnDevice(
  directory: CrossEncoderDirectory,
  { device, ...options }: PairOptions & { readonly device: EncodingDevice },
  onCpu: PairSession,
): Promise<PairSession> {
  const { settings, files } = directory
  try {
    const graph = await device.open(files.get(settings.scorer.file)!)
    const scorer = createPairSession(graph, options.tokensMax, (_, length) => device.rowsOf(length))
    const pairs = [...probePairs(options), longestPair(options)]
    const [expected, found] = [await onCpu.run(pairs), await scorer.run(pairs)]
    for (const [at, score] of found.entries()) {
      const apart = Math.abs(score - expected[at]!)
      if (apart > deviceApartMax * Math.max(1, Math.abs(expected[at]!))) {
        throw new Error(`it scores a pair ${score} where the CPU scores it ${expected[at]}`)
      }
    }
    return scorer
  } catch (error) {
    throw runsNotThere(device, settings.name, error)
  } finally {
    await onCpu.close()
  }
}

/**
 * @param rowsOf rows of a run, by how many pairs of one padded length there are and by that length
 */
function createPairSession(
  session: OpenGraph,
  tokensMax: number,
  rowsOf: (pairs: number, length: number) => number,
): PairSession {
  const hasTypes = session.inputNames.includes('token_type_ids')
  return {
    close: () => session.release(),
    run: async pairs => {
      const scores = new Float32Array(pairs.length)
      const lengths = pairs.map(({ ids }) => paddedLength(ids.length, tokensMax))
      for (const places of placesOfAlike(lengths)) {
        const length = lengths[places[0]!]!
        for (const own of runsOf(places, rowsOf(places.length, length))) {
          const alike = own.map(place => pairs[place]!)
          const found = floatOutput(await session.run(inputsOf(alike, length, hasTypes), ['scores']), 'scores')
          if (found.length !== alike.length) {
            throw new HypershardError('invalid_model', `it gave ${found.length} scores for ${alike.length} pairs`)
          }
          for (const [row, place] of own.entries()) scores[place] = found[row]!
        }
      }
      if (!allFinite(scores)) throw new HypershardError('invalid_model', 'it gave a NaN or infinite score')
      return scores
    },
  }
}

/** Ids padded to one length, 1 in the mask for tokens, and 1 as the type of those of the text. */
function inputsOf(pairs: readonly PairIds[], length: number, hasTypes: boolean): InferenceSession.OnnxValueMapType {
  const [ids, mask, types] = [0, 1, 2].map(() => new BigInt64Array(pairs.length * length)) as [
    BigInt64Array,
    BigInt64Array,
    BigInt64Array,
  ]
  for (const [row, pair] of pairs.entries()) {
    const start = row * length
    for (const [token, id] of pair.ids.entries()) ids[start + token] = BigInt(id)
    mask.fill(1n, start, start + pair.ids.length)
    types.fill(1n, start + pair.textFrom, start + pair.ids.length)
  }
  const shape = [pairs.length, length]
  const tensor = (values: BigInt64Array) => new Tensor('int64', values, shape)
  const inputs = { input_ids: tensor(ids), attention_mask: tensor(mask) }
  return hasTypes ? { ...inputs, token_type_ids: tensor(types) } : inputs
}

function longestPair({ tokensMax, idMax }: PairReach): PairIds {
  return { ids: new Int32Array(tokensMax).fill(idMax), textFrom: 2 }
}

function probePairs({ tokensMax, idMax }: PairReach): PairIds[] {
  const length = Math.min(tokensMax, 12)
  return [1, 2, 3].map(seed => ({
    ids: Int32Array.from({ length: length - seed }, (_, at) => ((seed * length + at + 1) * 7919) % (idMax + 1)),
    textFrom: 4,
  }))
}

/** @throws Error for a graph in which pairs that run together change each other's scores */
async function checkApart(scorer: PairSession, reach: PairReach): Promise<void> {
  const pairs = probePairs(reach)
  const together = await scorer.run(pairs)
  for (const [at, pair] of pairs.entries()) {
    const [alone] = await scorer.run([pair])
    const apart = Math.abs(alone! - together[at]!)
    if (apart > mixedMax * Math.max(1, Math.abs(alone!))) {
      throw new Error(`a pair's score depends on the pairs beside it (${together[at]} instead of ${alone})`)
    }
  }
}

function checkSignature(session: InferenceSession): void {
  const optional = ['token_type_ids']
  const required = ['input_ids', 'attention_mask']
  for (const name of required) {
    if (!session.inputNames.includes(name)) throw new Error(`input ${name} is missing`)
  }
  for (const input of session.inputMetadata) {
    if (![...required, ...optional].includes(input.name)) throw new Error(`input ${input.name} is not known`)
    const found = input.isTensor ? `${input.type}, ${input.shape.length} dimensions` : 'no tensor'
    if (found !== 'int64, 2 dimensions')
      throw new Error(`input ${input.name} must be int64 with 2 dimensions, it is ${found}`)
  }
  const output = session.outputMetadata.find(({ name }) => name === 'scores')
  if (output?.isTensor !== true || output.type !== 'float32') throw new Error('it has no float32 output scores')
}
