import { type CrossEncoderDirectory, countTokenParameters } from '@hypershard/qnet'
import type { KernelOptions } from '../encoding/choose-kernel.ts'
import type { LoadedCrossEncoder } from '../encoding/worker-protocol.ts'
import { openPairSession, type PairIds, type PairSession } from './pair-session.ts'
import { openPairTokenizer, type PairTokenizer, type TokenizedPairs } from './pair-tokenizer.ts'

/** A cross-encoder at work. Its calls block their thread while onnxruntime runs. */
export class PairModel {
  readonly loaded: LoadedCrossEncoder
  readonly #tokenizer: PairTokenizer
  readonly #session: PairSession

  private constructor(loaded: LoadedCrossEncoder, tokenizer: PairTokenizer, session: PairSession) {
    this.loaded = loaded
    this.#tokenizer = tokenizer
    this.#session = session
  }

  /**
   * @param directory its files are not held on to
   * @throws HypershardError `invalid_model`
   */
  static async open(directory: CrossEncoderDirectory, { threads, device }: Pick<KernelOptions, 'threads' | 'device'>) {
    const { path, digest, settings, languages, bytes } = directory
    const tokenizer = openPairTokenizer(directory)
    const reach = { tokensMax: settings.tokenizer.maxTokens, idMax: tokenizer.idMax }
    const session = await openPairSession(directory, { ...reach, threads, device })
    const tokenParameters = countTokenParameters(directory.files.get(settings.scorer.file)!)
    const kernel = device?.kernel ?? 'fp32'
    const loaded: LoadedCrossEncoder = { path, digest, settings, languages, bytes, tokenParameters, kernel }
    return new PairModel(loaded, tokenizer, session)
  }

  tokenizePairs(query: string, texts: readonly string[]): TokenizedPairs {
    return this.#tokenizer.tokenize(query, texts)
  }

  /** @throws HypershardError `invalid_model` */
  scorePairs(pairs: readonly PairIds[]): Promise<Float32Array<ArrayBuffer>> {
    return this.#session.run(pairs)
  }
}
