import { Tokenizer } from '@huggingface/tokenizers'
import { messageOf } from '@hypershard/common'
import { type CrossEncoderDirectory, invalidModel, type ModelDirectory } from '@hypershard/qnet'
import { prepareBertText, readBertNormalizer } from './bert-text.ts'
import { type PlacedWord, placeWords } from './place-words.ts'

/** A text as the encoder reads it: special tokens and the model's prefix included, never longer than asked for. */
export interface TokenizedText {
  readonly ids: Int32Array
  /** Whether the text went on after the last token kept. */
  readonly truncated: boolean
  /** How many of the ids are of the text itself, and not put around it. */
  readonly textTokens: number
  /** Of the text's own, those that stand for what the vocabulary does not have. */
  readonly unknownTokens: number
}

/** Turns text into token ids. Pure: the same text gives the same ids, whatever was tokenised before. */
export interface TextTokenizer {
  /** @param tokensMax of the result, special tokens and the prefix included */
  tokenize(text: string, tokensMax: number): TokenizedText
  /**
   * The words of a text and where the tokens of each begin in what `tokenize` gives; undefined of a text that is cut, or
   * whose tokens do not tell its words.
   */
  placeWords(text: string, tokensMax: number): PlacedWord[] | undefined
  /** The highest id it can give: the encoder's embedding table must reach it. */
  readonly idMax: number
}

/**
 * A first look at a long text reads this many characters for each token there is room for; English has about five
 * characters a token, so one look is nearly always enough.
 */
const charactersPerTokenFirst = 12

/**
 * Opens a `tokenizer.json` of the Hugging Face tokenizers library. Its own `truncation` and `padding` sections are
 * ignored: `model.json` says how long a text may be, and what is put before queries and before documents.
 * @throws HypershardError `invalid_model`, also for a prefix that leaves a text no room
 */
export function openTokenizer(directory: ModelDirectory, side: 'query' | 'document'): TextTokenizer {
  const { file, queryPrefix, documentPrefix, maxQueryTokens, maxDocumentTokens } = directory.settings.tokenizer
  const isQuery = side === 'query'
  const [prefix = '', tokensMax] = isQuery ? [queryPrefix, maxQueryTokens] : [documentPrefix, maxDocumentTokens]
  const tokenizer = openWithPrefix(directory, file, prefix)
  const taken = tokenizer.tokenize('', tokensMax).ids.length
  if (taken < tokensMax) return tokenizer
  const problem = `leaves a text none of the ${tokensMax} tokens that are read; shorten it or raise the limit`
  throw invalidModel(directory.path, 'model.json', `says a tokenizer.${side}Prefix that ${problem}`)
}

function openWithPrefix(directory: ModelDirectory, file: string, prefix: string): TextTokenizer {
  try {
    return createTokenizer(readTokenizerJson(directory), prefix)
  } catch (error) {
    const problem = `is no tokenizer this service can run: ${messageOf(error)}; export the tokenizer again`
    throw invalidModel(directory.path, file, problem, error)
  }
}

/** @throws SyntaxError when it is not JSON */
export function readTokenizerJson({ files, settings }: ModelDirectory | CrossEncoderDirectory): object {
  return JSON.parse(new TextDecoder().decode(files.get(settings.tokenizer.file)))
}

/** The tokens of a text alone, with nothing around it. */
export interface TextReader {
  readonly tokenizer: Tokenizer
  readonly idMax: number
  /** All ids of the text, or at least the first `room + 1`. */
  idsOf(text: string, room: number): number[]
}

export function openTextReader(json: object): TextReader {
  const tokenizer = new Tokenizer(json, {})
  const bert = readBertNormalizer(json)
  const plainIds = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids
  return {
    tokenizer,
    idMax: Math.max(...tokenizer.get_vocab().values()),
    idsOf: (text, room) => {
      const prepared = bert === undefined ? text : prepareBertText(text, bert)
      // Only where words are split at white space does the beginning of a text have the tokens the text begins with.
      return bert?.splitsAtWhiteSpace ? idsOfBeginning(plainIds, prepared, room) : plainIds(prepared)
    },
  }
}

function createTokenizer(json: object, prefix: string): TextTokenizer {
  const { tokenizer, idMax, idsOf } = openTextReader(json)
  const { before, after } = specialTokens(tokenizer)
  const unknownId = unknownIdOf(json, tokenizer)
  // Without the white space at its end, which some tokenizers take to the word that follows.
  const prefixTokens = idsOf(prefix.trimEnd(), prefix.length).length
  const tokenize = (text: string, tokensMax: number) => {
    const room = tokensMax - before.length - after.length
    const ids = idsOf(prefix + text, room)
    const kept = ids.length > room ? ids.slice(0, room) : ids
    const own = kept.slice(prefixTokens)
    return {
      ids: Int32Array.from([...before, ...kept, ...after]),
      truncated: ids.length > room,
      textTokens: own.length,
      unknownTokens: own.filter((id: number) => id === unknownId).length,
    }
  }
  return {
    idMax,
    tokenize,
    placeWords: (text, tokensMax) => {
      const { ids, textTokens } = tokenize(text, tokensMax)
      const end = ids.length - after.length
      const own = { ids, begin: end - textTokens, end }
      return placeWords(text, own, word => idsOf(word, tokensMax))
    },
  }
}

/**
 * The id that a tokenizer gives for what its vocabulary does not have: WordPiece and BPE name the token, Unigram its
 * place. Undefined for one that can spell everything, as a byte-level BPE does.
 */
function unknownIdOf(json: object, tokenizer: Tokenizer): number | undefined {
  const model = 'model' in json && typeof json.model === 'object' ? json.model : null
  if (model === null) return undefined
  if ('unk_id' in model && typeof model.unk_id === 'number') return model.unk_id
  return 'unk_token' in model && typeof model.unk_token === 'string'
    ? tokenizer.get_vocab().get(model.unk_token)
    : undefined
}

/**
 * At least the first `room + 1` ids of a text, if it has that many, without reading all of a long one: a megabyte
 * takes over half a second to tokenise whole, of which 256 tokens are kept.
 */
function idsOfBeginning(plainIds: (text: string) => number[], text: string, room: number): number[] {
  let characters = charactersPerTokenFirst * (room + 1)
  while (characters < text.length) {
    const end = whiteSpaceFrom(text, characters)
    if (end === -1) break
    const ids = plainIds(text.slice(0, end))
    if (ids.length > room) return ids
    characters = 4 * end
  }
  return plainIds(text)
}

/** Where the next white space stands that BERT's own rules see as such; other kinds of it are removed, not split at. */
function whiteSpaceFrom(text: string, start: number): number {
  for (let index = start; index < text.length; index++) {
    const character = text.charCodeAt(index)
    if (character === 0x20 || character === 0x0a || character === 0x0d || character === 0x09) return index
  }
  return -1
}

/** The ids that the tokenizer puts before and after every text, as [CLS] and [SEP]. */
function specialTokens(tokenizer: Tokenizer): { before: number[]; after: number[] } {
  const plain: number[] = tokenizer.encode('a', { add_special_tokens: false }).ids
  const framed: number[] = tokenizer.encode('a').ids
  const start = framed.findIndex((_, index) => plain.every((id, offset) => framed[index + offset] === id))
  if (plain.length === 0 || start === -1) throw new Error('its post-processor does more than frame a text')
  return { before: framed.slice(0, start), after: framed.slice(start + plain.length) }
}
