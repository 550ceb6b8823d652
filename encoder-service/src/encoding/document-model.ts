import { HypershardError } from '@hypershard/common'
import { allFinite, type ModelDirectory, openVectorHead, type VectorHead } from '@hypershard/qnet'
import { type CutDocument, cutDocument, type DocumentToCut } from '../passages/cut-document.ts'
import { type KernelOptions, openDocumentEncoder } from './choose-kernel.ts'
import type { EncoderSession } from './encoder-session.ts'
import { statesOf } from './text-batch.ts'
import { openTokenizer, type TextTokenizer, type TokenizedText } from './tokenizer.ts'
import { type LoadedModel, loadedModel } from './worker-protocol.ts'

interface Parts {
  readonly tokenizer: TextTokenizer
  readonly encoder: EncoderSession
  readonly head: VectorHead
}

export type DocumentModelSettings = Pick<KernelOptions, 'threads' | 'kernel' | 'device'>

/** A model's half that makes vectors of documents. Its calls block their thread while onnxruntime runs. */
export class DocumentModel {
  readonly loaded: LoadedModel
  readonly #parts: Parts

  private constructor(loaded: LoadedModel, parts: Parts) {
    this.loaded = loaded
    this.#parts = parts
  }

  /**
   * @param directory its files are not held on to
   * @throws HypershardError `invalid_model`, `invalid_config` when the kernel asked for cannot be had
   */
  static async open(directory: ModelDirectory, settings: DocumentModelSettings): Promise<DocumentModel> {
    const { tokenizer: lengths, encoder: files, documentHead } = directory.settings
    const tokenizer = openTokenizer(directory, 'document')
    const reach = { tokensMax: lengths.maxDocumentTokens, idMax: tokenizer.idMax }
    const head = await openVectorHead(documentHead, files.hiddenWidth)
    const { encoder, ...chosen } = await openDocumentEncoder(directory, { ...reach, ...settings }, head)
    return new DocumentModel(loadedModel(directory, chosen), { tokenizer, encoder, head })
  }

  tokenizeDocuments(texts: readonly string[]): TokenizedText[] {
    const tokensMax = this.loaded.settings.tokenizer.maxDocumentTokens
    return texts.map(text => this.#parts.tokenizer.tokenize(text, tokensMax))
  }

  cutDocuments(documents: readonly DocumentToCut[], overlap: number): CutDocument[] {
    const { maxDocumentTokens: tokensMax } = this.loaded.settings.tokenizer
    const { tokenizer } = this.#parts
    return documents.map(document => cutDocument(document, { tokenizer, tokensMax, overlap }))
  }

  /**
   * @returns row-major [ids.length, hiddenWidth]
   * @throws HypershardError `invalid_model` when the encoder gives a NaN or an infinity
   */
  async encodeDocuments(ids: readonly Int32Array[]): Promise<Float32Array<ArrayBuffer>> {
    const batch = await this.#parts.encoder.run(ids)
    const vectors = new Float32Array(ids.length * batch.width)
    for (const row of ids.keys()) {
      vectors.set(await this.#parts.head(statesOf(batch, row)), row * batch.width)
    }
    if (!allFinite(vectors)) {
      throw new HypershardError('invalid_model', `model ${this.loaded.settings.name}: a document vector is not finite`)
    }
    return vectors
  }
}
