import { HypershardError, messageOf, toCodePoints } from '@hypershard/common'
import {
  allFinite,
  createOnnxSession,
  floatOutput,
  type InferenceSession,
  invalidModel,
  type ModelDirectory,
  Tensor,
} from '@hypershard/qnet'
import type { PlacedWord } from '../encoding/place-words.ts'
import { type Piece, piecesOf, tags } from './pieces-of.ts'

/** What was found in a query; no pieces where it is one need, or where that is not sure enough. */
export interface Interpretation {
  /** Parts of the text, in code points. */
  readonly pieces: readonly Piece[]
  /** Of the pieces, 0 to 1: as sure as the least sure of its parts. 0 where the tags make no pieces. */
  readonly confidence: number
}

/** What the graph says of one text. */
export interface TaggedTokens {
  /** Logarithms of the tags' probabilities, row-major [tokens, tags]. */
  readonly logTags: Float32Array
  /** The logarithm of the odds that the text is a disjunction. */
  readonly odds: number
}

/** A tagger that was checked against the contract of docs/formats/model.md. */
export interface Interpreter {
  /** @param states [tokens, hiddenWidth] of one text, without padding; it runs alone, so that nothing depends on its batch */
  tag(states: Float32Array): Promise<TaggedTokens>
  interpret(text: string, words: readonly PlacedWord[], states: Float32Array): Promise<Interpretation>
}

/** Of a text that is one need, and of one whose words cannot be told. */
export const nothingFound: Interpretation = Object.freeze({ pieces: Object.freeze([]), confidence: 0 })

/**
 * Opens a model's interpreter and runs it on as many tokens as a query may have; undefined of a model without one.
 * @throws HypershardError `invalid_model`, naming the file
 */
export async function openInterpreter({
  interpreter: files,
  settings,
  path,
}: ModelDirectory): Promise<Interpreter | undefined> {
  if (files === undefined) return undefined
  const { hiddenWidth } = settings.encoder
  try {
    // One thread: the steps of a recurrent layer wait for each other.
    const session = await createOnnxSession(files.graph, { threads: 1 })
    const interpreter = createInterpreter(session, hiddenWidth, files.settings.threshold)
    await interpreter.tag(new Float32Array(settings.tokenizer.maxQueryTokens * hiddenWidth))
    return interpreter
  } catch (error) {
    const problem = `is no interpreter for this model: ${messageOf(error)}; train one for it, or remove interpreter.json`
    throw invalidModel(path, files.settings.file.name, problem, error)
  }
}

function createInterpreter(session: InferenceSession, width: number, threshold: number): Interpreter {
  const tag = async (states: Float32Array): Promise<TaggedTokens> => {
    const tokens = states.length / width
    const inputs = { token_states: new Tensor('float32', states, [1, tokens, width]) }
    const outputs = await session.run(inputs, ['log_tags', 'odds'])
    const [logTags, odds] = [floatOutput(outputs, 'log_tags'), floatOutput(outputs, 'odds')]
    if (logTags.length !== tokens * tags.length || odds.length !== 1) {
      const sizes = `${logTags.length} and ${odds.length} values`
      throw new HypershardError('invalid_model', `the interpreter gave ${sizes} for one text of ${tokens} tokens`)
    }
    if (!allFinite(logTags) || !allFinite(odds)) {
      throw new HypershardError('invalid_model', 'the interpreter gave a NaN or an infinity')
    }
    return { logTags, odds: odds[0]! }
  }
  return {
    tag,
    interpret: async (text, words, states) => {
      const { logTags, odds } = await tag(states)
      const best = words.map(({ token }) => bestTag(logTags, token))
      const pieces = piecesOf(words.map((word, at) => ({ ...word, tag: best[at]!.tag })))
      if (pieces.length === 0) return nothingFound
      const least = Math.min(...best.map(({ log }) => log))
      const confidence = Math.exp(least) / (1 + Math.exp(-odds))
      return { pieces: confidence >= threshold ? pieces.map(piece => inCodePoints(text, piece)) : [], confidence }
    },
  }
}

function bestTag(logTags: Float32Array, token: number): { readonly tag: (typeof tags)[number]; readonly log: number } {
  const own = logTags.subarray(token * tags.length, (token + 1) * tags.length)
  const log = Math.max(...own)
  return { tag: tags[own.indexOf(log)]!, log }
}

function inCodePoints(text: string, piece: Piece): Piece {
  const ends = toCodePoints(
    text,
    piece.flatMap(({ begin, end }) => [begin, end]),
  )
  return piece.map((_, at) => ({ begin: ends[2 * at]!, end: ends[2 * at + 1]! }))
}
