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

/** How far a pair's score alone may be from its score beside others: only a graph that mixes pairs goes beyond it. */
const mixedMax = 1e-3

/** onnxruntime has kernels of their own for one row, which add in another order (decision 002). */
const rowsMin = 2

/**
 * Opens a cross-encoder and runs it on the longest pair and the highest id there can be, and on pairs beside each other, so
 * that a model which loads also answers, and the same whatever pairs share its batch.
 * @throws HypershardError `invalid_model`, naming the file
 */
export async function openPairSession(
  directory: CrossEncoderDirectory,
  options: PairReach & { readonly threads: number },
): Promise<PairSession> {
  const { file } = directory.settings.scorer
  try {
    const session = await createOnnxSession(directory.files.get(file)!, options)
    checkSignature(session)
    const scorer = createPairSession(session, options.tokensMax)
    await scorer.run([{ ids: new Int32Array(options.tokensMax).fill(options.idMax), textFrom: 2 }])
    await checkApart(scorer, options)
    return scorer
  } catch (error) {
    const problem = `is no cross-encoder for this model: ${messageOf(error)}; export the model again`
    throw invalidModel(directory.path, file, problem, error)
  }
}

function createPairSession(session: InferenceSession, tokensMax: number): PairSession {
  const hasTypes = session.inputNames.includes('token_type_ids')
  return {
    close: () => session.release(),
    run: async pairs => {
      const scores = new Float32Array(pairs.length)
      const lengths = pairs.map(({ ids }) => paddedLength(ids.length, tokensMax))
      for (const places of placesOfAlike(lengths)) {
        const alike = places.map(place => pairs[place]!)
        while (alike.length < rowsMin) alike.push(alike[0]!)
        const inputs = inputsOf(alike, lengths[places[0]!]!, hasTypes)
        const found = floatOutput(await session.run(inputs, ['scores']), 'scores')
        if (found.length !== alike.length) {
          throw new HypershardError('invalid_model', `it gave ${found.length} scores for ${alike.length} pairs`)
        }
        for (const [row, place] of places.entries()) scores[place] = found[row]!
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

/** @throws Error for a graph in which pairs that run together change each other's scores */
async function checkApart(scorer: PairSession, { tokensMax, idMax }: PairReach): Promise<void> {
  const length = Math.min(tokensMax, 12)
  const pairs = [1, 2, 3].map(seed => ({
    ids: Int32Array.from({ length: length - seed }, (_, at) => ((seed * length + at + 1) * 7919) % (idMax + 1)),
    textFrom: 4,
  }))
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
