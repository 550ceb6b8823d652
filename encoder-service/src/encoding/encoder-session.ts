import { HypershardError, messageOf } from '@hypershard/common'
import {
  allFinite,
  createOnnxSession,
  floatOutput,
  type InferenceSession,
  invalidModel,
  type ModelDirectory,
} from '@hypershard/qnet'
import type { OpenGraph } from '../device/encoding-device.ts'
import { padTexts, type TokenStatesBatch } from './text-batch.ts'

/** An encoder graph that was checked against the contract of docs/formats/model.md. */
export interface EncoderSession {
  /**
   * @param paddedTokens that the texts are padded to: their longest unless told
   * @throws HypershardError `invalid_model` when a state is NaN or infinite
   */
  run(texts: readonly Int32Array[], paddedTokens?: number): Promise<TokenStatesBatch>
  /** Gives its memory back; nothing runs after it. */
  close(): Promise<void>
}

/** What the graph must be able to read, tried once when it is opened. */
export interface EncoderReach {
  readonly tokensMax: number
  readonly idMax: number
}

/** Texts of random tokens, 128 in all; long enough that their product is the full matrix product of a batch. */
const probeCount = 4
const probeTokens = 32

/**
 * Opens an encoder and runs it once on the longest text and the highest id there can be, so that a model which loads
 * also answers.
 * @param graph what is run in place of the file's own
 * @throws HypershardError `invalid_model`, naming the file
 */
export async function openEncoder(
  directory: ModelDirectory,
  file: string,
  options: EncoderReach & { threads: number },
  graph: Uint8Array = directory.files.get(file)!,
): Promise<EncoderSession> {
  const width = directory.settings.encoder.hiddenWidth
  try {
    const session = await createOnnxSession(graph, options)
    checkSignature(session, width)
    const encoder = encoderOf(session, width)
    await encoder.run([new Int32Array(options.tokensMax).fill(options.idMax)])
    return encoder
  } catch (error) {
    const problem = `is no encoder for this model: ${messageOf(error)}; export the model again`
    throw invalidModel(directory.path, file, problem, error)
  }
}

/** Ids spread over the vocabulary, always the same. */
export function probeTexts({ tokensMax, idMax }: EncoderReach): Int32Array[] {
  const tokens = Math.min(tokensMax, probeTokens)
  return Array.from({ length: probeCount }, (_, text) =>
    Int32Array.from({ length: tokens }, (_, at) => ((text * tokens + at + 1) * 7919) % (idMax + 1)),
  )
}

/** An encoder's graph that is open, and was checked before. */
export function encoderOf(graph: OpenGraph, width: number): EncoderSession {
  return {
    close: () => graph.release(),
    run: async (texts, paddedTokens) => {
      const lengths = texts.map(ids => ids.length)
      const longest = paddedTokens ?? Math.max(...lengths)
      const states = floatOutput(await graph.run(padTexts(texts, longest), ['token_states']), 'token_states')
      if (states.length !== texts.length * longest * width) {
        throw new HypershardError(
          'invalid_model',
          `the encoder gave ${states.length} values for ${lengths.length} texts`,
        )
      }
      if (!allFinite(states))
        throw new HypershardError('invalid_model', 'the encoder gave a NaN or infinite token state')
      return { states, lengths, longest, width }
    },
  }
}

function checkSignature(session: InferenceSession, width: number): void {
  for (const name of ['input_ids', 'attention_mask']) {
    const found = describe(session.inputMetadata, name)
    if (found !== 'int64, 2 dimensions')
      throw new Error(`input ${name} must be int64 with 2 dimensions, it is ${found}`)
  }
  const inputs = session.inputNames.length
  if (inputs !== 2) throw new Error(`it has ${inputs} inputs, not input_ids and attention_mask alone`)
  const found = describe(session.outputMetadata, 'token_states')
  if (found !== 'float32, 3 dimensions') {
    throw new Error(`output token_states must be float32 with 3 dimensions, it is ${found}`)
  }
  const output = session.outputMetadata.find(value => value.name === 'token_states')
  const last = output?.isTensor ? output.shape.at(-1) : undefined
  if (typeof last === 'number' && last !== width)
    throw new Error(`token states are ${last} wide, hiddenWidth is ${width}`)
}

function describe(values: readonly InferenceSession.ValueMetadata[], name: string): string {
  const value = values.find(candidate => candidate.name === name)
  if (value === undefined) return 'missing'
  return value.isTensor ? `${value.type}, ${value.shape.length} dimensions` : 'no tensor'
}
